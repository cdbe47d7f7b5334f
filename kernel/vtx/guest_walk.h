/*
 * A guest's own page tables, walked as the processor does (SDM 3A, chapter 4): for instructions
 * whose operands have to be fetched by hand. Pure; everything that is read is the guest's and
 * hostile.
 */
#ifndef VTX_GUEST_WALK_H
#define VTX_GUEST_WALK_H

#include "lib/types.h"

enum guest_access { GUEST_READ, GUEST_WRITE, GUEST_FETCH };

/* The registers that decide. */
struct guest_paging {
	uint64_t cr0, cr3, cr4, efer, rflags;
	unsigned cpl;
	/* Eight aligned bytes (four for 32-bit tables) of guest memory; false where there is none.
	 */
	bool (*read)(void *context, struct gpa gpa, void *to, size_t bytes);
	void *context;
};

enum walk_result {
	WALK_OK,
	WALK_FAULT,     /* a page fault, with its error code */
	WALK_NO_MEMORY, /* a table lies where the guest has no memory */
};

/*
 * The guest-physical address of `linear`. *error is the page fault's error code after WALK_FAULT.
 * Accessed and dirty bits are not written: the instruction is retried or emulated as a whole.
 */
enum walk_result guest_walk(const struct guest_paging *paging, uint64_t linear,
	enum guest_access access, struct gpa *to, uint32_t *error);

#endif
