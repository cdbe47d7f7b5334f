/*
 * tboot's hand-off: the shared page (tboot 1.10.5, include/tboot.h, version 6) and what is done
 * through it. Reading is pure and trusts nothing; that a page is there proves no measured launch
 * (trust/verdict.h decides that).
 */
#ifndef BOOT_TBOOT_H
#define BOOT_TBOOT_H

#include "lib/types.h"
#include <vmkapi/status.h>

struct boot_info;

/* ACPI generic address structure, ACPI 6.5, 5.2.3.2. */
struct tboot_gas {
	uint8_t space, bit_width, bit_offset, access;
	uint64_t address;
} __attribute__((packed));

struct tboot_sleep_info {
	struct tboot_gas pm1a_control, pm1b_control, pm1a_event, pm1b_event;
	uint16_t pm1a_value, pm1b_value;
	uint64_t wakeup_vector;
	uint32_t vector_width;
	uint64_t kernel_resume_vector;
} __attribute__((packed));

#define TBOOT_MAC_REGIONS 32
struct tboot_shared {
	uint8_t uuid[16];
	uint32_t version, log_address, shutdown_entry, shutdown_type;
	struct tboot_sleep_info sleep;
	uint32_t base, bytes;
	uint8_t mac_region_count;
	struct {
		uint64_t start;
		uint32_t bytes;
	} __attribute__((packed)) mac_regions[TBOOT_MAC_REGIONS];
	uint8_t s3_key[64];
	uint8_t mac_region_padding[3];
	uint32_t waiting_cpus, flags;
	uint64_t ap_wake_address;
	uint32_t ap_wake_trigger;
} __attribute__((packed));
STATIC_ASSERT_OFFSET(struct tboot_shared, shutdown_entry, 0x18);
STATIC_ASSERT_OFFSET(struct tboot_shared, sleep, 0x20);
STATIC_ASSERT_OFFSET(struct tboot_shared, base, 0x68);
STATIC_ASSERT_OFFSET(struct tboot_shared, mac_regions, 0x71);
STATIC_ASSERT_OFFSET(struct tboot_shared, s3_key, 0x1f1);
STATIC_ASSERT_OFFSET(struct tboot_shared, waiting_cpus, 0x234);
STATIC_ASSERT_OFFSET(struct tboot_shared, ap_wake_address, 0x23c);
STATIC_ASSERT_OFFSET(struct tboot_shared, ap_wake_trigger, 0x244);

#define TBOOT_VERSION_MIN 6u
/* Its text log: tboot 1.10.5, include/tboot.h (TBOOT_LOG_SIZE). It lies in conventional memory. */
#define TBOOT_LOG_BYTES  0x8000u
#define TBOOT_FLAG_MWAIT 1u /* CPUs sleep in MWAIT on the mailbox, not waiting for SIPI */

enum tboot_shutdown {
	TBOOT_SHUTDOWN_REBOOT,
	TBOOT_SHUTDOWN_S5,
	TBOOT_SHUTDOWN_S4,
	TBOOT_SHUTDOWN_S3,
	TBOOT_SHUTDOWN_HALT,
	TBOOT_SHUTDOWN_WAIT_FOR_SIPI,
};

/*
 * If the last word of info->cmdline is tboot=0x..., take it off and return the physical address
 * that it names in *address. A word that is no such number stays and is no hand-off.
 */
bool tboot_take_word(struct boot_info *info, uint64_t *address);
/*
 * Read the page that lies at `address`: fills info->tboot and claims tboot's memory in the map.
 * `page` are its `bytes` bytes. On refusal *why says what was wrong (a literal).
 */
enum vmk_status tboot_parse(
	const void *page, size_t bytes, uint64_t address, struct boot_info *info, const char **why);

/* The edge: nothing below works (or is true) before tboot_map(), or without a hand-off. */
enum vmk_status tboot_map(void);
bool tboot_ready(void);
/* Wake the CPU with that APIC id to run at physical page `page`; false if tboot has no mailbox. */
bool tboot_wake_by_mailbox(uint32_t apic_id, uint64_t page);
uint32_t tboot_shutdown_entry(void);
void tboot_set_shutdown(enum tboot_shutdown type);
/* CPUs that wait in tboot. */
uint32_t tboot_waiting_cpus(void);

#endif
