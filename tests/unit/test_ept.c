/* sources: kernel/vtx/ept.c fuzz/models/ept_model.c */
/* Extended page tables: sizes, splits, refusals; then any order of changes against the model. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz/models/ept_model.h"
#include "vtx/capabilities.h"
#include "vtx/ept.h"

#define ALL_SIZES (EPT_CAP_2M | EPT_CAP_1G | EPT_CAP_ACCESSED)
#define RWX       (EPT_ACCESS | EPT_WRITE_BACK)
#define MIB       (1ull << 20)
#define GIB       (1ull << 30)

static unsigned tables, table_room;
static uint64_t owned_from, owned_to;

static uint64_t *table(void *context, struct hpa address)
{
	return (uint64_t *)(uintptr_t)address.v;
}

static enum vmk_status allocate(void *context, struct hpa *address)
{
	void *memory;

	if (!table_room)
		return VMK_NO_MEMORY;
	table_room--;
	memory = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	memset(memory, 0, PAGE_SIZE);
	*address = hpa((uintptr_t)memory);
	tables++;
	return VMK_OK;
}

static void release(void *context, struct hpa address)
{
	free((void *)(uintptr_t)address.v);
	tables--;
}

static bool owned(void *context, struct gpa gpa, struct hpa address, uint64_t bytes)
{
	return address.v >= owned_from && address.v < owned_to && bytes <= owned_to - address.v;
}

static const struct ept_ops ops = {table, allocate, release, owned};

static struct gpa gpa(uint64_t v)
{
	return (struct gpa){v};
}

static void start(struct ept *ept, uint64_t capability)
{
	table_room = 1000;
	owned_from = 0;
	owned_to = 64 * GIB;
	assert_int_equal(ept_init(ept, &ops, NULL, capability), VMK_OK);
}

static void finish(struct ept *ept)
{
	struct ept_leaf bad;

	assert_true(ept_check(ept, &bad));
	ept_destroy(ept);
	assert_int_equal(tables, 0);
}

static void test_largest_pages(void **state)
{
	static const struct {
		uint64_t capability;
		enum ept_shift shift;
	} cases[] = {{ALL_SIZES, EPT_1G}, {EPT_CAP_2M, EPT_2M}, {0, EPT_4K}};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ept_leaf leaf;
		struct ept ept;

		start(&ept, cases[i].capability);
		assert_int_equal(ept_map(&ept, gpa(GIB), hpa(2 * GIB), GIB, RWX), VMK_OK);
		assert_true(ept_find(&ept, gpa(GIB + 0x123456), &leaf));
		assert_int_equal(leaf.shift, cases[i].shift);
		assert_false(ept_find(&ept, gpa(GIB - 1), &leaf));
		assert_false(ept_find(&ept, gpa(2 * GIB), &leaf));
		finish(&ept);
	}
}

static void test_sizes_follow_alignment(void **state)
{
	struct ept_leaf leaf;
	struct ept ept;

	start(&ept, ALL_SIZES);
	/* Guest and host disagree modulo 2 MiB: only small pages fit. */
	assert_int_equal(ept_map(&ept, gpa(0), hpa(4096), 4 * MIB, RWX), VMK_OK);
	assert_true(ept_find(&ept, gpa(2 * MIB), &leaf));
	assert_int_equal(leaf.shift, EPT_4K);
	/* A page before and after a large one. */
	assert_int_equal(
		ept_map(&ept, gpa(8 * MIB - 4096), hpa(8 * MIB - 4096), 2 * MIB + 8192, RWX),
		VMK_OK);
	assert_true(ept_find(&ept, gpa(8 * MIB - 4096), &leaf));
	assert_int_equal(leaf.shift, EPT_4K);
	assert_true(ept_find(&ept, gpa(8 * MIB), &leaf));
	assert_int_equal(leaf.shift, EPT_2M);
	assert_true(ept_find(&ept, gpa(10 * MIB), &leaf));
	assert_int_equal(leaf.shift, EPT_4K);
	finish(&ept);
}

