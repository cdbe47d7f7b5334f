#include "fuzz/models/ept_model.h"
#include "vtx/capabilities.h"
#include "vtx/ept.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A page is one of 4 KiB, or of 2 MiB, so that leaves of 1 GiB come up. */
#define FRAMES    4096u          /* pages of host memory that the VM owns, from OWNED_AT on */
#define OWNED_AT  0x40000000ull  /* aligned to 1 GiB, so that large pages come up */
#define GUEST_MID (512ull << 30) /* the guest lies across slots of the two upper levels */
#define PAGES     4096u
#define TABLES    64u
#define CPUS      2u
#define CACHED    8u
#define SAMPLE    61u /* each such page is also translated, as a guest's access is */

struct cached { /* one translation that a pCPU holds */
	unsigned page;
	uint64_t frame, access; /* access 0: none */
};

struct model {
	struct ept ept;
	unsigned shift; /* of a page */
	uint64_t tables[TABLES][512];
	bool table_used[TABLES];
	unsigned table_limit;  /* how many more may be allocated */
	uint32_t frame[PAGES]; /* + 1; 0: not mapped */
	uint8_t access[PAGES];
	struct {
		uint64_t seen;
		struct cached cache[CACHED];
		unsigned next;
		/* Tables that its paging-structure caches may lead to (SDM 29.4.1). */
		bool walks[TABLES];
	} cpu[CPUS];
};

static uint64_t page_bytes(const struct model *m)
{
	return 1ull << m->shift;
}

static void fail(const char *what, uint64_t a, uint64_t b)
{
	fprintf(stderr, "ept: %s (%#llx, %#llx)\n", what, (unsigned long long)a,
		(unsigned long long)b);
	abort();
}

static uint64_t *table(void *context, struct hpa address)
{
	struct model *m = context;
	uint64_t i = (address.v >> PAGE_SHIFT) - 1;

	if (i >= TABLES || !m->table_used[i])
		fail("a table that is not allocated is used", address.v, 0);
	return m->tables[i];
}

static enum vmk_status allocate(void *context, struct hpa *address)
{
	struct model *m = context;

	if (!m->table_limit)
		return VMK_NO_MEMORY;
	for (unsigned i = 0; i < TABLES; i++) {
		if (m->table_used[i])
			continue;
		m->table_used[i] = true;
		m->table_limit--;
		memset(m->tables[i], 0, sizeof(m->tables[i]));
		*address = hpa((i + 1ull) << PAGE_SHIFT);
		return VMK_OK;
	}
	return VMK_NO_MEMORY;
}

static void release(void *context, struct hpa address)
{
	struct model *m = context;
	const uint64_t i = (address.v >> PAGE_SHIFT) - 1;

	table(m, address);
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		if (m->cpu[cpu].walks[i])
			fail("a table is freed that a processor may still walk", address.v, cpu);
	m->table_used[i] = false;
}

static bool owned(void *context, struct gpa gpa, struct hpa address, uint64_t bytes)
{
	const uint64_t all = page_bytes(context) * FRAMES;

	return address.v >= OWNED_AT && bytes <= all && address.v - OWNED_AT <= all - bytes;
}

static const struct ept_ops ops = {table, allocate, release, owned};

static struct gpa gpa_of(const struct model *m, unsigned page)
{
	return (struct gpa){GUEST_MID + page * page_bytes(m) - PAGES / 2 * page_bytes(m)};
}

static struct hpa hpa_of(const struct model *m, unsigned frame)
{
	return hpa(OWNED_AT + frame * page_bytes(m));
}

/* --- the naive side of each operation --- */

static enum vmk_status naive_map(
	struct model *m, unsigned page, unsigned frame, unsigned count, uint64_t access)
{
	if (frame + count > FRAMES)
		return VMK_DENIED;
	for (unsigned i = 0; i < count; i++)
		if (m->frame[page + i])
			return VMK_EXISTS;
	for (unsigned i = 0; i < count; i++) {
		m->frame[page + i] = frame + i + 1;
		m->access[page + i] = (uint8_t)access;
	}
	return VMK_OK;
}

static void naive_unmap(struct model *m, unsigned page, unsigned count)
{
	memset(&m->frame[page], 0, count * sizeof(m->frame[0]));
	memset(&m->access[page], 0, count);
}

static enum vmk_status naive_protect(
	struct model *m, unsigned page, unsigned count, uint64_t access)
{
	for (unsigned i = 0; i < count; i++)
		if (!m->frame[page + i])
			return VMK_NOT_FOUND;
	memset(&m->access[page], (int)access, count);
	return VMK_OK;
}

/* --- processors --- */

