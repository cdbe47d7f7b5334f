/* sources: kernel/mem/spaces.c kernel/mem/tables.c kernel/mem/gate.c kernel/mem/places.c */
/* sources: kernel/mem/space.c kernel/mem/copy.c kernel/mem/ranges.c kernel/mem/ptable.c */
/* sources: kernel/mem/foreign.c kernel/mem/frame_pool.c */
/* sources: kernel/lib/random.c kernel/lib/blake2s.c kernel/lib/chacha.c */
/* sources: kernel/lib/lock.c tests/unit/shim/machine.c tests/unit/shim/panic.c */
/* Where things go in a user space, however large they are, and the page tables that they take. */
#include "tests/unit/space_unit.h"

#define GIB (1ull << 30)
/* Of a VM of 16 GiB: below the hole and above it. */
#define LOW  (3 * GIB)
#define HIGH (13 * GIB)

static void placement_is_random(void **state)
{
	struct space *twin;
	uintptr_t a[3];

	assert_int_equal(space_create(&twin), VMK_OK);
	assert_int_equal(space_alloc(user, 1, URW, &a[0]), VMK_OK);
	assert_int_equal(space_alloc(user, 1, URW, &a[1]), VMK_OK);
	assert_int_equal(space_alloc(twin, 1, URW, &a[2]), VMK_OK);
	assert_true(a[0] != a[1] && a[0] != a[2] && a[1] != a[2]);
	assert_int_not_equal(a[0] >> 32, a[2] >> 32);
	space_destroy(twin, NULL);
}

static void tables_are_counted(void **state)
{
	uintptr_t near, far = 0x40000000;

	assert_int_equal(space_tables(user), 0);
	assert_int_equal(space_alloc(user, PAGE_SIZE, URW, &near), VMK_OK);
	assert_int_equal(space_tables(user), 3);
	assert_int_equal(space_alloc_at(user, far, PAGE_SIZE, URW), VMK_OK);
	assert_in_range(space_tables(user), 5, 6);
	assert_int_equal(space_free(user, far, PAGE_SIZE), VMK_OK);
	assert_in_range(space_tables(user), 3, 4);
}

/* Whoever else takes all there is, and however many tables the world has already. */
static void promised_tables_are_there(void **state)
{
	static struct pfn taken[MACHINE_FRAMES];
	const size_t bytes = 3 * LARGE_PAGE_BYTES;
	uint64_t spare, own, count = 0;
	uintptr_t range, before;

	assert_int_equal(space_reserve(user, 9 * LARGE_PAGE_BYTES, &before), VMK_OK);
	for (uint64_t i = 0; i < 9; i++)
		assert_int_equal(
			space_map_foreign(user, before + i * LARGE_PAGE_BYTES, hpa(0), PAGE_SIZE),
			VMK_OK);
	own = space_tables(user);
	assert_in_range(own, 1 + 1 + 9, 2 + 2 + 9);
	assert_int_equal(space_promise_tables(user, 1ull << 45, 0), VMK_NO_MEMORY);
	assert_int_equal(space_reserve(user, bytes, &range), VMK_OK);
	spare = frames_spare(FRAME_DIRECT, 0);
	assert_int_equal(space_promise_tables(user, bytes, 0), VMK_OK);
	assert_int_equal(frames_spare(FRAME_DIRECT, 0), spare - space_tables_for(bytes));
	while (frames_alloc(0, FRAME_KERNEL, &taken[count]) == VMK_OK)
		count++;
	for (size_t at = 0; at < bytes; at += PAGE_SIZE)
		assert_int_equal(space_map_foreign(user, range + at, hpa(at), PAGE_SIZE), VMK_OK);
	assert_int_equal(space_tables(user), own);
	assert_int_equal(space_alloc_at(user, 0x10000, PAGE_SIZE, URW), VMK_NO_MEMORY);
	/* What goes is free for everybody, but for as many as are promised. */
	assert_int_equal(frames_spare(FRAME_DIRECT, 0), 0);
	assert_int_equal(space_unmap_foreign(user, before, 9 * LARGE_PAGE_BYTES), VMK_OK);
	assert_int_equal(frames_spare(FRAME_DIRECT, 0), own - space_tables(user));
	assert_int_equal(space_unmap_foreign(user, range, bytes), VMK_OK);
	assert_int_equal(frames_spare(FRAME_DIRECT, 0), own - space_tables(user));
	assert_in_range(frames_spare(FRAME_DIRECT, 0), 8, own);
	while (count)
		frames_free(taken[--count], 0);
}

