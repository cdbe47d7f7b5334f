/*
 * Which frame is where in a VM's RAM: the record by which EPT leaves are judged and frames are
 * freed, kept apart from the EPT. Pages are numbered through all of RAM from 0 on. A block of 512
 * (2 MiB) is empty, whole (the frames of one allocation, in order) or a list of single frames, in a
 * table that the caller provides and gets back. Pure; the caller serializes.
 */
#ifndef VMKVM_RAM_H
#define VMKVM_RAM_H

#include "lib/types.h"

#define RAM_BLOCK_ORDER 9u
#define RAM_BLOCK_PAGES (1u << RAM_BLOCK_ORDER)
#define RAM_LOOK_BLOCKS 512ull

struct ram_block {
	uint64_t first; /* of a whole block; 0: it is not */
	uint64_t *list; /* RAM_BLOCK_PAGES frame numbers, 0: none; NULL: there is no list */
	uint32_t listed;
	bool joined; /* a list, but of consecutive frames, mapped as a large page */
	uint64_t shown[RAM_BLOCK_PAGES / 64]; /* pages that somebody else has mapped */
};
struct ram {
	struct ram_block *blocks; /* ram_blocks() of them, zeroed; the caller's */
	uint64_t pages;
	uint64_t present; /* pages that have a frame */
	uint64_t whole;   /* blocks, joined ones included */
};

static inline uint64_t ram_blocks(uint64_t pages)
{
	return (pages + RAM_BLOCK_PAGES - 1) / RAM_BLOCK_PAGES;
}
/* The frame of a page, or 0. */
uint64_t ram_frame(const struct ram *ram, uint64_t page);
/* Do these pages have exactly these frames? */
bool ram_is(const struct ram *ram, uint64_t page, uint64_t frame, uint64_t count);
/* May the block of this page be made whole: is all of it RAM, and nothing there yet? */
bool ram_is_free_block(const struct ram *ram, uint64_t page);
/* Must ram_put() be given a table for this page? */
bool ram_needs_list(const struct ram *ram, uint64_t page);
/* The block of this page, which is free, is whole from now on. */
void ram_put_whole(struct ram *ram, uint64_t page, uint64_t first);
/* Undoes that. */
void ram_take_whole(struct ram *ram, uint64_t page);
/* A page that has no frame gets one; `list`, zeroed, if one is needed. */
void ram_put(struct ram *ram, uint64_t page, uint64_t frame, uint64_t *list);
/* A block that is whole becomes a list. */
void ram_split(struct ram *ram, uint64_t page, uint64_t *list);
/* A list of consecutive frames that a large page can map is one from now on; false: it is not such
 * a list. */
bool ram_join(struct ram *ram, uint64_t page);
/* Is every page of its block there, as a list? */
bool ram_is_full_list(const struct ram *ram, uint64_t page);
/* Or all but one? */
bool ram_lacks_one(const struct ram *ram, uint64_t page);
/* A page of a list gets another frame; which it had. */
uint64_t ram_replace(struct ram *ram, uint64_t page, uint64_t frame);
/* Somebody else maps this page, or its whole block, until it is taken out. */
void ram_show(struct ram *ram, uint64_t page, bool whole);
bool ram_is_shown(const struct ram *ram, uint64_t page);
/* Is any of its block? */
bool ram_is_any_shown(const struct ram *ram, uint64_t page);
/* The next block that is whole and not shown as a whole, among RAM_LOOK_BLOCKS from this page on;
 * false: none of them is, and *page is where to go on: in a large VM there are thousands. */
bool ram_next_whole(const struct ram *ram, uint64_t *page);
/* Takes a page's frame out of a list; *emptied is the list if nothing is left in it, or NULL. */
uint64_t ram_take(struct ram *ram, uint64_t page, uint64_t **emptied);

#endif
