#include "vtx/ept.h"
#include "vtx/capabilities.h"
#include <string.h>

#define ENTRIES      512u
#define TOP_SHIFT    39u
#define ADDRESS_MASK 0x000ffffffffff000ull
#define NOWHERE      UINT64_MAX
#define TABLE_FLAGS  EPT_ACCESS /* leaves alone decide */
/* Of a table that is taken out: entries that are not present (retire()). */
#define RETIRED_NEXT  0u
#define RETIRED_SINCE 1u
#define SINCE_SHIFT   12u

/* Guest-physical addresses from `from` to `last`, both included. */
struct span {
	uint64_t from, last;
};

/* What each_slot() does with a slot that is not empty; false ends the visit. */
typedef bool (*slot_fn)(struct ept *ept, uint64_t *slot, unsigned shift, uint64_t argument);

static uint64_t *table_at(const struct ept *ept, uint64_t entry)
{
	return ept->ops->table(ept->context, hpa(entry & ADDRESS_MASK));
}

static unsigned slot_of(uint64_t gpa, unsigned shift)
{
	return (unsigned)(gpa >> shift) & (ENTRIES - 1);
}

static bool is_leaf(uint64_t entry, unsigned shift)
{
	return shift == EPT_4K || (entry & EPT_LARGE);
}

static uint64_t address_of(uint64_t entry, unsigned shift)
{
	return entry & ADDRESS_MASK & ~((1ull << shift) - 1);
}

/* The processor reads while we write: one store, after what it leads to. */
static void set_entry(uint64_t *slot, uint64_t value)
{
	__atomic_store_n(slot, value, __ATOMIC_RELEASE);
}

static bool span_of(struct gpa gpa, uint64_t bytes, struct span *span)
{
	const uint64_t end = 1ull << EPT_GPA_BITS;

	if (!bytes || ((gpa.v | bytes) & (PAGE_SIZE - 1)) || gpa.v >= end || bytes > end - gpa.v)
		return false;
	*span = (struct span){gpa.v, gpa.v + bytes - 1};
	return true;
}

#define LINE 8u /* slots in a cache line */

static bool line_is_empty(const uint64_t *slot)
{
	return !(slot[0] | slot[1] | slot[2] | slot[3] | slot[4] | slot[5] | slot[6] | slot[7]);
}

/* The first slot from `i` on that is not empty, `end` if there is none before: most of most tables
 * is empty. */
static unsigned next_used(const uint64_t *table, unsigned i, unsigned end)
{
	while (i < end && !table[i])
		i += i % LINE == 0 && line_is_empty(&table[i]) ? LINE : 1;
	return MIN(i, end);
}

/* Every slot within the span that is not empty; tables come after what is below them. */
static bool each_below(struct ept *ept, uint64_t *table, unsigned shift, struct span span,
	slot_fn act, uint64_t argument)
{
	const unsigned first = slot_of(span.from, shift), last = slot_of(span.last, shift);

	for (unsigned i = next_used(table, first, last + 1); i <= last;
		i = next_used(table, i + 1, last + 1)) {
		struct span below = {i == first ? span.from : 0, i == last ? span.last : ~0ull};

		if (!is_leaf(table[i], shift) &&
			!each_below(ept, table_at(ept, table[i]), shift - 9, below, act, argument))
			return false;
		if (!act(ept, &table[i], shift, argument))
			return false;
	}
	return true;
}

static bool each_slot(struct ept *ept, struct span span, slot_fn act, uint64_t argument)
{
	return each_below(ept, table_at(ept, ept->root.v), TOP_SHIFT, span, act, argument);
}

static bool is_empty(const uint64_t *table)
{
	return next_used(table, 0, ENTRIES) == ENTRIES;
}

/*
 * A table that nothing leads to any more. Paging-structure caches may still lead there until
 * INVEPT, so it stays, empty but for two not-present entries, until ept_reclaim(): the table that
 * was taken out before it, and the generation from which on nobody reaches it.
 */
static void retire(struct ept *ept, uint64_t entry)
{
	uint64_t address = entry & ADDRESS_MASK, *table = table_at(ept, address);

	ept->near_at = NOWHERE;
	/* Whoever sees it sees that nothing leads here: it is read without the lock. */
	__atomic_store_n(&ept->generation, ept->generation + 1, __ATOMIC_RELEASE);
	set_entry(&table[RETIRED_NEXT], ept->retired.v);
	set_entry(&table[RETIRED_SINCE], ept->generation << SINCE_SHIFT);
	ept->retired = hpa(address);
}