static void invept(struct model *m, unsigned cpu)
{
	memset(m->cpu[cpu].cache, 0, sizeof(m->cpu[cpu].cache));
	memset(m->cpu[cpu].walks, 0, sizeof(m->cpu[cpu].walks));
	m->cpu[cpu].seen = m->ept.generation;
}

static uint64_t seen_by_all(const struct model *m)
{
	uint64_t seen = m->cpu[0].seen;

	for (unsigned cpu = 1; cpu < CPUS; cpu++)
		seen = MIN(seen, m->cpu[cpu].seen);
	return seen;
}

/* A walk remembers each table that an entry has led to; the root is in the VMCS. */
static void walk(struct model *m, unsigned cpu, unsigned page)
{
	const uint64_t *entries = table(m, m->ept.root);

	for (int shift = 39; shift > PAGE_SHIFT; shift -= 9) {
		const uint64_t entry = entries[gpa_of(m, page).v >> shift & 511];

		if (!(entry & EPT_ACCESS) || (entry & EPT_LARGE))
			return;
		entries = table(m, hpa(entry & 0xffffffffff000ull));
		m->cpu[cpu].walks[(entry & 0xffffffffff000ull) / PAGE_SIZE - 1] = true;
	}
}

/* A guest access: from the cache if it allows it, else by a walk that fills the cache. */
static void touch(struct model *m, unsigned cpu, unsigned page, uint64_t access)
{
	struct ept_leaf leaf;

	for (unsigned i = 0; i < CACHED; i++) {
		const struct cached *c = &m->cpu[cpu].cache[i];

		if (c->page == page && (c->access & access) == access)
			return;
	}
	walk(m, cpu, page);
	if (!ept_find(&m->ept, gpa_of(m, page), &leaf) || (leaf.entry & access) != access)
		return;
	m->cpu[cpu].cache[m->cpu[cpu].next++ % CACHED] = (struct cached){page,
		(((leaf.entry & 0xffffffffff000ull & ~((1ull << leaf.shift) - 1)) - OWNED_AT) >>
			m->shift) +
			((gpa_of(m, page).v - leaf.gpa.v) >> m->shift),
		leaf.entry & EPT_ACCESS};
}

/* A pCPU that has seen the generation holds nothing that the tables do not say. */
static void check_caches(const struct model *m)
{
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		for (unsigned i = 0; i < CACHED; i++) {
			const struct cached *c = &m->cpu[cpu].cache[i];

			if (!c->access || m->cpu[cpu].seen != m->ept.generation)
				continue;
			if (m->frame[c->page] != c->frame + 1 ||
				(c->access & ~(uint64_t)m->access[c->page]))
				fail("a stale translation, and no INVEPT is due", c->page,
					c->frame);
		}
}

struct comparison {
	const struct model *m;
	unsigned pages; /* that the tables map */
};

/* A leaf maps what the naive model says, each page of it. */
static bool compare_leaf(void *context, const struct ept_leaf *leaf)
{
	struct comparison *c = context;
	const struct model *m = c->m;
	const uint64_t to = leaf->entry & 0xffffffffff000ull & ~((1ull << leaf->shift) - 1);
	const uint64_t from = leaf->gpa.v - gpa_of(m, 0).v;
	const unsigned count = 1u << (leaf->shift - m->shift);

	if (from >= PAGES * page_bytes(m))
		fail("a mapping that nobody asked for", leaf->gpa.v, leaf->entry);
	for (unsigned i = 0; i < count; i++) {
		const unsigned page = (unsigned)(from >> m->shift) + i;

		if (page >= PAGES || !m->frame[page])
			fail("mapped, but should not be", page, leaf->entry);
		if (to + i * page_bytes(m) != hpa_of(m, m->frame[page] - 1).v)
			fail("mapped to the wrong frame", page, to);
		if ((leaf->entry & EPT_ACCESS) != m->access[page])
			fail("allows another access than it should", page, leaf->entry);
	}
	c->pages += count;
	return true;
}

/* The way that a guest's access takes gives the same as the walk over all. */
static void check_page(const struct model *m, unsigned page)
{
	uint64_t bytes;
	struct hpa to;
	bool is = ept_translate(&m->ept, gpa_of(m, page), EPT_READ, &to, &bytes);

	if (is != (m->frame[page] != 0))
		fail(is ? "mapped, but should not be" : "not mapped, but should be", page, 0);
	if (is && to.v != hpa_of(m, m->frame[page] - 1).v)
		fail("translated to the wrong frame", page, to.v);
	if (is && ept_translate(&m->ept, gpa_of(m, page), m->access[page], &to, &bytes) == false)
		fail("allows less than it should", page, m->access[page]);
	if (is && m->access[page] != EPT_ACCESS &&
		ept_translate(&m->ept, gpa_of(m, page), EPT_ACCESS, &to, &bytes))
		fail("allows more than it should", page, m->access[page]);
}