static void test_split(void **state)
{
	struct ept_leaf leaf;
	struct ept ept;
	struct hpa to;
	uint64_t bytes, generation;

	start(&ept, ALL_SIZES);
	assert_int_equal(ept_map(&ept, gpa(0), hpa(GIB), GIB, RWX), VMK_OK);
	generation = ept.generation;
	assert_int_equal(ept_unmap(&ept, gpa(5 * MIB), 4096), VMK_OK);
	assert_true(ept.generation > generation);
	assert_false(ept_find(&ept, gpa(5 * MIB), &leaf));
	assert_true(ept_translate(&ept, gpa(5 * MIB + 4096), EPT_ACCESS, &to, &bytes));
	assert_int_equal(to.v, GIB + 5 * MIB + 4096);
	assert_int_equal(bytes, 4096);
	assert_true(ept_find(&ept, gpa(6 * MIB), &leaf));
	assert_int_equal(leaf.shift, EPT_2M);
	assert_int_equal(leaf.entry & EPT_TYPE, EPT_WRITE_BACK);
	/* The hole is filled again; what is taken out in whole leaves no table behind. */
	assert_int_equal(ept_map(&ept, gpa(5 * MIB), hpa(GIB), 4096, RWX), VMK_OK);
	assert_int_equal(ept_unmap(&ept, gpa(0), GIB), VMK_OK);
	ept_reclaim(&ept, ept.generation);
	assert_int_equal(ept.tables, 1);
	finish(&ept);
}

/* What one has waited for says nothing of what another has taken out since. */
static void test_tables_stay_until_they_are_forgotten(void **state)
{
	uint64_t seen, later;
	struct ept ept;

	start(&ept, ALL_SIZES);
	for (uint64_t at = 0; at < 6 * MIB; at += 2 * MIB)
		assert_int_equal(ept_map(&ept, gpa(at), hpa(at), 4096, RWX), VMK_OK);
	assert_int_equal(ept.tables, 6);
	assert_int_equal(ept_unmap(&ept, gpa(0), 4096), VMK_OK);
	seen = ept.generation;
	assert_int_equal(ept_unmap(&ept, gpa(2 * MIB), 4096), VMK_OK);
	later = ept.generation;
	assert_int_equal(ept_unmap(&ept, gpa(4 * MIB), 4096), VMK_OK);
	ept_reclaim(&ept, 1);
	assert_int_equal(ept.tables, 6);
	ept_reclaim(&ept, seen);
	assert_int_equal(ept.tables, 5);
	ept_reclaim(&ept, seen);
	assert_int_equal(ept.tables, 5);
	ept_reclaim(&ept, later);
	assert_int_equal(ept.tables, 4);
	ept_reclaim(&ept, ept.generation);
	assert_int_equal(ept.tables, 1);
	finish(&ept);
}

static void test_protect(void **state)
{
	struct ept ept;
	struct hpa to;
	uint64_t bytes;

	start(&ept, ALL_SIZES);
	assert_int_equal(ept_map(&ept, gpa(0), hpa(0), 4 * MIB, RWX), VMK_OK);
	assert_int_equal(ept_protect(&ept, gpa(MIB), MIB, EPT_READ), VMK_OK);
	assert_true(ept_translate(&ept, gpa(MIB), EPT_READ, &to, &bytes));
	assert_false(ept_translate(&ept, gpa(MIB), EPT_WRITE, &to, &bytes));
	assert_false(ept_translate(&ept, gpa(2 * MIB - 1), EPT_EXECUTE, &to, &bytes));
	assert_true(ept_translate(&ept, gpa(2 * MIB), EPT_ACCESS, &to, &bytes));
	assert_true(ept_translate(&ept, gpa(MIB - 1), EPT_ACCESS, &to, &bytes));
	assert_int_equal(ept_protect(&ept, gpa(3 * MIB), 2 * MIB, EPT_READ), VMK_NOT_FOUND);
	assert_true(ept_translate(&ept, gpa(3 * MIB), EPT_ACCESS, &to, &bytes));
	finish(&ept);
}

