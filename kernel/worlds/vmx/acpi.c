#include "worlds/vmx/acpi.h"
#include "lib/types.h"
#include "worlds/vmx/aml.h"
#include "worlds/vmx/boot.h"
#include "worlds/vmx/pci.h"
#include "worlds/vmx/pit.h"
#include "worlds/vmx/power.h"
#include <string.h>

#define LOCAL_APIC 0xfee00000u
#define IO_APIC    0xfec00000u
#define DSDT_MAX   1024u
#define MADT_MAX   0x18000u
#define XAPIC_LAST 254u
#define ENABLED    1u
#define LEVEL_HIGH 0x0du /* MPS INTI flags: level-triggered, active high (5.2.12.5) */

/* 5.2.6 */
struct __attribute__((packed)) header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision;
	char creator[4];
	uint32_t creator_revision;
};
STATIC_ASSERT_SIZE(struct header, 36);
/* 5.2.5.3 */
struct __attribute__((packed)) rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt, length;
	uint64_t xsdt;
	uint8_t extended_checksum, reserved[3];
};
STATIC_ASSERT_SIZE(struct rsdp, 36);
/* 5.2.3.2, generic address structure */
struct __attribute__((packed)) gas {
	uint8_t space, bits, offset, access;
	uint64_t address;
};
STATIC_ASSERT_SIZE(struct gas, 12);
/* 5.2.9 */
struct __attribute__((packed)) fadt {
	struct header header;
	uint32_t facs, dsdt;
	uint8_t reserved1, profile;
	uint16_t sci;
	uint32_t smi_command;
	uint8_t acpi_enable, acpi_disable, s4bios, pstate;
	uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer;
	uint32_t gpe0, gpe1;
	uint8_t pm1_event_bytes, pm1_control_bytes, pm2_control_bytes, pm_timer_bytes;
	uint8_t gpe0_bytes, gpe1_bytes, gpe1_base, cst;
	uint16_t c2_latency, c3_latency, flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
	uint16_t boot_architecture;
	uint8_t reserved2;
	uint32_t flags;
	struct gas reset;
	uint8_t reset_value;
	uint16_t arm_boot;
	uint8_t minor;
	uint64_t x_facs, x_dsdt;
	struct gas x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control, x_pm2_control;
	struct gas x_pm_timer, x_gpe0, x_gpe1, sleep_control, sleep_status;
	uint64_t hypervisor;
};
STATIC_ASSERT_SIZE(struct fadt, 276);
STATIC_ASSERT_OFFSET(struct fadt, flags, 112);
/* 5.2.10 */
struct __attribute__((packed)) facs {
	char signature[4];
	uint32_t length;
	uint8_t zeroes[24], version, rest[31];
};
STATIC_ASSERT_SIZE(struct facs, 64);

#define PROFILE_SERVER    4u
#define BOOT_LEGACY       0x1u /* there are ISA devices */
#define BOOT_NO_VGA       0x4u
#define FLAG_WBINVD       (1u << 0)
#define FLAG_C1           (1u << 2)
#define FLAG_SLEEP_BUTTON (1u << 5) /* no fixed one */
#define FLAG_NO_FIXED_RTC (1u << 6)
#define FLAG_TIMER_32     (1u << 8)
#define FLAG_RESET        (1u << 10)
#define NO_C2             101u
#define NO_C3             1001u
#define RTC_CENTURY       0x32u

/* Where the tables are, one behind another, each on its own boundary. */
struct layout {
	uint64_t rsdp, xsdt, fadt, facs, dsdt, madt;
};
static const struct layout at = {
	.rsdp = BOOT_ACPI,
	.xsdt = BOOT_ACPI + 0x40,
	.facs = BOOT_ACPI + 0x100,
	.fadt = BOOT_ACPI + 0x200,
	.dsdt = BOOT_ACPI + 0x400,
	.madt = BOOT_ACPI + 0x1000,
};
_Static_assert(0x400 + DSDT_MAX <= 0x1000 && 0x1000 + MADT_MAX <= BOOT_ACPI_BYTES, "they fit");

static uint8_t sum(const void *from, size_t bytes)
{
	const uint8_t *p = from;
	uint8_t total = 0;

	for (size_t i = 0; i < bytes; i++)
		total += p[i];
	return total;
}

static struct header header_of(const char signature[5], uint8_t revision, size_t length)
{
	struct header h = {.length = (uint32_t)length, .revision = revision, .oem_revision = 1};

	memcpy(h.signature, signature, 4);
	memcpy(h.oem, "MERLON", 6);
	memcpy(h.oem_table, "MERLONVM", 8);
	memcpy(h.creator, "MRLN", 4);
	h.creator_revision = 1;
	return h;
}

