/* sources: kernel/vtx/ept.c */
/* quiet: fuzz/lib/figures.c */
/* coverage: edges, comparisons, bare */
/*
 * Calls with any addresses, sizes and flags, tables that run out, memory that is somebody else's:
 * what is refused has changed nothing, all leaves stay in order, and of one that is not in order
 * ept_check() says so. What the calls do where they are plausible, fuzz_ept compares with a model.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/lib/figures.h"
#include "vtx/capabilities.h"
#include "vtx/ept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TABLES 48u
#define STEPS  24u

/* Bits 0-2 of `what` say which call; `budget` tables may be allocated in it. */
struct call {
	uint8_t what, flags, budget, odd;
	uint8_t gpa, to, bytes, pages;
};

static struct arena {
	uint64_t table[TABLES][512];
	bool used[TABLES];
	unsigned budget;
	bool foreign; /* nothing is the VM's */
} arena;

static const uint64_t addresses[] = {0, 0x200000, 0x3fe00000, 0x40000000, 0x7fffe00000,
	0x8000000000, 0x1000000000, 0xffffffe00000, 0xffffc0000000, 0x1000000000000,
	0xfffffffe00000, 0xffffffffff000, 0x10000000000000, 0xfffffffffffff000};
static const uint64_t lengths[] = {
	0, 0x1000, 0x200000, 0x3ff000, 0x40000000, 0x40200000, 1ull << 47, UINT64_MAX - 0xfff};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static uint64_t *table(void *context, struct hpa address)
{
	const uint64_t i = (address.v >> PAGE_SHIFT) - 1;

	require(i < TABLES && arena.used[i]);
	return arena.table[i];
}

static enum vmk_status allocate(void *context, struct hpa *address)
{
	for (unsigned i = 0; i < TABLES && arena.budget; i++) {
		if (arena.used[i])
			continue;
		arena.used[i] = true;
		arena.budget--;
		memset(arena.table[i], 0, sizeof(arena.table[i]));
		*address = hpa((i + 1ull) << PAGE_SHIFT);
		return VMK_OK;
	}
	return VMK_NO_MEMORY;
}

static void release(void *context, struct hpa address)
{
	table(context, address);
	arena.used[(address.v >> PAGE_SHIFT) - 1] = false;
}

static bool owned(void *context, struct gpa gpa, struct hpa address, uint64_t bytes)
{
	return !arena.foreign;
}

static const struct ept_ops ops = {table, allocate, release, owned};

/* What the leaves allow, whatever their sizes: splits do not change it. */
struct picture {
	uint64_t sum, leaves, stop;
};
static bool add_leaf(void *context, const struct ept_leaf *leaf)
{
	struct picture *p = context;
	const uint64_t frame = leaf->entry & 0xffffffffff000ull & ~((1ull << leaf->shift) - 1);
	const uint64_t pages = 1ull << (leaf->shift - EPT_4K);

	/* Of page n of it: (gpa + n) * (frame + n), over all n, in 4 KiB, modulo 2^64. */
	const uint64_t g = leaf->gpa.v >> EPT_4K, f = frame >> EPT_4K;
	const uint64_t n1 = pages * (pages - 1) / 2,
		       n2 = pages * (pages - 1) / 2 * (2 * pages - 1) / 3;

	p->sum += (pages * g * f + n1 * (g + f) + n2) * (1 + (leaf->entry & EPT_ACCESS)) +
		  pages * (leaf->entry & EPT_TYPE);
	return ++p->leaves != p->stop;
}

static uint64_t picture_of(const struct ept *ept)
{
	struct picture p = {0};

	require(ept_walk(ept, add_leaf, &p));
	return p.sum;
}

static enum vmk_status ask(struct ept *ept, const struct call *c)
{
	const struct gpa gpa = {
		addresses[c->gpa % ARRAY_SIZE(addresses)] + c->pages * PAGE_SIZE + (c->odd & 1)};
	const struct hpa to = {addresses[c->to % ARRAY_SIZE(addresses)] + c->pages * PAGE_SIZE +
			       (c->odd >> 1 & 1)};
	const uint64_t bytes = lengths[c->bytes % ARRAY_SIZE(lengths)] +
			       (c->bytes >> 4) * PAGE_SIZE + (c->odd >> 2 & 1);
	struct picture stopped = {.stop = 1 + c->pages};
	struct ept_leaf leaf;
	struct hpa there;
	uint64_t left;