enum vmk_status ept_init(
	struct ept *ept, const struct ept_ops *ops, void *context, uint64_t capability)
{
	*ept = (struct ept){.ops = ops,
		.context = context,
		.generation = 1,
		.tables = 1,
		.near_at = NOWHERE,
		.largest = EPT_4K,
		.accessed_dirty = capability & EPT_CAP_ACCESSED};
	if (capability & EPT_CAP_2M)
		ept->largest = capability & EPT_CAP_1G ? EPT_1G : EPT_2M;
	return ops->allocate(context, &ept->root);
}

static bool free_table(struct ept *ept, uint64_t *slot, unsigned shift, uint64_t argument)
{
	if (is_leaf(*slot, shift))
		return true;
	ept->ops->free(ept->context, hpa(*slot & ADDRESS_MASK));
	ept->tables--;
	*slot = 0;
	return true;
}

void ept_destroy(struct ept *ept)
{
	each_slot(ept, (struct span){0, ~0ull}, free_table, 0);
	ept_reclaim(ept, ept->generation);
	ept->ops->free(ept->context, ept->root);
	memset(ept, 0, sizeof(*ept));
}

/* The latest come first. */
void ept_reclaim(struct ept *ept, uint64_t seen)
{
	uint64_t link = ept->retired.v, *before = NULL, *table;

	for (; link && (table = table_at(ept, link))[RETIRED_SINCE] >> SINCE_SHIFT > seen;
		link = table[RETIRED_NEXT])
		before = table;
	if (before)
		set_entry(&before[RETIRED_NEXT], 0);
	else
		ept->retired.v = 0;
	while (link) {
		const struct hpa gone = {link};

		link = table_at(ept, link)[RETIRED_NEXT];
		ept->ops->free(ept->context, gone);
		ept->tables--;
	}
}

/* SDM 3C, 25.6.11: write-back tables, four levels. */
uint64_t ept_pointer(const struct ept *ept)
{
	return ept->root.v | 6 | 3 << 3 | (ept->accessed_dirty ? 1 << 6 : 0);
}

bool ept_find(const struct ept *ept, struct gpa gpa, struct ept_leaf *leaf)
{
	uint64_t entry = ept->root.v;

	if (gpa.v >> EPT_GPA_BITS)
		return false;
	for (unsigned shift = TOP_SHIFT; shift >= EPT_4K; shift -= 9) {
		entry = __atomic_load_n(
			&table_at(ept, entry)[slot_of(gpa.v, shift)], __ATOMIC_ACQUIRE);
		if (!entry)
			return false;
		if (!is_leaf(entry, shift))
			continue;
		*leaf = (struct ept_leaf){
			{gpa.v & ~((1ull << shift) - 1)}, entry, (enum ept_shift)shift};
		return true;
	}
	return false;
}

bool ept_translate(
	const struct ept *ept, struct gpa gpa, uint64_t access, struct hpa *to, uint64_t *bytes)
{
	struct ept_leaf leaf;
	uint64_t offset;

	if (!ept_find(ept, gpa, &leaf) || (leaf.entry & access) != access)
		return false;
	offset = gpa.v - leaf.gpa.v;
	to->v = address_of(leaf.entry, leaf.shift) + offset;
	*bytes = (1ull << leaf.shift) - offset;
	return true;
}

static enum vmk_status add_table(struct ept *ept, uint64_t *slot)
{
	struct hpa address;
	enum vmk_status status = ept->ops->allocate(ept->context, &address);

	if (status != VMK_OK)
		return status;
	ept->tables++;
	set_entry(slot, address.v | TABLE_FLAGS);
	return VMK_OK;
}

/* The slot of a page of this size; tables on the way are made. VMK_EXISTS: a larger page lies
 * there. */
static enum vmk_status slot_for(struct ept *ept, uint64_t gpa, enum ept_shift size, uint64_t **slot)
{
	const bool near = size == EPT_4K && gpa >> EPT_2M == ept->near_at;
	uint64_t *table = near ? ept->near : table_at(ept, ept->root.v);

	for (unsigned shift = near ? EPT_4K : TOP_SHIFT;; shift -= 9) {
		*slot = &table[slot_of(gpa, shift)];
		if (shift == EPT_4K) {
			ept->near_at = gpa >> EPT_2M;
			ept->near = table;
		}
		if (shift == (unsigned)size)
			return VMK_OK;
		if (!**slot) {
			enum vmk_status status = add_table(ept, *slot);

			if (status != VMK_OK)
				return status;
		} else if (**slot & EPT_LARGE) {
			return VMK_EXISTS;
		}
		table = table_at(ept, **slot);
	}
}

/* The largest page that begins here and fits. */
static enum ept_shift best_size(const struct ept *ept, uint64_t gpa, uint64_t to, uint64_t bytes)
{
	for (unsigned shift = ept->largest; shift > EPT_4K; shift -= 9)
		if (!((gpa | to) & ((1ull << shift) - 1)) && bytes >> shift)
			return (enum ept_shift)shift;
	return EPT_4K;
}

