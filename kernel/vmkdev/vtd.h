/*
 * One VT-d remapping unit, in legacy mode with queued invalidation. Pure over struct vtd_ops: the
 * unit's registers are hostile as any device's, so whatever is waited for is waited for a bounded
 * time, and a unit that does not obey is `broken` for good: nothing is mapped or freed through it
 * any more, and the caller keeps the memory that a device may still reach.
 * Callers serialize: tables of one domain, and all of a unit's functions. VT-d 4.1.
 */
#ifndef VMKDEV_VTD_H
#define VMKDEV_VTD_H

#include "lib/types.h"
#include "vmkdev/vtd_regs.h"
#include <vmkapi/status.h>

#define VTD_BUSES 256u
/* One page of interrupt remapping entries, and one of invalidation descriptors. */
#define VTD_INTERRUPTS 256u
#define VTD_QUEUE      256u
/* Bytes of one mapping: what firmware reserves for a device is its word, and tables cost memory. */
#define VTD_MAP_MAX (1ull << 30)

struct vtd_ops {
	uint32_t (*read32)(void *context, uint32_t offset);
	void (*write32)(void *context, uint32_t offset, uint32_t value);
	uint64_t (*read64)(void *context, uint32_t offset);
	void (*write64)(void *context, uint32_t offset, uint64_t value);
	/* A zeroed page for tables, or NULL; and its physical address. */
	void *(*page_alloc)(void *context, struct hpa *address);
	void *(*page_at)(void *context, struct hpa address);
	/* Write back CPU caches, for units that do not snoop them. */
	void (*write_back)(void *context, const void *from, size_t bytes);
	/* Milliseconds of a clock that never stops; and a short wait. */
	uint64_t (*now_ms)(void *context);
	void (*pause)(void *context);
};

struct vtd_unit {
	const struct vtd_ops *ops;
	void *context;
	uint64_t cap, ecap;
	unsigned levels; /* of second-level tables */
	unsigned width;  /* bits of the addresses that devices use */
	bool broken;
	const char *why; /* static text: what broke, or why there is no use of the unit */
	struct vtd_entry *root;
	struct hpa root_address;
	struct vtd_entry *contexts[VTD_BUSES]; /* NULL: nothing of the bus may do anything */
	struct vtd_entry *queue;               /* NULL: not enabled yet */
	volatile uint32_t *completed;          /* in a page of its own, as devices write it */
	struct hpa queue_address, completed_address;
	unsigned queue_tail;
	uint32_t sequence; /* of the last invalidation; 0: there was none yet */
	bool had_regions;  /* protected memory regions were on at the beginning */
};

/* What one device, or some that cannot be told apart, may reach. */
struct vtd_domain {
	struct vtd_unit *unit;
	uint16_t id; /* 1 and up: 0 is for what is not there (6.2.2.1, caching mode) */
	unsigned levels;
	struct hpa table;
};

struct vtd_fault {
	uint16_t source; /* requester id: bus 15:8, slot 7:3, function 2:0 */
	uint8_t reason;  /* 7.1.3; 0x20 and up are interrupts */
	bool is_read;
	uint64_t address; /* of the page; for interrupts, the entry's index */
};

/* Reads what the unit can; nothing is written. VMK_UNSUPPORTED or VMK_IO_ERROR with unit->why. */
enum vmk_status vtd_probe(struct vtd_unit *unit, const struct vtd_ops *ops, void *context);
unsigned vtd_domain_count(const struct vtd_unit *unit);
/* With extended interrupt mode, destinations are 32-bit x2APIC ids. */
bool vtd_remaps_interrupts(const struct vtd_unit *unit);
bool vtd_has_extended_ids(const struct vtd_unit *unit);

/*
 * Translation on, with no device allowed anything but what vtd_attach() has given it before.
 * Whatever firmware had enabled is switched off first.
 */
enum vmk_status vtd_prepare(struct vtd_unit *unit); /* tables, queue: nothing is on yet */
enum vmk_status vtd_enable(struct vtd_unit *unit);
/* `table` has VTD_INTERRUPTS entries; x2: the CPUs' APICs have 32-bit ids. After vtd_enable().
 * Interrupts in compatibility format are blocked from here on. */
enum vmk_status vtd_enable_interrupts(struct vtd_unit *unit, struct hpa table, bool x2);
/* Drop the protected memory regions that a measured launch left on (11.4.16), and see them gone. */
enum vmk_status vtd_drop_regions(struct vtd_unit *unit);
/* Everything off, protected regions back on if they were at vtd_prepare(). No device may have bus
 * mastering. Goes on where the unit fails. */
void vtd_hand_back(struct vtd_unit *unit);

/* An empty domain; `id` below vtd_domain_count(), not in use. */
enum vmk_status vtd_domain_create(struct vtd_unit *unit, uint16_t id, struct vtd_domain *domain);
/* The requester `source` reaches what `domain` maps, and nothing else. */
enum vmk_status vtd_attach(struct vtd_domain *domain, uint16_t source);
enum vmk_status vtd_detach(struct vtd_domain *domain, uint16_t source);
/* Pages of [memory, memory + bytes) at bus address `bus`, readable and writable. VMK_EXISTS if
 * something is there, VMK_TOO_LARGE beyond VTD_MAP_MAX. On failure nothing of it stays, unless the
 * unit broke. */
enum vmk_status vtd_map(struct vtd_domain *domain, uint64_t bus, struct hpa memory, uint64_t bytes);
/* Only after VMK_OK may the memory be used for something else: no transfer is under way to it. */
enum vmk_status vtd_unmap(struct vtd_domain *domain, uint64_t bus, uint64_t bytes);
/* After a change of the interrupt remapping table. */
enum vmk_status vtd_forget_interrupts(struct vtd_unit *unit);

/* The next fault that was recorded, which is cleared with that; false: there is none (or only that
 * some were lost). */
bool vtd_next_fault(struct vtd_unit *unit, struct vtd_fault *fault);
const char *vtd_fault_reason(uint8_t reason);
/* Faults arrive as this interrupt (11.4.11 to 11.4.13). */
void vtd_route_faults(struct vtd_unit *unit, uint64_t address, uint32_t data);

/* Between the files of the core. */
enum vmk_status vtd_fail(struct vtd_unit *unit, const char *why);
/* Sends `count` descriptors and waits until the unit has obeyed them. */
enum vmk_status vtd_submit(
	struct vtd_unit *unit, const struct vtd_entry *descriptors, unsigned count);
/* After tables were changed from not present, which units with caching mode or buffers may not
 * have seen (6.2.2.1, 6.8). */
enum vmk_status vtd_seen(
	struct vtd_unit *unit, const struct vtd_entry *descriptors, unsigned count);
void vtd_write_back(struct vtd_unit *unit, const void *from, size_t bytes);

#endif
