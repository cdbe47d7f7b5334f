/* The Serial Port Console Redirection table (Microsoft, revision 4): where the firmware's console
 * is. */
#include "boot/acpi_tables.h"
#include "boot/boot_info.h"

/* Serial Port Subtypes of the Debug Port Table 2. */
#define TYPE_16550 0x00
#define TYPE_16450 0x01
#define SPACE_IO   1
#define PCI_NONE   0xffff

/* Codes of the baud rate; the others are reserved, or "as it is". */
static uint16_t divisor_of(uint8_t code)
{
	switch (code) {
	case 3:
		return 12; /* 9600 */
	case 4:
		return 6; /* 19200 */
	case 6:
		return 2; /* 57600 */
	default:
		return 1; /* 115200 */
	}
}

/* COM1 to COM4. Firmware is not measured by a dynamic launch: what is written to a console must not
 * reach any other port in its name. */
static bool is_serial_port(uint64_t port)
{
	return port == 0x3f8 || port == 0x2f8 || port == 0x3e8 || port == 0x2e8;
}

void acpi_parse_spcr(struct reader *r, struct boot_info *info, const struct acpi_ops *ops)
{
	uint8_t type = reader_u8(r), space, baud;
	uint16_t pci_device;
	uint64_t port;

	reader_skip(r, 3);
	space = reader_u8(r);
	reader_skip(r, 3); /* width, offset, access size */
	port = reader_le64(r);
	reader_skip(r, 1 + 1 + 4); /* interrupt */
	baud = reader_u8(r);
	reader_skip(r, 5); /* parity, stop bits, flow control, terminal, language */
	pci_device = reader_le16(r);
	if (r->failed) {
		acpi_warn(ops, "the SPCR is cut short");
		return;
	}
	if (!port || pci_device != PCI_NONE)
		return; /* none, or one that is found as a PCI function */
	if ((type != TYPE_16550 && type != TYPE_16450) || space != SPACE_IO ||
		!is_serial_port(port)) {
		acpi_warn(ops, "the SPCR's console is none of COM1 to COM4");
		return;
	}
	info->serial.port = (uint16_t)port;
	info->serial.divisor = divisor_of(baud);
}