static bool is_table(struct ept *ept, uint64_t *slot, unsigned shift, uint64_t argument)
{
	return !is_leaf(*slot, shift);
}

static bool clear_leaf(struct ept *ept, uint64_t *slot, unsigned shift, uint64_t argument)
{
	if (is_leaf(*slot, shift))
		set_entry(slot, 0);
	return true;
}

/* Tables that are left empty are taken out. */
static bool prune_table(struct ept *ept, uint64_t *slot, unsigned shift, uint64_t argument)
{
	uint64_t entry = *slot;

	if (!entry || is_leaf(entry, shift) || !is_empty(table_at(ept, entry)))
		return true;
	set_entry(slot, 0);
	retire(ept, entry);
	return true;
}

static void clear(struct ept *ept, struct span span)
{
	each_slot(ept, span, clear_leaf, 0);
	each_slot(ept, span, prune_table, 0);
}

enum vmk_status ept_map(
	struct ept *ept, struct gpa gpa, struct hpa to, uint64_t bytes, uint64_t flags)
{
	struct span span;
	uint64_t done = 0, size;

	if (!span_of(gpa, bytes, &span) || (to.v & (PAGE_SIZE - 1)) ||
		to.v + bytes - 1 > ADDRESS_MASK + PAGE_SIZE - 1 || to.v + bytes < to.v ||
		!(flags & EPT_READ) || (flags & ~(EPT_ACCESS | EPT_TYPE)))
		return VMK_BAD_PARAM;
	if (!ept->ops->owned(ept->context, gpa, to, bytes))
		return VMK_DENIED;
	/* A single page finds out on its way. */
	if (bytes > PAGE_SIZE && !each_slot(ept, span, is_table, 0))
		return VMK_EXISTS;
	for (; done < bytes; done += size) {
		enum ept_shift shift = best_size(ept, gpa.v + done, to.v + done, bytes - done);
		uint64_t *slot;
		enum vmk_status status = slot_for(ept, gpa.v + done, shift, &slot);

		if (status == VMK_OK && *slot)
			status = VMK_EXISTS;
		if (status == VMK_NO_MEMORY)
			clear(ept, span);
		if (status != VMK_OK)
			return status;
		set_entry(slot, (to.v + done) | flags | (shift > EPT_4K ? EPT_LARGE : 0));
		size = 1ull << shift;
	}
	return VMK_OK;
}

/* Replaces a large leaf by a table of pages one size smaller that allow the same. */
static enum vmk_status split(struct ept *ept, uint64_t *slot, unsigned shift)
{
	const uint64_t entry = *slot, step = 1ull << (shift - 9);
	struct hpa address;
	enum vmk_status status = ept->ops->allocate(ept->context, &address);
	uint64_t *table;

	if (status != VMK_OK)
		return status;
	ept->tables++;
	table = ept->ops->table(ept->context, address);
	for (unsigned i = 0; i < ENTRIES; i++)
		table[i] = (shift - 9 == EPT_4K ? entry & ~EPT_LARGE : entry) + i * step;
	set_entry(slot, address.v | TABLE_FLAGS);
	ept->generation++;
	return VMK_OK;
}

/* Makes `boundary` the beginning of a page, splitting what lies across it. */
static enum vmk_status split_at(struct ept *ept, uint64_t boundary)
{
	uint64_t *table = table_at(ept, ept->root.v);

	if (boundary >> EPT_GPA_BITS)
		return VMK_OK;
	for (unsigned shift = TOP_SHIFT; boundary & ((1ull << shift) - 1); shift -= 9) {
		uint64_t *slot = &table[slot_of(boundary, shift)];

		if (!*slot)
			return VMK_OK;
		if (is_leaf(*slot, shift)) {
			enum vmk_status status = split(ept, slot, shift);

			if (status != VMK_OK)
				return status;
		}
		table = table_at(ept, *slot);
	}
	return VMK_OK;
}

/* A split that was made for nothing is not undone: it allows the same. */
static enum vmk_status split_edges(struct ept *ept, struct span span)
{
	enum vmk_status status = split_at(ept, span.from);

	return status == VMK_OK ? split_at(ept, span.last + 1) : status;
}

enum vmk_status ept_unmap(struct ept *ept, struct gpa gpa, uint64_t bytes)
{
	struct span span;
	enum vmk_status status;

	if (!span_of(gpa, bytes, &span))
		return VMK_BAD_PARAM;
	status = split_edges(ept, span);
	if (status != VMK_OK)
		return status;
	clear(ept, span);
	ept->generation++;
	return VMK_OK;
}