/* What is free lies in chunks that hold worlds' memory: no table can be had of it. */
static void tables_are_not_promised_of_others_memory(void **state)
{
	static struct pfn taken[MACHINE_FRAMES], kernels[MACHINE_FRAMES];
	const size_t bytes = 3 * LARGE_PAGE_BYTES;
	uint64_t count = 0, others = 0;
	uintptr_t range;

	assert_int_equal(space_reserve(user, bytes, &range), VMK_OK);
	assert_int_equal(space_promise_tables(user, bytes, 0), VMK_OK);
	while (frames_alloc(0, FRAME_USER, &taken[count]) == VMK_OK)
		count++;
	/* Every other one is free again. */
	for (uint64_t i = 0; i < count; i += 2)
		frames_free(taken[i], 0);
	assert_true(frames_count(FRAME_FREE) > MACHINE_FRAMES / 3);
	while (frames_alloc(0, FRAME_KERNEL, &kernels[others]) == VMK_OK)
		others++;
	assert_int_equal(space_promise_tables(user, bytes, 0), VMK_NO_MEMORY);
	for (size_t at = 0; at < bytes; at += PAGE_SIZE)
		assert_int_equal(space_map_foreign(user, range + at, hpa(at), PAGE_SIZE), VMK_OK);
	for (uint64_t i = 1; i < count; i += 2)
		frames_free(taken[i], 0);
	while (others)
		frames_free(kernels[--others], 0);
}

static void many_ranges_fit(void **state)
{
	enum { COUNT = 700 };
	static uintptr_t places[COUNT];

	for (unsigned i = 0; i < COUNT; i++) {
		assert_int_equal(space_reserve(user, PAGE_SIZE, &places[i]), VMK_OK);
		for (unsigned j = 0; j < i; j++)
			assert_true(places[i] + PAGE_SIZE < places[j] ||
				    places[i] > places[j] + PAGE_SIZE);
	}
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(space_free(user, places[i], PAGE_SIZE), VMK_OK);
}

static void placement_finds_the_last_gap(void **state)
{
	struct range items[8];
	struct ranges ranges = {items, 0, 8};
	struct range window = {0x100000, 0x100000 + 9 * PAGE_SIZE};
	uintptr_t at;

	assert_int_equal(
		ranges_place(&ranges, &window, 8 * PAGE_SIZE, PAGE_SIZE, random_below, &at),
		VMK_NO_PLACE);
	/* Pages 1 and 5 are taken: of 1..7 only 3 has both neighbours free... */
	assert_int_equal(ranges_insert(&ranges, 0x101000, 0x102000), VMK_OK);
	assert_int_equal(ranges_insert(&ranges, 0x105000, 0x106000), VMK_OK);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(
			ranges_place(&ranges, &window, PAGE_SIZE, PAGE_SIZE, random_below, &at),
			VMK_OK);
		assert_true(at == 0x103000 || at == 0x107000);
	}
	/* ...or 7; then two pages fit nowhere. */
	assert_int_equal(ranges_insert(&ranges, 0x107000, 0x108000), VMK_OK);
	assert_int_equal(
		ranges_place(&ranges, &window, 2 * PAGE_SIZE, PAGE_SIZE, random_below, &at),
		VMK_NO_PLACE);
	assert_int_equal(
		ranges_place(&ranges, &window, PAGE_SIZE, PAGE_SIZE, random_below, &at), VMK_OK);
	assert_int_equal(at, 0x103000);
}

/* --- guest RAM */

static bool is_apart(const struct range *a, const struct range *b)
{
	return a->end < b->start || b->end < a->start;
}

/* As a world has them whose heap and rings came piece by piece. */
static void scatter(unsigned count)
{
	uintptr_t at;

	for (unsigned i = 0; i < count; i++)
		assert_int_equal(space_reserve(user, (1 + i % 5) * PAGE_SIZE, &at), VMK_OK);
}

