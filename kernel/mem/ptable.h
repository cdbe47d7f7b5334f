/*
 * Four-level page tables (SDM 3A, 4.5.4): mapping, protection, look-up and walking. Pure: tables
 * are reached and allocated through ptable_ops.
 *
 * Upper-level entries allow everything of their half, so that a leaf alone decides. A leaf that is
 * not 0 but not present is *withheld*: its place is taken and its frame kept, but nobody can reach
 * it. Freed mappings pass through that state until every TLB has forgotten them; so
 * does a table in which nothing else is left, as processors remember tables too (SDM 3A, 4.10.3).
 */
#ifndef MEM_PTABLE_H
#define MEM_PTABLE_H

#include "lib/types.h"
#include <vmkapi/status.h>

/* Software's bit 9: the frame belongs to the address space and is freed with the mapping. */
#define PTE_OWNED 0x200ull
/* Software's bit 10: keeps an entry apart from 0 while it is withheld. */
#define PTE_WITHHELD 0x400ull

/* Software's bit 11: mapped to be executed, and therefore never to be written, whatever it is
 * protected to since. */
#define PTE_TEXT 0x800ull

/* Tables below the roots: how many there are; how many of them nothing was promised for, as they
 * came before; and how many frames were promised for all that come after those (mem/frames.h),
 * those that have come included. */
struct ptable_tally {
	uint64_t tables, before, promised;
};

struct ptable_ops {
	/* The table at a physical address that `allocate` returned: 512 entries. */
	uint64_t *(*table)(struct hpa address);
	/* Zeroed. `tally`: the table's, NULL for a root. */
	enum vmk_status (*allocate)(struct ptable_tally *tally, struct hpa *address);
	void (*free)(struct ptable_tally *tally, struct hpa address);
};

struct ptable {
	struct hpa root;
	const struct ptable_ops *ops;
	struct ptable_tally *tally; /* NULL: nobody counts */
	struct hpa
		mirror; /* a second root, which gets what is entered in the lower half; 0: none */
};

/* One leaf. `flags` are the bits that hold for the walk as a whole: W and U only if every level
 * has them, NX if any has. */
struct ptable_leaf {
	uintptr_t address;
	uint64_t entry, flags;
	unsigned shift; /* size: 1 << shift bytes */
};

/*
 * Map [address, address + bytes) to consecutive memory from `to` on; `flags` are PTE bits with
 * PTE_PRESENT. `largest` is the PT_SHIFT, PD_SHIFT or PDPT_SHIFT of the largest page to use. All
 * of address, to and bytes are multiples of 4 KiB. VMK_EXISTS, VMK_NO_MEMORY: nothing is mapped.
 */
enum vmk_status ptable_map(const struct ptable *table, uintptr_t address, struct hpa to,
	uint64_t bytes, uint64_t flags, unsigned largest);
/* The leaf for `address`, withheld ones included; false if there is none. */
bool ptable_find(const struct ptable *table, uintptr_t address, struct ptable_leaf *leaf);
/* The page table, of 512 entries for 4 KiB each, that has the one for `address`; NULL if there is
 * none. It stays until ptable_drop() or ptable_destroy() of something that it maps. */
const uint64_t *ptable_lowest(const struct ptable *table, uintptr_t address);
/* Give every 4 KiB leaf in the range these flags, keeping frame, PTE_OWNED and PTE_TEXT. Without
 * PTE_PRESENT they are withheld. VMK_NOT_FOUND if a page has no leaf, VMK_UNSUPPORTED if one is
 * larger, VMK_DENIED for PTE_WRITE where one is PTE_TEXT: nothing is changed then. */
enum vmk_status ptable_protect(
	const struct ptable *table, uintptr_t address, uint64_t bytes, uint64_t flags);
/* Withhold every leaf in the range, and tables of theirs in which no other is present; places
 * without a leaf are passed over. Mapping something there takes a table back into use. */
void ptable_withhold(const struct ptable *table, uintptr_t address, uint64_t bytes);
/* Remove every leaf in the range, telling `dropped` (NULL: nobody) of each that is PTE_OWNED, and
 * free withheld tables that are empty then. */
void ptable_drop(const struct ptable *table, uintptr_t address, uint64_t bytes,
	void (*dropped)(struct hpa frame, unsigned shift));
/* Is there any leaf, withheld ones included? */
bool ptable_any(const struct ptable *table, uintptr_t address, uint64_t bytes);
/* The entry for one 4 KiB page, with tables made for it: for a page that is mapped and unmapped all
 * the time. NULL: no memory, or a larger page is there. */
uint64_t *ptable_entry(const struct ptable *table, uintptr_t address);
/* Visit every leaf that is present, in slots [first, last) of the root. */
void ptable_walk(const struct ptable *table, unsigned first, unsigned last,
	void (*visit)(void *context, const struct ptable_leaf *leaf), void *context);
/* The same for slots of the lower half, in pieces: leaves from the address `from` on, `most` of
 * them. Where to go on; 0: there are no more. */
uintptr_t ptable_walk_some(const struct ptable *table, uintptr_t from, uint64_t most,
	void (*visit)(void *context, const struct ptable_leaf *leaf), void *context);
/* How many tables that slot of the root has which lead to a leaf, withheld ones included: what is
 * mapped there needs them. */
uint64_t ptable_count(const struct ptable *table, unsigned slot);
/* Free slots [first, last) of the root with all tables below; owned leaves are told. After `most`
 * frames of these two kinds it returns false: there may be more. Nobody else uses the tables. */
bool ptable_destroy(const struct ptable *table, unsigned first, unsigned last, uint64_t most,
	void (*dropped)(struct hpa frame, unsigned shift));
/* Make sure that root slot `slot` has a table, so that copies of the root stay valid. */
enum vmk_status ptable_fill_slot(const struct ptable *table, unsigned slot);

#endif