/* The processor may set EPT_ACCESSED and EPT_DIRTY meanwhile: they must not be lost. */
static bool set_access(struct ept *ept, uint64_t *slot, unsigned shift, uint64_t access)
{
	uint64_t entry = *slot;

	if (!is_leaf(entry, shift))
		return true;
	while (!__atomic_compare_exchange_n(slot, &entry, (entry & ~EPT_ACCESS) | access, false,
		__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		;
	return true;
}

static bool is_mapped(const struct ept *ept, struct span span)
{
	struct ept_leaf leaf;

	for (uint64_t at = span.from; at <= span.last; at = leaf.gpa.v + (1ull << leaf.shift))
		if (!ept_find(ept, (struct gpa){at}, &leaf))
			return false;
	return true;
}

enum vmk_status ept_protect(struct ept *ept, struct gpa gpa, uint64_t bytes, uint64_t access)
{
	struct span span;
	enum vmk_status status;

	if (!span_of(gpa, bytes, &span) || !(access & EPT_READ) || (access & ~EPT_ACCESS))
		return VMK_BAD_PARAM;
	if (!is_mapped(ept, span))
		return VMK_NOT_FOUND;
	status = split_edges(ept, span);
	if (status != VMK_OK)
		return status;
	each_slot(ept, span, set_access, access);
	ept->generation++;
	return VMK_OK;
}

struct walk {
	const struct ept *ept;
	uint64_t from;
	bool (*visit)(void *context, const struct ept_leaf *leaf);
	void *context;
};

static bool walk_table(const struct walk *w, uint64_t entry, unsigned shift, uint64_t base);

/* Of an entry that is not empty. */
static bool walk_entry(const struct walk *w, uint64_t entry, unsigned shift, uint64_t at)
{
	const struct ept_leaf leaf = {{at}, entry, (enum ept_shift)shift};

	return is_leaf(entry, shift) ? w->visit(w->context, &leaf)
				     : walk_table(w, entry, shift - 9, at);
}

static bool walk_table(const struct walk *w, uint64_t entry, unsigned shift, uint64_t base)
{
	const uint64_t *table = table_at(w->ept, entry);
	const uint64_t skipped = w->from > base ? (w->from - base) >> shift : 0;

	for (unsigned i = next_used(table, (unsigned)MIN(skipped, (uint64_t)ENTRIES), ENTRIES);
		i < ENTRIES; i = next_used(table, i + 1, ENTRIES))
		if (!walk_entry(w, table[i], shift, base + ((uint64_t)i << shift)))
			return false;
	return true;
}

bool ept_walk_from(const struct ept *ept, struct gpa from,
	bool (*visit)(void *context, const struct ept_leaf *leaf), void *context)
{
	const struct walk w = {ept, from.v, visit, context};

	return walk_table(&w, ept->root.v, TOP_SHIFT, 0);
}

bool ept_walk(const struct ept *ept, bool (*visit)(void *context, const struct ept_leaf *leaf),
	void *context)
{
	return ept_walk_from(ept, (struct gpa){0}, visit, context);
}

struct check {
	const struct ept *ept;
	struct ept_leaf *bad;
};

static bool leaf_is_good(void *context, const struct ept_leaf *leaf)
{
	const struct check *check = context;
	const uint64_t entry = leaf->entry, size = 1ull << leaf->shift;
	const uint64_t known = ADDRESS_MASK | EPT_ACCESS | EPT_TYPE | EPT_ACCESSED | EPT_DIRTY |
			       (leaf->shift > EPT_4K ? EPT_LARGE : 0);

	/* SDM 29.3.3.1: what would be a misconfiguration. */
	if (leaf->shift <= (unsigned)check->ept->largest && !(entry & ~known) &&
		(entry & EPT_READ) && !(entry & ADDRESS_MASK & (size - 1)) &&
		check->ept->ops->owned(
			check->ept->context, leaf->gpa, hpa(address_of(entry, leaf->shift)), size))
		return true;
	*check->bad = *leaf;
	return false;
}

static uint64_t count_tables(const struct ept *ept, const uint64_t *table, unsigned shift)
{
	uint64_t count = 1;

	if (shift == EPT_4K)
		return count;
	for (unsigned i = next_used(table, 0, ENTRIES); i < ENTRIES;
		i = next_used(table, i + 1, ENTRIES))
		if (!is_leaf(table[i], shift))
			count += count_tables(ept, table_at(ept, table[i]), shift - 9);
	return count;
}

bool ept_check(const struct ept *ept, struct ept_leaf *bad)
{
	struct check check = {ept, bad};
	uint64_t tables = count_tables(ept, table_at(ept, ept->root.v), TOP_SHIFT);

	memset(bad, 0, sizeof(*bad));
	for (uint64_t at = ept->retired.v; at; at = *table_at(ept, at))
		tables++;
	return ept_walk(ept, leaf_is_good, &check) && tables == ept->tables;
}
