#include "arch/x86/paging.h"
#include "mem/ptable.h"

#define LEVEL_BITS 9u

static struct hpa entry_address(uint64_t entry)
{
	return hpa(entry & PTE_FRAME);
}

/* Withheld ones included: the processor does not see those. */
static bool is_table(uint64_t entry, unsigned shift)
{
	return shift > PT_SHIFT && entry && !(entry & PTE_LARGE);
}

static uint64_t restored(uint64_t table_entry)
{
	return (table_entry & ~PTE_WITHHELD) | PTE_PRESENT;
}

/* A large leaf's size bit tells it from a table's entry, and stays while it is withheld. */
static uint64_t leaf_entry(struct hpa to, uint64_t flags, unsigned shift)
{
	return to.v | flags | (shift > PT_SHIFT ? PTE_LARGE : 0);
}

static uint64_t sign_extended(uint64_t address)
{
	return address & 1ull << 47 ? address | 0xffff000000000000ull : address;
}

/*
 * The entry for `address` at level `shift`, or above it where the walk ends early (*shift says
 * where); NULL only if a missing table could not be allocated. With `create`, tables are made, and
 * withheld ones are in use again.
 */
static uint64_t *walk_to(
	const struct ptable *table, uintptr_t address, unsigned *shift, bool create)
{
	uint64_t *entries = table->ops->table(table->root);
	uint64_t upper = PTE_PRESENT | PTE_WRITE | (address < KERNEL_HALF ? PTE_USER : 0);
	unsigned at = PML4_SHIFT;

	for (;; at -= LEVEL_BITS) {
		uint64_t *entry = &entries[ptable_index(address, at)];
		struct hpa fresh;

		if (at == *shift)
			return entry;
		if (!*entry && create) {
			if (table->ops->allocate(table->tally, &fresh) != VMK_OK)
				return NULL;
			*entry = fresh.v | upper;
			if (at == PML4_SHIFT && table->mirror.v && address < KERNEL_HALF)
				table->ops->table(table->mirror)[ptable_index(address, at)] =
					*entry;
		}
		if (create && is_table(*entry, at))
			*entry = restored(*entry);
		if (!is_table(*entry, at)) {
			*shift = at;
			return entry;
		}
		entries = table->ops->table(entry_address(*entry));
	}
}

static unsigned page_shift(uintptr_t address, struct hpa to, uint64_t bytes, unsigned largest)
{
	for (unsigned shift = largest; shift > PT_SHIFT; shift -= LEVEL_BITS) {
		uint64_t size = 1ull << shift;

		if (!((address | to.v) & (size - 1)) && bytes >= size)
			return shift;
	}
	return PT_SHIFT;
}

enum vmk_status ptable_map(const struct ptable *table, uintptr_t address, struct hpa to,
	uint64_t bytes, uint64_t flags, unsigned largest)
{
	uint64_t done = 0;

	while (done < bytes) {
		struct hpa part = hpa(to.v + done);
		unsigned wanted = page_shift(address + done, part, bytes - done, largest);
		unsigned shift = wanted;
		uint64_t *entry = walk_to(table, address + done, &shift, true);

		if (!entry || shift != wanted || *entry) {
			ptable_drop(table, address, done, NULL);
			return entry ? VMK_EXISTS : VMK_NO_MEMORY;
		}
		*entry = leaf_entry(part, flags, shift);
		done += 1ull << shift;
	}
	return VMK_OK;
}

bool ptable_find(const struct ptable *table, uintptr_t address, struct ptable_leaf *leaf)
{
	uint64_t *entries = table->ops->table(table->root), allowed = PTE_WRITE | PTE_USER, nx = 0;

	for (unsigned shift = PML4_SHIFT;; shift -= LEVEL_BITS) {
		uint64_t entry = entries[ptable_index(address, shift)];

		if (!entry)
			return false;
		allowed &= entry;
		nx |= entry & PTE_NX;
		if (is_table(entry, shift)) {
			entries = table->ops->table(entry_address(entry));
			continue;
		}
		leaf->address = ALIGN_DOWN(address, 1ull << shift);
		leaf->entry = entry;
		leaf->flags = (entry & PTE_PRESENT) | allowed | nx;
		leaf->shift = shift;
		return true;
	}
}