	switch (c->what & 7) {
	case 0:
	case 1:
		return ept_map(ept, gpa, to, bytes, c->flags);
	case 2:
		return ept_unmap(ept, gpa, bytes);
	case 3:
		return ept_protect(ept, gpa, bytes, c->flags);
	case 4:
		ept_reclaim(ept, ept->generation);
		return VMK_OK;
	case 5:
		return ept_find(ept, gpa, &leaf) ? VMK_OK : VMK_NOT_FOUND;
	case 6:
		if (!ept_translate(ept, gpa, c->flags & EPT_ACCESS, &there, &left))
			return VMK_NOT_FOUND;
		require(left && (there.v & 0xfff) == (gpa.v & 0xfff));
		return VMK_OK;
	default:
		return ept_walk(ept, add_leaf, &stopped) ? VMK_OK : VMK_NOT_FOUND;
	}
}

/* `picture` is of the state before, then of the one after. */
static void call(struct ept *ept, const struct call *c, uint64_t *picture)
{
	const uint64_t before = *picture;
	enum vmk_status status;

	arena.budget = c->budget;
	arena.foreign = c->odd >> 7;
	status = ask(ept, c);
	arena.foreign = false;
	*picture = picture_of(ept);
	if (status != VMK_OK || (c->what & 7) > 3)
		require(*picture == before);
}

/* With another bit this leaf would be a misconfiguration (SDM 29.3.3.1). */
static bool is_wrong(const struct ept_leaf *leaf, unsigned bit)
{
	return bit == 0 || bit >= 52 || (bit >= EPT_4K && bit < (unsigned)leaf->shift);
}

static void damage_leaf(struct ept *ept, const struct ept_leaf *leaf, unsigned bit)
{
	struct ept_leaf bad;

	for (unsigned i = 0; i < TABLES * 512u; i++) {
		uint64_t *slot = &arena.table[i / 512][i % 512];

		if (!arena.used[i / 512] || *slot != leaf->entry)
			continue;
		*slot ^= 1ull << bit;
		require(!*slot || !ept_check(ept, &bad)); /* 0: nothing is there */
		*slot = leaf->entry;
		return;
	}
}

/* What is not in order is noticed. */
static void damage(struct ept *ept, uint8_t which, uint8_t bit)
{
	struct ept_leaf leaf, bad;

	if (!ept_find(ept, (struct gpa){addresses[which % 9]}, &leaf))
		return;
	if (is_wrong(&leaf, bit & 63))
		damage_leaf(ept, &leaf, bit & 63);
	arena.foreign = true;
	require(!ept_check(ept, &bad));
	arena.foreign = false;
	ept->tables++;
	require(!ept_check(ept, &bad));
	ept->tables--;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t picture = 0; /* of no leaf */
	struct ept_leaf bad;
	struct ept ept;
	struct call c;

	if (size < 2)
		return 0;
	memset(arena.used, 0, sizeof(arena.used));
	arena.budget = data[0] & 8 ? 0 : 1;
	if (ept_init(&ept, &ops, NULL,
		    (data[0] & 1 ? EPT_CAP_2M : 0) | (data[0] & 2 ? EPT_CAP_1G : 0) |
			    (data[0] & 4 ? EPT_CAP_ACCESSED : 0)) != VMK_OK)
		return 0;
	require(ept_pointer(&ept) >> PAGE_SHIFT == ept.root.v >> PAGE_SHIFT);
	for (size_t at = 2; at + sizeof(c) <= size && at < 2 + STEPS * sizeof(c); at += sizeof(c)) {
		memcpy(&c, data + at, sizeof(c));
		call(&ept, &c, &picture);
		require(ept_check(&ept, &bad));
		figures_operations(1);
	}
	damage(&ept, data[1], data[1] >> 2);
	arena.budget = 0;
	ept_destroy(&ept);
	for (unsigned i = 0; i < TABLES; i++)
		require(!arena.used[i]);
	return 0;
}
