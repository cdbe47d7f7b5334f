/* The board's BIOS writes ACPI tables without DMAR and MCFG: this adds them behind its back. */
#include <string.h>

#include "tboot-integration/txtsim/bochs/bochs_abi.h"
#include "tboot-integration/txtsim/bochs/plugin.h"
#include "tboot-integration/txtsim/model/acpi.h"
#include "tboot-integration/txtsim/model/bytes.h"

#define BIOS_BEGIN 0xe0000u
#define BIOS_END   0x100000u

/* Root system description pointer, revision 0 (ACPI 6.4, 5.2.5.3). */
enum { RSDP_CHECKSUM = 8, RSDP_RSDT = 16, RSDP_SIZE = 20, RSDT_LENGTH = 4, RSDT_HEADER = 36 };

#define POLL_USEC 1000u

static int timer = -1;

static bool sums_to_zero(const uint8_t *p, uint32_t size)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < size; i++)
		sum += p[i];
	return sum == 0;
}

static uint8_t *find_rsdp(void)
{
	for (uint32_t pa = BIOS_BEGIN; pa < BIOS_END; pa += 16) {
		uint8_t *p = bx_host_address(bx_cpu_array[0], pa, BX_READ);

		if (p && !memcmp(p, "RSD PTR ", 8) && sums_to_zero(p, RSDP_SIZE))
			return p;
	}
	return NULL;
}

/* Polls until the BIOS has finished its tables, then points its RSDP to ours. */
static void poll(void *param)
{
	uint8_t rsdt[ACPI_RSDT_MAX];
	uint8_t *rsdp = find_rsdp();
	uint32_t at, size, extended;

	if (!rsdp)
		return;
	at = le32(rsdp + RSDP_RSDT);
	if (!at || at >= TXT_MEM_BASE || !memory_read(NULL, at, rsdt, RSDT_HEADER))
		return;
	size = le32(rsdt + RSDT_LENGTH);
	if (size < RSDT_HEADER || size > sizeof(rsdt) || !memory_read(NULL, at, rsdt, size) ||
		!sums_to_zero(rsdt, size))
		return;
	extended = acpi_extend(&edge.txt, rsdt, size);
	if (!extended)
		return;
	put_le32(rsdp + RSDP_RSDT, extended);
	acpi_checksum(rsdp, RSDP_SIZE, RSDP_CHECKSUM);
	edge_log("ACPI: RSDT %#x -> %#x with DMAR and MCFG", at, extended);
	bx_deactivate_timer(bx_pc_system, (unsigned)timer);
}

void firmware_init(void)
{
	if (edge.txt_enabled)
		timer = bx_register_timer(
			bx_pc_system, NULL, poll, POLL_USEC, true, true, "txtsim.acpi");
}

void firmware_reset(void)
{
	if (timer >= 0)
		bx_activate_timer(bx_pc_system, (unsigned)timer, POLL_USEC, true);
}