const uint64_t *ptable_lowest(const struct ptable *table, uintptr_t address)
{
	unsigned shift = PT_SHIFT;
	const uint64_t *entry = walk_to(table, address, &shift, false);

	return shift == PT_SHIFT ? entry - ptable_index(address, PT_SHIFT) : NULL;
}

struct extent {
	uintptr_t address;
	uint64_t bytes;
};

/* Calls `change` for each leaf entry that lies in the range. False if it once said so. */
static bool for_each_leaf(const struct ptable *table, uintptr_t address, uint64_t bytes,
	bool (*change)(uint64_t *entry, unsigned shift, void *context), void *context)
{
	uintptr_t end = address + bytes;

	/* The range may end at the top of the address space, where `end` is 0. */
	while (address != end) {
		unsigned shift = PT_SHIFT;
		uint64_t *entry = walk_to(table, address, &shift, false);
		uintptr_t next = ALIGN_DOWN(address, 1ull << shift) + (1ull << shift);

		if (!change(entry, shift, context))
			return false;
		if (next - 1 >= end - 1)
			break;
		address = next;
	}
	return true;
}

/* Calls `change` for each entry at `shift` that is a table of some of the range. */
static void for_each_table(const struct ptable *table, struct extent range, unsigned shift,
	void (*change)(const struct ptable *table, uint64_t *entry, struct extent part))
{
	uint64_t size = 1ull << shift;

	for (uint64_t done = 0, bytes; done < range.bytes; done += bytes) {
		uintptr_t address = range.address + done;
		unsigned at = shift;
		uint64_t *entry = walk_to(table, address, &at, false);

		bytes = MIN(size - address % size, range.bytes - done);
		if (at == shift && is_table(*entry, shift))
			change(table, entry, (struct extent){address, bytes});
	}
}

static void restore_table(const struct ptable *table, uint64_t *entry, struct extent part)
{
	*entry = restored(*entry);
}

struct protection {
	uint64_t flags;
	enum vmk_status status;
};

static bool can_be_protected(uint64_t *entry, unsigned shift, void *context)
{
	struct protection *to = context;

	if (!*entry)
		to->status = VMK_NOT_FOUND;
	else if (shift != PT_SHIFT)
		to->status = VMK_UNSUPPORTED;
	else if (*entry & PTE_TEXT && to->flags & PTE_WRITE)
		to->status = VMK_DENIED;
	return to->status == VMK_OK;
}

static bool protect(uint64_t *entry, unsigned shift, void *context)
{
	uint64_t flags = ((const struct protection *)context)->flags;

	*entry = (*entry & (PTE_FRAME | PTE_OWNED | PTE_TEXT)) | flags;
	if (!(flags & PTE_PRESENT))
		*entry |= PTE_WITHHELD;
	return true;
}

enum vmk_status ptable_protect(
	const struct ptable *table, uintptr_t address, uint64_t bytes, uint64_t flags)
{
	const struct extent range = {address, bytes};
	struct protection to = {flags, VMK_OK};

	if (!for_each_leaf(table, address, bytes, can_be_protected, &to))
		return to.status;
	for_each_leaf(table, address, bytes, protect, &to);
	/* A table may have been withheld for its other leaves while these were. */
	if (flags & PTE_PRESENT) {
		for_each_table(table, range, PDPT_SHIFT, restore_table);
		for_each_table(table, range, PD_SHIFT, restore_table);
	}
	return VMK_OK;
}

static bool withhold(uint64_t *entry, unsigned shift, void *context)
{
	if (*entry)
		*entry = (*entry & ~PTE_PRESENT) | PTE_WITHHELD;
	return true;
}

