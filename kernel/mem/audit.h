/* The W^X audit: walks every host page table and proves that nothing is writable and executable. */
#ifndef MEM_AUDIT_H
#define MEM_AUDIT_H

#include "lib/types.h"

struct audit_result {
	uint64_t mappings, executable, writable, user; /* leaf entries seen, each of any size */
	uint64_t violations;                           /* of either kind */
	uint64_t both;                                 /* writable and executable */
	uint64_t wrong_half;                           /* in the other one than its user bit says */
	uintptr_t first_violation;
};
/* Walks the kernel's half and every user half. At boot a violation is a panic. */
void audit_wx(struct audit_result *result);

struct audit_guards {
	uint64_t ranges;     /* of the kernel's half, as space_alloc() and its like gave them */
	uint64_t unguarded;  /* of these, with a page beside */
	uint64_t spaces;     /* all address spaces, the kernel's too */
	uint64_t null_pages; /* of these, with something mapped at address 0 */
};
/* Looks for a page beside each range, where an overrun must fault, and at address 0. */
void audit_guards(struct audit_guards *result);

/* Counts of leaf entries. */
struct audit_frames {
	uint64_t mappings;   /* seen */
	uint64_t exposed;    /* kernel's half: of a private frame that does not belong there */
	uint64_t strange;    /* user halves: of a frame that is the kernel's */
	uint64_t executable; /* seen */
	uint64_t loose;      /* executable: of a frame that was not allocated for that */
	uint64_t writable_aliases; /* of a frame that something executes, or of a shadow stack */
};
/* Looks at whose the frames behind all mappings are. */
void audit_frames(struct audit_frames *result);

struct audit_places {
	uint64_t regions; /* seen: of the kernel's half, and the windows of user worlds */
	uint64_t plain;   /* where they would be, were nothing drawn */
	uint64_t tied;    /* pairs of which one tells where the other is */
	uint64_t strays;  /* mappings of the kernel's half in none of its regions */
	uint64_t ranges;  /* of the kernel's half, as space_alloc() and its like gave them */
	uint64_t close;   /* of these, with only the guard page below */
};
struct range;
/* Looks for what chance would not have made. */
void audit_places(
	const struct range *image, const struct range *direct, struct audit_places *result);

/* Page tables of the kernel's areas that lead to something. How many it takes for the same things
 * is chance: two that lie in the same 2 MiB share one. */
uint64_t audit_tables(void);

struct audit_free {
	uint64_t frames; /* free ones that were looked at */
	uint64_t dirty;  /* of these, not zero throughout */
};
struct frame_pool;
/* Of the next free frame below `*below` that somebody had since the boot, among `looks` frames at
 * most; false if none was found. `*below` becomes the last one that was seen. */
bool audit_free_next(const struct frame_pool *pool, uint64_t *below, unsigned looks,
	bool (*is_zero)(uint64_t frame), struct audit_free *result);
/* Some hundred free frames: the highest ones, which are given out first, and others at random. */
void audit_free(struct audit_free *result);

#endif