static void check_all(struct model *m)
{
	struct comparison c = {.m = m};
	struct ept_leaf bad;
	unsigned mapped = 0;

	/* A second walk over all: in every other state. */
	if (m->ept.generation % 2 == 0 && !ept_check(&m->ept, &bad))
		fail("the oracle names a leaf", bad.gpa.v, bad.entry);
	check_caches(m);
	ept_walk(&m->ept, compare_leaf, &c);
	for (unsigned page = 0; page < PAGES; page++)
		mapped += m->frame[page] != 0;
	if (mapped != c.pages)
		fail("not mapped, but should be", mapped, c.pages);
	for (unsigned page = m->ept.generation % SAMPLE; page < PAGES; page += SAMPLE)
		check_page(m, page);
}

/* One operation: 8 bytes {what, access, page, frame, count}. */
struct op {
	uint8_t what, access;
	uint16_t page, frame, count;
};

/* Counts that are large pages come up often; most of the others are small. */
static unsigned count_of(const struct op *op)
{
	static const unsigned whole[] = {1, 2, 512, 1024, 511, 513, 4096, 16};
	unsigned count = op->count % (op->count & 0x4000 ? PAGES : 64) + 1;
	unsigned page = op->page % PAGES;

	if (op->count & 0x8000)
		count = whole[op->count & 7];
	return count > PAGES - page ? PAGES - page : count;
}

static void apply(struct model *m, const struct op *op)
{
	/* Reading without write but with execute exists too. */
	const uint64_t access = EPT_READ | (op->access & (EPT_WRITE | EPT_EXECUTE));
	const unsigned page = op->page % PAGES, frame = op->frame % FRAMES, count = count_of(op);
	const unsigned room = op->what & 0x80 ? op->access >> 4 : TABLES;
	const uint64_t bytes = count * page_bytes(m);
	enum vmk_status got = VMK_OK, expected = VMK_OK;

	m->table_limit = room;
	switch (op->what & 7) {
	case 0:
	case 1:
		got = ept_map(
			&m->ept, gpa_of(m, page), hpa_of(m, frame), bytes, access | EPT_WRITE_BACK);
		if (got != VMK_NO_MEMORY)
			expected = naive_map(m, page, frame, count, access);
		break;
	case 2:
		got = ept_unmap(&m->ept, gpa_of(m, page), bytes);
		if (got == VMK_OK)
			naive_unmap(m, page, count);
		break;
	case 3:
		got = ept_protect(&m->ept, gpa_of(m, page), bytes, access);
		if (got != VMK_NO_MEMORY)
			expected = naive_protect(m, page, count, access);
		break;
	case 4:
	case 5:
		touch(m, op->what >> 3 & 1, page, access);
		break;
	case 6:
		invept(m, op->what >> 3 & 1);
		break;
	default:
		for (unsigned cpu = 0; cpu < CPUS && !(op->what & 8); cpu++)
			invept(m, cpu);
		ept_reclaim(&m->ept, seen_by_all(m));
	}
	if (got != VMK_NO_MEMORY && got != expected)
		fail("another status than expected", got, expected);
}

unsigned ept_model_run(const uint8_t *data, size_t size)
{
	static struct model m;
	unsigned ops_done = 0;
	uint64_t capability = EPT_CAP_ACCESSED;

	if (size < 1)
		return 0;
	/* The tables themselves are cleared as they are allocated. */
	memset(&m.ept, 0, sizeof(m.ept));
	memset(m.table_used, 0, sizeof(m.table_used));
	memset(m.frame, 0, sizeof(m.frame));
	memset(m.access, 0, sizeof(m.access));
	memset(m.cpu, 0, sizeof(m.cpu));
	m.table_limit = TABLES;
	m.shift = data[0] & 4 ? EPT_2M : EPT_4K;
	capability |= data[0] & 5 ? EPT_CAP_2M : 0;
	capability |= data[0] & 2 ? EPT_CAP_1G : 0;
	if (ept_init(&m.ept, &ops, &m, capability) != VMK_OK)
		fail("no first table", 0, 0);
	for (size_t at = 1; at + sizeof(struct op) <= size && ops_done < 64;
		at += sizeof(struct op)) {
		struct op op;

		memcpy(&op, data + at, sizeof(op));
		apply(&m, &op);
		check_caches(&m);
		ops_done++;
		if (data[0] >> 6 == 3) /* a fourth of all inputs */
			check_all(&m);
	}
	check_all(&m);
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		invept(&m, cpu);
	ept_destroy(&m.ept);
	for (unsigned i = 0; i < TABLES; i++)
		if (m.table_used[i])
			fail("a table is left over", i, 0);
	return ops_done;
}