static bool is_idle(const uint64_t *entries, uint64_t busy)
{
	for (unsigned i = 0; i < PTABLE_ENTRIES; i++) {
		if (entries[i] & busy)
			return false;
	}
	return true;
}

/* Only for leaves that are its own, whoever withholds: it is the last of these to be dropped, after
 * a flush that came later than this, that frees the table. */
static void withhold_table(const struct ptable *table, uint64_t *entry, struct extent part)
{
	if (is_idle(table->ops->table(entry_address(*entry)), PTE_PRESENT) &&
		ptable_any(table, part.address, part.bytes))
		*entry = (*entry & ~PTE_PRESENT) | PTE_WITHHELD;
}

static void free_table(const struct ptable *table, uint64_t *entry, struct extent part)
{
	const struct hpa below = entry_address(*entry);

	if (!(*entry & PTE_WITHHELD) || !is_idle(table->ops->table(below), UINT64_MAX))
		return;
	*entry = 0;
	table->ops->free(table->tally, below);
}

void ptable_withhold(const struct ptable *table, uintptr_t address, uint64_t bytes)
{
	const struct extent range = {address, bytes};

	for_each_leaf(table, address, bytes, withhold, NULL);
	for_each_table(table, range, PD_SHIFT, withhold_table);
	for_each_table(table, range, PDPT_SHIFT, withhold_table);
}

struct drop {
	void (*dropped)(struct hpa frame, unsigned shift);
};

static bool drop(uint64_t *entry, unsigned shift, void *context)
{
	const struct drop *d = context;
	uint64_t old = *entry;

	*entry = 0;
	if (old & PTE_OWNED && d->dropped)
		d->dropped(entry_address(old), shift);
	return true;
}

void ptable_drop(const struct ptable *table, uintptr_t address, uint64_t bytes,
	void (*dropped)(struct hpa frame, unsigned shift))
{
	const struct extent range = {address, bytes};
	struct drop context = {dropped};

	for_each_leaf(table, address, bytes, drop, &context);
	for_each_table(table, range, PD_SHIFT, free_table);
	for_each_table(table, range, PDPT_SHIFT, free_table);
}

static bool is_empty(uint64_t *entry, unsigned shift, void *context)
{
	return !*entry;
}

bool ptable_any(const struct ptable *table, uintptr_t address, uint64_t bytes)
{
	return !for_each_leaf(table, address, bytes, is_empty, NULL);
}

uint64_t *ptable_entry(const struct ptable *table, uintptr_t address)
{
	unsigned shift = PT_SHIFT;
	uint64_t *entry = walk_to(table, address, &shift, true);

	return shift == PT_SHIFT ? entry : NULL;
}

/* --- walking whole tables */

struct walk {
	const struct ptable_ops *ops;
	void (*visit)(void *context, const struct ptable_leaf *leaf);
	void *context;
	uintptr_t from, next; /* what lies below is passed over; behind what was visited */
	uint64_t left;        /* that may be visited */
};

/* False: there may be more. */
static bool walk_level(struct walk *walk, const uint64_t *entries, unsigned first, unsigned last,
	struct ptable_leaf above)
{
	for (unsigned i = first; i < last; i++) {
		/* Once: the direct map and windows change under locks of their own. */
		const uint64_t entry = __atomic_load_n(&entries[i], __ATOMIC_RELAXED);
		struct ptable_leaf leaf = above;

		if (!(entry & PTE_PRESENT))
			continue;
		leaf.entry = entry;
		leaf.address = sign_extended(above.address | (uint64_t)i << above.shift);
		if (leaf.address + ((1ull << above.shift) - 1) < walk->from)
			continue;
		leaf.flags = PTE_PRESENT | (above.flags & entry & (PTE_WRITE | PTE_USER)) |
			     ((above.flags | entry) & PTE_NX);
		if (!is_table(entry, above.shift)) {
			walk->visit(walk->context, &leaf);
			walk->next = leaf.address + (1ull << above.shift);
			if (!--walk->left)
				return false;
			continue;
		}
		leaf.shift -= LEVEL_BITS;
		if (!walk_level(
			    walk, walk->ops->table(entry_address(entry)), 0, PTABLE_ENTRIES, leaf))
			return false;
	}
	return true;
}