static struct range foreign(size_t bytes)
{
	const struct range *window = &user->window[AREA_DEVICES];
	uintptr_t at = 0;

	assert_int_equal(space_reserve_foreign(user, bytes, &at), VMK_OK);
	assert_true(at > window->start && at + bytes < window->end);
	return (struct range){at, at + bytes};
}

/* Whatever is scattered beside it, and wherever chance puts the lower part. */
static void any_ram_has_a_place(void **state)
{
	static const size_t sizes[] = {7 * GIB / 2, 6 * GIB, 16 * GIB};

	for (unsigned start = 0; start < 300; start++) {
		const size_t all = sizes[start % ARRAY_SIZE(sizes)];
		struct range low, high, again;

		space_destroy(user, NULL);
		assert_int_equal(space_create(&user), VMK_OK);
		scatter(start % 50);
		low = foreign(LOW);
		high = foreign(all - LOW);
		assert_true(is_apart(&low, &high));
		again = foreign(all);
		assert_true(is_apart(&again, &low) && is_apart(&again, &high));
		assert_true(ranges_overlap(&user->ranges, again.start, again.end));
	}
}

/* One mapping of all that a world may have, among others. */
static void any_mapping_has_a_place(void **state)
{
	uintptr_t at;

	for (unsigned start = 0; start < 100; start++) {
		space_destroy(user, NULL);
		assert_int_equal(space_create(&user), VMK_OK);
		scatter(15);
		assert_int_equal(space_reserve(user, 7 * GIB / 2, &at), VMK_OK);
	}
}

/* What is missing is told apart: addresses, or memory for the list of those that are taken. */
static void no_place_is_no_want_of_memory(void **state)
{
	const size_t all = SPACE_FOREIGN_BYTES - 2 * PAGE_SIZE;
	uintptr_t at;
	size_t room;

	assert_int_equal(space_foreign_room(user), all);
	assert_int_equal(space_reserve_foreign(user, all + PAGE_SIZE, &at), VMK_NO_PLACE);
	assert_int_equal(space_reserve_foreign(user, SIZE_MAX, &at), VMK_BAD_PARAM);
	assert_int_equal(space_reserve_foreign(user, 1ull << 60, &at), VMK_NO_PLACE);
	for (unsigned i = 0; i < 20; i++)
		foreign(2 * GIB);
	room = space_foreign_room(user);
	assert_in_range(room, GIB, 24 * GIB);
	assert_int_equal(space_reserve_foreign(user, room + PAGE_SIZE, &at), VMK_NO_PLACE);
	foreign(room);
	while ((room = space_foreign_room(user)) != 0)
		foreign(room);
	assert_int_equal(space_reserve_foreign(user, 1, &at), VMK_NO_PLACE);
	assert_int_equal(space_reserve(user, GIB, &at), VMK_OK);
	while (user->ranges.room - user->ranges.count >= 2)
		assert_int_equal(space_reserve(user, 1, &at), VMK_OK);
	machine_allocations_left = 0;
	assert_int_equal(space_reserve(user, 1, &at), VMK_NO_MEMORY);
}

/* Pages at its ends and around each boundary of a table within. */
static void map_edges(struct range ram, unsigned shift, uint64_t *pages)
{
	const uint64_t each = 1ull << shift;
	uint64_t frame = 0;

	for (uintptr_t at = ALIGN_UP(ram.start, each); at < ram.end; at += each) {
		assert_int_equal(
			space_map_foreign(user, at - PAGE_SIZE, hpa(frame), 2 * PAGE_SIZE), VMK_OK);
		assert_int_equal(flags_at(user, at - PAGE_SIZE) & PTE_USER, PTE_USER);
		assert_int_equal(flags_at(user, at) & PTE_USER, PTE_USER);
		assert_int_equal(flags_at(user, at + PAGE_SIZE), 0);
		frame += 2 * PAGE_SIZE;
	}
	*pages = frame / PAGE_SIZE;
}