static void test_refusals(void **state)
{
	struct ept ept;

	start(&ept, ALL_SIZES);
	assert_int_equal(ept_map(&ept, gpa(1), hpa(0), 4096, RWX), VMK_BAD_PARAM);
	assert_int_equal(ept_map(&ept, gpa(0), hpa(1), 4096, RWX), VMK_BAD_PARAM);
	assert_int_equal(ept_map(&ept, gpa(0), hpa(0), 0, RWX), VMK_BAD_PARAM);
	assert_int_equal(ept_map(&ept, gpa(0), hpa(0), 4095, RWX), VMK_BAD_PARAM);
	assert_int_equal(ept_map(&ept, gpa(1ull << 48), hpa(0), 4096, RWX), VMK_BAD_PARAM);
	assert_int_equal(ept_map(&ept, gpa((1ull << 48) - 4096), hpa(0), 8192, RWX), VMK_BAD_PARAM);
	assert_int_equal(ept_map(&ept, gpa(0), hpa(0), 4096, EPT_WRITE), VMK_BAD_PARAM);
	assert_int_equal(ept_map(&ept, gpa(0), hpa(~0xfffull), 4096, RWX), VMK_BAD_PARAM);
	assert_int_equal(ept_map(&ept, gpa(0), hpa(owned_to), 4096, RWX), VMK_DENIED);
	assert_int_equal(ept_map(&ept, gpa(0), hpa(owned_to - 4096), 8192, RWX), VMK_DENIED);
	assert_int_equal(ept_map(&ept, gpa(0), hpa(0), 2 * MIB, RWX), VMK_OK);
	assert_int_equal(ept_map(&ept, gpa(MIB), hpa(0), 4096, RWX), VMK_EXISTS);
	assert_int_equal(ept_protect(&ept, gpa(0), 4096, EPT_WRITE), VMK_BAD_PARAM);
	assert_int_equal(ept_unmap(&ept, gpa(0), 1), VMK_BAD_PARAM);
	finish(&ept);
}

static void test_out_of_memory_changes_nothing(void **state)
{
	struct ept_leaf leaf;
	struct ept ept;

	for (unsigned room = 0; room < 4; room++) {
		start(&ept, ALL_SIZES);
		assert_int_equal(ept_map(&ept, gpa(0), hpa(0), GIB, RWX), VMK_OK);
		table_room = room;
		/* Across a boundary of every level: five tables are needed. */
		assert_int_equal(
			ept_map(&ept, gpa(512 * GIB - 4096), hpa(0), 8192, RWX), VMK_NO_MEMORY);
		assert_false(ept_find(&ept, gpa(512 * GIB - 4096), &leaf));
		table_room = room % 2;
		assert_int_equal(ept_unmap(&ept, gpa(4096), 4096), VMK_NO_MEMORY);
		assert_true(ept_find(&ept, gpa(4096), &leaf));
		finish(&ept);
	}
}

static void test_oracle_sees(void **state)
{
	struct ept_leaf bad;
	struct ept ept;
	uint64_t *slot;

	start(&ept, 0);
	assert_int_equal(ept_map(&ept, gpa(0), hpa(0), 8192, RWX), VMK_OK);
	slot = table(NULL,
		hpa(table(NULL, hpa(table(NULL, hpa(table(NULL, ept.root)[0] & ~0xfffull))[0] &
					~0xfffull))[0] &
			~0xfffull));
	assert_true(ept_check(&ept, &bad));
	slot[1] = owned_to | RWX;
	assert_false(ept_check(&ept, &bad));
	assert_int_equal(bad.gpa.v, 4096);
	slot[1] = 4096 | EPT_WRITE | EPT_WRITE_BACK;
	assert_false(ept_check(&ept, &bad));
	slot[1] = 0;
	finish(&ept);
}

static void test_any_order(void **state)
{
	static uint8_t data[1 + 64 * 8];

	srandom(1);
	for (unsigned round = 0; round < 3000; round++) {
		for (size_t i = 0; i < sizeof(data); i++)
			data[i] = (uint8_t)(random() >> 7);
		ept_model_run(data, sizeof(data));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_largest_pages),
		cmocka_unit_test(test_sizes_follow_alignment),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_tables_stay_until_they_are_forgotten),
		cmocka_unit_test(test_protect),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_out_of_memory_changes_nothing),
		cmocka_unit_test(test_oracle_sees),
		cmocka_unit_test(test_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
