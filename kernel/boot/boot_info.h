/*
 * What the boot path found out before the kernel proper starts: the one structure between boot/ and
 * everything else. Filled once from Multiboot2, ACPI and tboot's hand-off (all hostile until
 * checked), then read-only.
 */
#ifndef BOOT_BOOT_INFO_H
#define BOOT_BOOT_INFO_H

#include "lib/types.h"

#define BOOT_CMDLINE_MAX 1024
#define BOOT_MEMORY_MAX  128
#define BOOT_MODULES_MAX 64
#define BOOT_CPUS_MAX    1024
#define BOOT_DMAR_MAX    16384 /* bytes */

enum boot_memory_type {
	BOOT_MEMORY_USABLE,
	BOOT_MEMORY_RESERVED,
	BOOT_MEMORY_ACPI_RECLAIM,
	BOOT_MEMORY_ACPI_NVS,
	BOOT_MEMORY_BAD,
	BOOT_MEMORY_TBOOT,  /* tboot itself: kept, mapped only for the shutdown */
	BOOT_MEMORY_MODULE, /* a boot module's bytes */
	BOOT_MEMORY_KERNEL, /* our own image at its final place */
};
/* Sorted by start, page-aligned inwards for usable memory, never overlapping. */
struct boot_memory {
	struct hpa start;
	uint64_t bytes;
	enum boot_memory_type type;
};

struct boot_module {
	struct hpa start;
	uint64_t bytes;
	char cmdline[256]; /* truncated with "..." if longer */
};

struct boot_cpu {
	uint32_t apic_id;
	bool bootstrap;
};
struct boot_ioapic {
	struct hpa base;
	uint8_t id;
	uint32_t gsi_base;
};
struct boot_irq_override { /* ISA interrupt `irq` arrives as `gsi` */
	uint8_t irq;
	uint32_t gsi;
	uint16_t flags; /* MPS INTI flags, ACPI 6.5 table 5.26 */
};

/* tboot's hand-off, as found: facts, no verdict (trust/verdict.h draws that). */
struct boot_tboot {
	bool cmdline_address; /* "tboot=0x..." was the last word of the command line */
	bool uuid_matches;
	bool present; /* both, and the page lies where it may */
	uint32_t version, flags;
	struct hpa shared, base, log;
	uint32_t bytes, shutdown_entry, num_in_wfs;
	uint64_t ap_wake_addr; /* 0: none */
	uint32_t ap_wake_trigger_offset;
};

/* Where a CPU is, as the SRAT says: ACPI 6.5, 5.2.16. */
struct boot_cpu_node {
	uint32_t apic_id, domain;
};

/* The ACPI table TPM2, as found: TCG ACPI Specification 1.3, section 8. */
struct boot_tpm2 {
	uint32_t start_method; /* 0: no such table */
	struct hpa log;        /* the firmware's event log area; 0: the table names none */
	uint64_t log_bytes;
};

/* The linear framebuffer that the boot loader set up, as it says: Multiboot2 2.0, 3.6.12. */
struct boot_screen {
	uint8_t pixel_bytes; /* 3 or 4; 0: there is none */
	struct hpa address;
	uint32_t pitch;         /* bytes from one line to the next */
	uint32_t width, height; /* in pixels */
	uint32_t white;         /* a pixel with all colours */
};

/* The console port that ACPI names; port 0: none. */
struct boot_serial {
	uint16_t port, divisor; /* of 115200 baud */
};

struct boot_info {
	char cmdline[BOOT_CMDLINE_MAX]; /* without tboot's word */
	char loader[64];                /* boot loader name */
	bool uefi;                      /* the firmware is UEFI */
	unsigned memory_count, module_count, cpu_count, ioapic_count, override_count;
	struct boot_memory memory[BOOT_MEMORY_MAX];
	struct boot_module modules[BOOT_MODULES_MAX];
	struct boot_cpu cpus[BOOT_CPUS_MAX];
	unsigned cpu_node_count;                       /* 0: no SRAT, all memory is equally near */
	struct boot_cpu_node cpu_nodes[BOOT_CPUS_MAX]; /* in any order, not all of `cpus` */
	struct boot_ioapic ioapics[16];
	struct boot_irq_override overrides[24];
	struct hpa rsdp, dmar, hpet, mcfg, lapic; /* 0: none */
	struct hpa ecam; /* extended configuration space of segment 0, at bus 0; 0: none */
	uint8_t ecam_first_bus, ecam_last_bus;
	uint8_t dmar_copy[BOOT_DMAR_MAX];    /* the DMAR as firmware shows it */
	uint32_t dmar_bytes;                 /* 0: none, or it is too large */
	uint16_t pm1a_control, pm1b_control; /* ACPI S5, ports; 0: none */
	uint8_t s5_type_a, s5_type_b;
	uint16_t smi_command; /* port that switches ACPI on with acpi_enable; 0: it is on */
	uint8_t acpi_enable;
	struct hpa reset_register; /* FADT RESET_REG as an I/O port; 0: none */
	uint8_t reset_value;
	struct boot_tboot tboot;
	struct boot_screen screen;
	struct boot_serial serial;
	struct boot_tpm2 tpm2;
	struct hpa low_page; /* below 1 MiB, for starting and leaving CPUs; 0: none */
	struct hpa image;    /* the kernel's final physical place */
	uint64_t image_bytes;
	uint64_t entropy[8];      /* left over from KASLR, for the DRBG; zeroed after use */
	unsigned entropy_sources; /* BOOT_ENTROPY_*, before the move */
	bool drtm_requested;      /* the command line says so (informational) */
};
enum {
	BOOT_ENTROPY_RDSEED = 1,
	BOOT_ENTROPY_RDRAND = 2,
	BOOT_ENTROPY_CPU = BOOT_ENTROPY_RDSEED | BOOT_ENTROPY_RDRAND,
	BOOT_ENTROPY_TSC = 4,
	BOOT_ENTROPY_TPM = 8
};

/* Valid once kmain() runs. */
extern const struct boot_info *boot_info;

/* The proximity domain of a CPU; 0 if nothing is known of it. */
uint32_t boot_node_of(const struct boot_info *info, uint32_t apic_id);

#endif