static void seal(void *table)
{
	struct header *h = table;

	h->checksum = 0;
	h->checksum = (uint8_t)-sum(table, h->length);
}

static struct gas port(uint64_t address, uint8_t bits, uint8_t access)
{
	return (struct gas){.space = 1, .bits = bits, .access = access, .address = address};
}

static void write_fadt(void *to)
{
	struct fadt f = {
		.header = header_of("FACP", 6, sizeof(f)),
		.facs = (uint32_t)at.facs,
		.dsdt = (uint32_t)at.dsdt,
		.profile = PROFILE_SERVER,
		.sci = POWER_SCI_GSI,
		.pm1a_event = POWER_PM1_EVENT,
		.pm1a_control = POWER_PM1_CONTROL,
		.pm_timer = POWER_PM_TIMER,
		.pm1_event_bytes = 4,
		.pm1_control_bytes = 2,
		.pm_timer_bytes = 4,
		.c2_latency = NO_C2,
		.c3_latency = NO_C3,
		.century = RTC_CENTURY,
		.boot_architecture = BOOT_LEGACY | BOOT_NO_VGA,
		.flags = FLAG_WBINVD | FLAG_C1 | FLAG_SLEEP_BUTTON | FLAG_NO_FIXED_RTC |
			 FLAG_TIMER_32 | FLAG_RESET,
		.reset = port(POWER_RESET, 8, 1),
		.reset_value = POWER_RESET_VALUE,
		.minor = 5,
		.x_dsdt = at.dsdt,
		.x_pm1a_event = port(POWER_PM1_EVENT, 32, 2),
		.x_pm1a_control = port(POWER_PM1_CONTROL, 16, 2),
		.x_pm_timer = port(POWER_PM_TIMER, 32, 3),
	};

	seal(&f);
	memcpy(to, &f, sizeof(f));
}

static void write_facs(void *to)
{
	struct facs f = {.length = sizeof(f), .version = 2};

	memcpy(f.signature, "FACS", 4);
	memcpy(to, &f, sizeof(f));
}

/* Resource descriptors of the root bridge (6.4): bus 0, its configuration ports, its window. */
static void write_resources(struct aml *aml)
{
	const struct __attribute__((packed)) {
		uint8_t bus_tag;
		uint16_t bus_length;
		uint8_t bus_type, bus_flags, bus_specific;
		uint16_t bus_granularity, bus_first, bus_last, bus_offset, bus_count;
		uint8_t port_tag, port_decode;
		uint16_t port_first, port_last;
		uint8_t port_align, port_count;
		uint8_t memory_tag;
		uint16_t memory_length;
		uint8_t memory_type, memory_flags, memory_specific;
		uint32_t granularity, first, last, offset, count;
		uint8_t end_tag, end_sum;
	} r = {
		.bus_tag = 0x88, /* word address space, 6.4.3.5.3 */
		.bus_length = 13,
		.bus_type = 2,
		.bus_flags = 0x0c, /* fixed at both ends */
		.bus_count = 1,
		.port_tag = 0x47, /* I/O port, 6.4.2.5 */
		.port_decode = 1,
		.port_first = PCI_CONFIG_PORTS,
		.port_last = PCI_CONFIG_PORTS,
		.port_align = 1,
		.port_count = 8,
		.memory_tag = 0x87, /* double-word address space, 6.4.3.5.2 */
		.memory_length = 23,
		.memory_flags = 0x0c,
		.memory_specific = 1, /* read and write */
		.first = (uint32_t)PCI_WINDOW,
		.last = (uint32_t)(PCI_WINDOW + PCI_WINDOW_BYTES - 1),
		.count = (uint32_t)PCI_WINDOW_BYTES,
		.end_tag = 0x79,
	};

	aml_name(aml, "_CRS");
	aml_open_buffer(aml);
	aml_bytes(aml, &r, sizeof(r));
	aml_close_buffer(aml);
}

/* 6.2.13: each slot's INTA# is an input of the I/O APIC. */
static void write_routes(struct aml *aml)
{
	aml_name(aml, "_PRT");
	aml_open_package(aml, PCI_SLOTS - 1);
	for (unsigned slot = 1; slot < PCI_SLOTS; slot++) {
		aml_open_package(aml, 4);
		aml_integer(aml, (uint64_t)slot << 16 | 0xffff);
		aml_integer(aml, 0);
		aml_integer(aml, 0);
		aml_integer(aml, PCI_FIRST_GSI + slot);
		aml_close(aml);
	}
	aml_close(aml);
}

static void write_off(struct aml *aml)
{
	aml_name(aml, "\\_S5_");
	aml_open_package(aml, 4);
	aml_integer(aml, POWER_S5);
	aml_integer(aml, POWER_S5);
	aml_integer(aml, 0);
	aml_integer(aml, 0);
	aml_close(aml);
}

