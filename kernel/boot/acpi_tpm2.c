/* The ACPI table TPM2: TCG ACPI Specification 1.3, section 8. */
#include "boot/acpi_tables.h"
#include "boot/boot_info.h"
#include "boot/memory_map.h"

/* After the ACPI header: platform class, reserved, control area, start method, its parameters. */
#define PARAMETER_BYTES 12
#define LOG_BYTES_MAX   (16u << 20)

void acpi_parse_tpm2(struct reader *r, struct boot_info *info, const struct acpi_ops *ops)
{
	struct boot_tpm2 *tpm2 = &info->tpm2;

	reader_skip(r, 2 + 2 + 8);
	tpm2->start_method = reader_le32(r);
	if (r->failed) {
		acpi_warn(ops, "the TPM2 table is cut short");
		*tpm2 = (struct boot_tpm2){0};
		return;
	}
	/* The log area stands there from revision 4 on, and optionally before. */
	reader_skip(r, PARAMETER_BYTES);
	tpm2->log_bytes = reader_le32(r);
	tpm2->log = hpa(reader_le64(r));
	if (!r->failed && tpm2->log.v && tpm2->log_bytes && tpm2->log_bytes <= LOG_BYTES_MAX &&
		memory_map_is_firmware(info, tpm2->log.v, tpm2->log_bytes))
		return;
	if (!r->failed && tpm2->log.v)
		acpi_warn(ops, "the TPM2 table's log area is not in the firmware's memory");
	tpm2->log = hpa(0);
	tpm2->log_bytes = 0;
}
