/*
 * The inside of address spaces, for mem/ alone: the windows of the kernel's half, each in a PML4
 * slot of its own at a random place, and what heap, stacks and devices need of them.
 */
#ifndef MEM_AREA_H
#define MEM_AREA_H

#include "lib/list.h"
#include "lib/lock.h"
#include "mem/frames.h"
#include "mem/ptable.h"
#include "mem/ranges.h"
#include "mem/space.h"

enum area {
	AREA_IMAGES, /* modules; in a user half, the world's program */
	AREA_SLABS,  /* small heap objects */
	AREA_PAGES,  /* heap requests of whole pages; in a user half, mappings */
	AREA_STACKS,
	AREA_DEVICES, /* in a user half, frames that are not its own */
	AREA_WINDOWS, /* each CPU's view of private frames */
	AREA_CPUS,    /* each CPU's area and descriptor tables */
	AREA_COUNT
};

struct space {
	struct spinlock lock;
	struct ptable table;
	struct ptable_tally tally; /* of its tables; under the lock */
	struct ranges ranges;      /* of the whole half; its array is a block of frames */
	unsigned ranges_order;
	struct range half;               /* where space_alloc_at() may map */
	struct range window[AREA_COUNT]; /* where places are chosen; empty ones are not used */
	bool user;
	struct {
		uintptr_t place;       /* address >> PD_SHIFT */
		const uint64_t *table; /* NULL: none is remembered */
	} copied;            /* the page table that served the last copy; under the lock */
	struct list leaving; /* what space_release() is at; under the lock */
	uint32_t active;     /* CPUs that have it in CR3 */
	space_filler fill;   /* NULL: none */
	void *fill_context;
	uint64_t domain;  /* of user spaces: not 0, and never given twice */
	struct list node; /* of all user spaces */
};

/* The bookkeeping of a space without any mapping; `table.root` is set by the caller. */
enum vmk_status space_setup(struct space *space, bool user);
void space_teardown(struct space *space);
extern const struct ptable_ops space_ptable_ops;
/* A leaf of a space that owns its frame is gone: for ptable_drop() and ptable_destroy(). */
void space_free_frame(struct hpa frame, unsigned shift);

/* As space_alloc(), in one area, for one owner, with an alignment. */
enum vmk_status area_alloc(struct space *space, enum area area, size_t bytes, size_t align,
	unsigned prot, enum frame_owner owner, uintptr_t *address);
/* As space_reserve(), in one area. */
enum vmk_status area_reserve(
	struct space *space, enum area area, size_t bytes, size_t align, uintptr_t *address);
/* As space_free(), wherever the range is; frames are freed only where the space owns them. */
enum vmk_status space_release(struct space *space, uintptr_t address, size_t bytes);
/* The same, but the range may stay reserved. */
enum vmk_status space_take_away(
	struct space *space, uintptr_t address, size_t bytes, bool keep_range);
/* Is any of it being released right now? The space is locked. */
bool space_is_leaving(const struct space *space, uintptr_t address, size_t bytes);
/* The size of the allocation that begins at this kernel address; 0 if none does. */
size_t area_bytes(uintptr_t address);
bool area_contains(enum area area, uintptr_t address);

uint64_t prot_flags(const struct space *space, unsigned prot);
/* Calls `visit` for every user space; spaces neither come nor go meanwhile. */
void space_for_each(void (*visit)(void *context, struct space *space), void *context);

/* Every leaf of every user space, in pieces: no lock is held for more than 512 of them and the
 * tables on the way there. What changes meanwhile is seen as it was or as it is. */
void space_walk_users(void (*visit)(void *context, const struct ptable_leaf *leaf), void *context);

/* The machine's side (activate.c): forget translations wherever the space may be cached, and leave
 * the space on this CPU if it is in use here. */
void space_flush(struct space *space, uintptr_t address, size_t bytes);
void space_leave(struct space *space);

#endif