static bool write_dsdt(uint8_t *to)
{
	struct aml aml = {.bytes = to, .size = DSDT_MAX, .at = sizeof(struct header)};
	struct header h;

	write_off(&aml);
	aml_open_scope(&aml, "\\_SB_");
	aml_open_device(&aml, "PCI0");
	aml_name(&aml, "_HID");
	aml_integer(&aml, aml_eisa_id("PNP0A03"));
	aml_name(&aml, "_UID");
	aml_integer(&aml, 0);
	write_resources(&aml);
	write_routes(&aml);
	aml_close(&aml);
	aml_close(&aml);
	h = header_of("DSDT", 2, aml.at);
	memcpy(to, &h, sizeof(h));
	seal(to);
	return !aml.full;
}

/* 5.2.12.2 and 5.2.12.12 */
static size_t put_processor(uint8_t *to, uint32_t id)
{
	const struct __attribute__((packed)) {
		uint8_t type, length, uid, id;
		uint32_t flags;
	} local = {0, 8, (uint8_t)id, (uint8_t)id, ENABLED};
	const struct __attribute__((packed)) {
		uint8_t type, length;
		uint16_t reserved;
		uint32_t id, flags, uid;
	} x2 = {9, 16, 0, id, ENABLED, id};

	if (id <= XAPIC_LAST) {
		memcpy(to, &local, sizeof(local));
		return sizeof(local);
	}
	memcpy(to, &x2, sizeof(x2));
	return sizeof(x2);
}

/* 5.2.12.3, .5 and .7: the I/O APIC, the timer at input 2, the SCI's trigger, NMI at LINT1. */
static size_t put_interrupts(uint8_t *to)
{
	const struct __attribute__((packed)) {
		uint8_t io[4];
		uint32_t io_address, io_base;
		uint8_t timer[4];
		uint32_t timer_gsi;
		uint16_t timer_flags;
		uint8_t sci[4];
		uint32_t sci_gsi;
		uint16_t sci_flags;
		uint8_t nmi[6];
	} entries = {
		.io = {1, 12, 0, 0},
		.io_address = IO_APIC,
		.timer = {2, 10, 0, 0},
		.timer_gsi = PIT_GSI,
		.sci = {2, 10, 0, POWER_SCI_GSI},
		.sci_gsi = POWER_SCI_GSI,
		.sci_flags = LEVEL_HIGH,
		.nmi = {4, 6, 0xff, 0, 0, 1},
	};

	memcpy(to, &entries, sizeof(entries));
	return sizeof(entries);
}

static bool write_madt(uint8_t *to, unsigned vcpus)
{
	const uint32_t fixed[2] = {LOCAL_APIC, 1}; /* flag: there are 8259s too */
	size_t length = sizeof(struct header) + sizeof(fixed);
	struct header h;

	memcpy(to + sizeof(h), fixed, sizeof(fixed));
	length += put_interrupts(to + length);
	for (unsigned id = 0; id < vcpus; id++) {
		if (length + 16 > MADT_MAX)
			return false;
		length += put_processor(to + length, id);
	}
	h = header_of("APIC", 5, length);
	memcpy(to, &h, sizeof(h));
	seal(to);
	return true;
}

static void write_roots(uint8_t *base)
{
	struct __attribute__((packed)) {
		struct header header;
		uint64_t table[2];
	} xsdt = {header_of("XSDT", 1, sizeof(xsdt)), {at.fadt, at.madt}};
	struct rsdp r = {.revision = 2, .length = sizeof(r), .xsdt = at.xsdt};

	seal(&xsdt);
	memcpy(base + (at.xsdt - at.rsdp), &xsdt, sizeof(xsdt));
	memcpy(r.signature, "RSD PTR ", 8);
	memcpy(r.oem, "MERLON", 6);
	r.checksum = (uint8_t)-sum(&r, 20);
	r.extended_checksum = (uint8_t)-sum(&r, sizeof(r));
	memcpy(base, &r, sizeof(r));
}

bool acpi_write(const struct gmem *memory, unsigned vcpus)
{
	uint8_t *base = gmem_map(memory, BOOT_ACPI, BOOT_ACPI_BYTES);

	if (!base)
		return false;
	memset(base, 0, BOOT_ACPI_BYTES);
	write_fadt(base + (at.fadt - at.rsdp));
	write_facs(base + (at.facs - at.rsdp));
	write_roots(base);
	return write_dsdt(base + (at.dsdt - at.rsdp)) &&
	       write_madt(base + (at.madt - at.rsdp), vcpus);
}