/* Where its window lies across an entry of the PML4, 16 GiB that do likewise. */
static void ram_goes_on_beyond_a_table_of_any_level(void **state)
{
	const uintptr_t edge = 5 * PML4_SLOT_BYTES;
	const size_t bytes = 16 * GIB;
	const uint64_t spare = frames_spare(FRAME_DIRECT, 0), tables = space_tables(user);
	struct range ram;
	char byte = 'x';
	uint64_t pages;

	user->window[AREA_DEVICES] = (struct range){edge - 9 * GIB, edge + 9 * GIB};
	ram = foreign(bytes);
	assert_true(ram.start < edge && edge < ram.end);
	map_edges(ram, PDPT_SHIFT, &pages);
	assert_int_equal(pages, 2 * 16);
	assert_int_equal(space_map_foreign(user, ram.start, hpa(0), PAGE_SIZE), VMK_OK);
	assert_int_equal(space_map_foreign(user, ram.end - PAGE_SIZE, hpa(0), PAGE_SIZE), VMK_OK);
	assert_int_equal(space_map_foreign(user, ram.end, hpa(0), PAGE_SIZE), VMK_BAD_PARAM);
	assert_int_equal(space_copy_out(user, edge, &byte, 1), VMK_OK);
	assert_in_range(space_tables(user), 2 + 17 + 2, 2 + 18 + 34);
	assert_int_equal(space_unmap_foreign(user, edge - PAGE_SIZE, 2 * PAGE_SIZE), VMK_OK);
	assert_int_equal(space_copy_out(user, edge, &byte, 1), VMK_BAD_ADDRESS);
	assert_int_equal(space_map_foreign(user, edge - PAGE_SIZE, hpa(0), 2 * PAGE_SIZE), VMK_OK);
	assert_int_equal(space_unmap_foreign(user, ram.start, bytes), VMK_OK);
	/* One table for each slot of the root stays until the space ends. */
	assert_int_equal(space_tables(user), tables + 2);
	assert_int_equal(frames_spare(FRAME_DIRECT, 0), spare - 2);
	assert_int_equal(space_free(user, ram.start, bytes), VMK_OK);
}

static int fresh_and_large(void **state)
{
	machine_start_with(12000);
	free_frames = frames_count(FRAME_FREE);
	return space_create(&user) != VMK_OK;
}

/* One page of each table, in whatever order, while others take all that nobody was promised. */
static void tables_for_16_gib_are_there(void **state)
{
	static struct pfn taken[12000];
	const struct range low = foreign(LOW), high = foreign(HIGH);
	const uint64_t given = space_tables_for(LOW);
	uint64_t count = 0;

	/* The lower one's were promised to somebody already. */
	assert_int_equal(frames_promise(FRAME_DIRECT, given, 0, NULL), VMK_OK);
	assert_int_equal(space_promise_tables(user, LOW, given), VMK_OK);
	assert_int_equal(machine_promised(), given);
	assert_int_equal(space_promise_tables(user, HIGH, 0), VMK_OK);
	while (frames_alloc(0, FRAME_KERNEL, &taken[count]) == VMK_OK)
		count++;
	for (uint64_t at = 0; at < HIGH; at += LARGE_PAGE_BYTES) {
		assert_int_equal(
			space_map_foreign(user, high.end - PAGE_SIZE - at, hpa(0), PAGE_SIZE),
			VMK_OK);
		if (at < LOW)
			assert_int_equal(
				space_map_foreign(user, low.start + at, hpa(0), PAGE_SIZE), VMK_OK);
	}
	assert_int_equal(space_tables(user), 0);
	while (count)
		frames_free(taken[--count], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define LEAK_FREE(test) cmocka_unit_test_setup_teardown(test, fresh, no_leak)
		LEAK_FREE(placement_is_random),
		LEAK_FREE(tables_are_counted),
		LEAK_FREE(promised_tables_are_there),
		LEAK_FREE(tables_are_not_promised_of_others_memory),
		LEAK_FREE(many_ranges_fit),
		cmocka_unit_test_setup_teardown(placement_finds_the_last_gap, fresh, no_user_leak),
		LEAK_FREE(any_ram_has_a_place),
		LEAK_FREE(any_mapping_has_a_place),
		LEAK_FREE(no_place_is_no_want_of_memory),
		LEAK_FREE(ram_goes_on_beyond_a_table_of_any_level),
		cmocka_unit_test_setup_teardown(
			tables_for_16_gib_are_there, fresh_and_large, no_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