static const struct ptable_leaf whole = {.flags = PTE_WRITE | PTE_USER, .shift = PML4_SHIFT};

void ptable_walk(const struct ptable *table, unsigned first, unsigned last,
	void (*visit)(void *context, const struct ptable_leaf *leaf), void *context)
{
	struct walk walk = {table->ops, visit, context, .left = UINT64_MAX};

	walk_level(&walk, table->ops->table(table->root), first, last, whole);
}

uintptr_t ptable_walk_some(const struct ptable *table, uintptr_t from, uint64_t most,
	void (*visit)(void *context, const struct ptable_leaf *leaf), void *context)
{
	struct walk walk = {table->ops, visit, context, .from = from, .left = most};

	return walk_level(&walk, table->ops->table(table->root), 0, PTABLE_ENTRIES / 2, whole)
		       ? 0
		       : walk.next;
}

/* Those below `entries` that lead to a leaf. */
static uint64_t count_level(
	const struct ptable_ops *ops, const uint64_t *entries, unsigned shift, bool *leads)
{
	uint64_t count = 0;

	*leads = false;
	for (unsigned i = 0; i < PTABLE_ENTRIES; i++) {
		const uint64_t entry = __atomic_load_n(&entries[i], __ATOMIC_RELAXED);
		bool below = entry;

		if (is_table(entry, shift))
			count += count_level(ops, ops->table(entry_address(entry)),
					 shift - LEVEL_BITS, &below) +
				 below;
		*leads |= below;
	}
	return count;
}

uint64_t ptable_count(const struct ptable *table, unsigned slot)
{
	const uint64_t entry = table->ops->table(table->root)[slot];
	uint64_t count;
	bool leads;

	if (!is_table(entry, PML4_SHIFT))
		return 0;
	count = count_level(
		table->ops, table->ops->table(entry_address(entry)), PDPT_SHIFT, &leads);
	return count + leads;
}

struct destruction {
	const struct ptable *table;
	void (*dropped)(struct hpa frame, unsigned shift);
	uint64_t left; /* that may go in this piece */
};

static void count(struct destruction *d, uint64_t pages)
{
	d->left -= MIN(d->left, pages);
}

/* What it has been through is 0, so that the next piece comes by quickly. False: there may be more.
 */
static bool destroy_level(
	struct destruction *d, uint64_t *entries, unsigned first, unsigned last, unsigned shift)
{
	const struct ptable_ops *ops = d->table->ops;

	for (unsigned i = first; i < last; i++) {
		const uint64_t entry = entries[i];

		if (!entry)
			continue;
		if (!d->left)
			return false;
		if (is_table(entry, shift)) {
			const struct hpa below = entry_address(entry);

			if (!destroy_level(
				    d, ops->table(below), 0, PTABLE_ENTRIES, shift - LEVEL_BITS) ||
				!d->left)
				return false;
			ops->free(d->table->tally, below);
			count(d, 1);
		} else if (entry & PTE_OWNED) {
			d->dropped(entry_address(entry), shift);
			count(d, 1ull << (shift - PT_SHIFT));
		}
		entries[i] = 0;
	}
	return true;
}

bool ptable_destroy(const struct ptable *table, unsigned first, unsigned last, uint64_t most,
	void (*dropped)(struct hpa frame, unsigned shift))
{
	struct destruction d = {table, dropped, most};

	return destroy_level(&d, table->ops->table(table->root), first, last, PML4_SHIFT);
}

enum vmk_status ptable_fill_slot(const struct ptable *table, unsigned slot)
{
	unsigned shift = PDPT_SHIFT;

	return walk_to(table, sign_extended((uint64_t)slot << PML4_SHIFT), &shift, true)
		       ? VMK_OK
		       : VMK_NO_MEMORY;
}
