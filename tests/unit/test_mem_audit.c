/* sources: kernel/mem/spaces.c kernel/mem/tables.c */
/* sources: kernel/mem/gate.c kernel/mem/foreign.c */
/* sources: kernel/mem/audit.c kernel/mem/audit_frames.c kernel/mem/space.c kernel/mem/ranges.c */
/* sources: kernel/mem/ptable.c kernel/mem/frame_pool.c kernel/lib/random.c kernel/lib/blake2s.c */
/* sources: kernel/lib/chacha.c kernel/lib/lock.c tests/unit/shim/machine.c */
/* sources: kernel/mem/audit_places.c kernel/mem/audit_free.c */
/* sources: kernel/mem/places.c tests/unit/shim/panic.c */
/* The audits of address spaces: each mistake alone is seen. */
#include "mem/audit.h"
#include "mem/frame_pool.h"
#include "mem/places.h"
#include "tests/unit/space_unit.h"

struct pieces {
	uint64_t leaves;
	uintptr_t last;
	uint32_t turn; /* of the space's lock */
	unsigned count;
};

static void note_piece(void *context, const struct ptable_leaf *leaf)
{
	struct pieces *p = context;

	assert_true(!p->leaves || leaf->address > p->last);
	p->count += !p->leaves || user->lock.serving != p->turn;
	p->turn = user->lock.serving;
	p->last = leaf->address;
	p->leaves++;
}

/* Interrupts are off where a lock is held: not for all of a large world's memory, as is a VM's. */
static void worlds_are_walked_in_pieces(void **state)
{
	const uint64_t pages = 1300;
	struct pieces p = {0};
	struct space *twin;
	uintptr_t at;

	space_walk_users(note_piece, &p);
	assert_int_equal(p.leaves, 0);
	assert_int_equal(space_reserve(user, pages * PAGE_SIZE, &at), VMK_OK);
	assert_int_equal(space_map_foreign(user, at, hpa(0), pages * PAGE_SIZE), VMK_OK);
	space_walk_users(note_piece, &p);
	assert_int_equal(p.leaves, pages);
	assert_int_equal(p.count, 3);
	assert_int_equal(space_create(&twin), VMK_OK);
	p = (struct pieces){0};
	space_walk_users(note_piece, &p);
	assert_int_equal(p.leaves, pages);
	space_destroy(twin, NULL);
}

static void the_audit_counts_and_finds(void **state)
{
	struct audit_result r;
	uint64_t before;
	uintptr_t a;
	uint64_t *entry;

	audit_wx(&r);
	before = r.mappings;
	assert_int_equal(r.violations, 0);
	assert_int_equal(space_alloc(user, 2 * PAGE_SIZE, URW, &a), VMK_OK);
	assert_int_equal(space_alloc_at(user, 0x400000, PAGE_SIZE, URX), VMK_OK);
	audit_wx(&r);
	assert_int_equal(r.mappings, before + 3);
	assert_int_equal(r.user, 3);
	assert_int_equal(r.executable, 1);
	assert_int_equal(r.violations, 0);

	/* A bit flips in a page table: */
	entry = direct_map(user->table.root);
	for (unsigned shift = PML4_SHIFT; shift >= PT_SHIFT; shift -= 9) {
		entry += ptable_index(0x400000, shift);
		if (shift > PT_SHIFT)
			entry = direct_map(hpa(*entry & PTE_FRAME));
	}
	*entry |= PTE_WRITE;
	audit_wx(&r);
	assert_int_equal(r.violations, 1);
	assert_int_equal(r.first_violation, 0x400000);
	*entry &= ~PTE_WRITE;
}

static void the_audit_sees_the_kernels_half(void **state)
{
	struct audit_result r;
	uintptr_t a;

	assert_int_equal(ptable_map(&kernel_space()->table, KERNEL_HALF + (100ull << 39), hpa(0),
				 PAGE_SIZE, PTE_PRESENT | PTE_WRITE, PT_SHIFT),
		VMK_OK);
	assert_int_equal(space_alloc(kernel_space(), 1, PROT_R | PROT_X, &a), VMK_OK);
	audit_wx(&r);
	assert_int_equal(r.violations, 1);
	assert_int_equal(r.first_violation, KERNEL_HALF + (100ull << 39));
	assert_int_equal(r.executable, 2);
}

/* What is left of an identity mapping would let ring 0 run what lies at low addresses. */
static void the_audit_sees_the_wrong_half(void **state)
{
	const uint64_t flags[] = {PTE_PRESENT, PTE_PRESENT | PTE_USER | PTE_NX};
	struct audit_result r;

	for (unsigned i = 0; i < ARRAY_SIZE(flags); i++) {
		uintptr_t at = 0x200000 + i * PAGE_SIZE;

		assert_int_equal(ptable_map(&kernel_space()->table, at, hpa(0), PAGE_SIZE, flags[i],
					 PT_SHIFT),
			VMK_OK);
		audit_wx(&r);
		assert_int_equal(r.violations, 1);
		assert_int_equal(r.first_violation, at);
		ptable_drop(&kernel_space()->table, at, PAGE_SIZE, NULL);
	}
	assert_int_equal(
		ptable_map(&user->table, 0x200000, hpa(0), PAGE_SIZE, PTE_PRESENT, PT_SHIFT),
		VMK_OK);
	audit_wx(&r);
	assert_int_equal(r.violations, 1);
	assert_int_equal(r.first_violation, 0x200000);
}

static void the_audit_sees_what_has_no_guard(void **state)
{
	struct audit_guards r;
	uintptr_t a;

	audit_guards(&r);
	assert_int_equal(r.spaces, 2);
	assert_int_equal(r.unguarded, 0);
	assert_int_equal(r.null_pages, 0);
	assert_int_equal(space_alloc(kernel_space(), 1, PROT_R | PROT_W, &a), VMK_OK);
	audit_guards(&r);
	assert_int_not_equal(r.ranges, 0);
	assert_int_equal(r.unguarded, 0);
	assert_int_equal(ptable_map(&kernel_space()->table, a + PAGE_SIZE, hpa(0), PAGE_SIZE,
				 PTE_PRESENT, PT_SHIFT),
		VMK_OK);
	audit_guards(&r);
	assert_int_equal(r.unguarded, 1);
	assert_int_equal(
		ptable_map(&user->table, 0, hpa(0), PAGE_SIZE, PTE_PRESENT | PTE_USER, PT_SHIFT),
		VMK_OK);
	audit_guards(&r);
	assert_int_equal(r.null_pages, 1);
}

/* A page of the user world, mapped again where the kernel or another world should not have it. */
static void the_audit_sees_whose_frames_are_mapped(void **state)
{
	const uintptr_t stray = KERNEL_HALF + (100ull << 39);
	const uint64_t nx = PTE_PRESENT | PTE_WRITE | PTE_NX;
	struct ptable_leaf data, text;
	struct audit_frames r;
	uintptr_t a, b;

	assert_int_equal(space_alloc(user, 1, URW, &a), VMK_OK);
	assert_int_equal(space_alloc(user, 1, URX, &b), VMK_OK);
	assert_int_equal(space_alloc(kernel_space(), 1, PROT_R | PROT_X, &(uintptr_t){0}), VMK_OK);
	assert_int_equal(space_alloc(kernel_space(), 1, PROT_R | PROT_W, &(uintptr_t){0}), VMK_OK);
	assert_true(ptable_find(&user->table, a, &data) && ptable_find(&user->table, b, &text));
	audit_frames(&r);
	assert_int_equal(r.mappings, 4);
	assert_int_equal(r.executable, 2);
	assert_int_equal(r.exposed + r.strange + r.loose + r.writable_aliases, 0);

	assert_int_equal(ptable_map(&kernel_space()->table, stray, hpa(data.entry & PTE_FRAME),
				 PAGE_SIZE, nx, PT_SHIFT),
		VMK_OK);
	audit_frames(&r);
	assert_int_equal(r.exposed, 1);
	assert_int_equal(r.writable_aliases, 0);
	ptable_drop(&kernel_space()->table, stray, PAGE_SIZE, NULL);

	/* In a large page, among other frames. */
	assert_int_equal(ptable_map(&kernel_space()->table, stray + LARGE_PAGE_BYTES,
				 hpa(ALIGN_DOWN(data.entry & PTE_FRAME, LARGE_PAGE_BYTES)),
				 LARGE_PAGE_BYTES, nx, PD_SHIFT),
		VMK_OK);
	audit_frames(&r);
	assert_int_equal(r.exposed, 1);
	ptable_drop(&kernel_space()->table, stray + LARGE_PAGE_BYTES, LARGE_PAGE_BYTES, NULL);

	assert_int_equal(ptable_map(&user->table, 0x200000, hpa(text.entry & PTE_FRAME), PAGE_SIZE,
				 nx | PTE_USER, PT_SHIFT),
		VMK_OK);
	audit_frames(&r);
	assert_int_equal(r.writable_aliases, 1);
	assert_int_equal(r.strange, 0);
	ptable_drop(&user->table, 0x200000, PAGE_SIZE, NULL);

	assert_int_equal(ptable_map(&user->table, 0x200000, hpa(data.entry & PTE_FRAME), PAGE_SIZE,
				 PTE_PRESENT | PTE_USER, PT_SHIFT),
		VMK_OK);
	audit_frames(&r);
	assert_int_equal(r.loose, 1);
	ptable_drop(&user->table, 0x200000, PAGE_SIZE, NULL);

	assert_int_equal(ptable_map(&user->table, 0x200000, user->table.root, PAGE_SIZE,
				 nx | PTE_USER, PT_SHIFT),
		VMK_OK);
	audit_frames(&r);
	assert_int_equal(r.strange, 1);
	ptable_drop(&user->table, 0x200000, PAGE_SIZE, NULL);
}

/* Frame 0 was never the pool's, as those of the image. */
static void the_audit_sees_an_alias_of_the_image(void **state)
{
	const uintptr_t stray = KERNEL_HALF + (100ull << 39);
	struct audit_frames r;

	assert_int_equal(
		ptable_map(&kernel_space()->table, stray, hpa(0), PAGE_SIZE, PTE_PRESENT, PT_SHIFT),
		VMK_OK);
	audit_frames(&r);
	assert_int_equal(r.executable, 1);
	assert_int_equal(r.loose + r.writable_aliases, 0);
	assert_int_equal(ptable_map(&kernel_space()->table, stray + LARGE_PAGE_BYTES, hpa(0),
				 LARGE_PAGE_BYTES, PTE_PRESENT | PTE_WRITE | PTE_NX, PD_SHIFT),
		VMK_OK);
	audit_frames(&r);
	assert_int_equal(r.writable_aliases, 1);
}

/* --- places */

#define IMAGE_START (IMAGE_WINDOW + 77 * PAGE_SIZE)

static struct audit_places places_now(void)
{
	const struct range image = {IMAGE_START, IMAGE_START + 16 * PAGE_SIZE};
	/* Behind the last slot that draw_places() gives. */
	const struct range direct = {
		KERNEL_HALF + 5 * LARGE_PAGE_BYTES, KERNEL_HALF + 9 * LARGE_PAGE_BYTES};
	struct audit_places found;

	audit_places(&image, &direct, &found);
	return found;
}

/* The machine's areas have fixed places. */
static void draw_places(void)
{
	struct places places;

	do {
		assert_int_equal(
			places_choose(&places, 4 * LARGE_PAGE_BYTES, 1ull << 30, random_below),
			VMK_OK);
	} while (places.window[AREA_IMAGES].start < KERNEL_HALF + PML4_SLOT_BYTES ||
		 places.taken[PTABLE_ENTRIES / 2]);
	memcpy(kernel_space()->window, places.window, sizeof(places.window));
	kernel_space()->half = places.window[AREA_IMAGES];
}

static void the_audit_sees_what_was_not_drawn(void **state)
{
	struct range *window = kernel_space()->window;
	struct audit_places found = places_now();
	struct space *other;
	uintptr_t a;

	assert_int_equal(found.plain, AREA_COUNT);
	assert_int_equal(found.tied, AREA_COUNT * (AREA_COUNT - 1) / 2);
	draw_places();
	assert_int_equal(space_alloc(kernel_space(), 1, PROT_R | PROT_W, &a), VMK_OK);
	assert_int_equal(space_create(&other), VMK_OK);
	found = places_now();
	assert_int_equal(found.plain + found.tied + found.strays, 0);
	assert_int_equal(found.regions, 2 + AREA_COUNT + 2 * 4);

	/* One slot further, and in the same one. */
	window[AREA_STACKS].start = window[AREA_PAGES].start + PML4_SLOT_BYTES;
	window[AREA_STACKS].end = window[AREA_PAGES].end + PML4_SLOT_BYTES;
	assert_int_equal(places_now().tied, 1);
	window[AREA_STACKS].start = window[AREA_PAGES].start + PAGE_SIZE;
	window[AREA_STACKS].end = window[AREA_PAGES].end + PAGE_SIZE;
	assert_int_equal(places_now().tied, 1);
	draw_places();

	/* What was mapped in the old area is in none now. */
	assert_int_equal(places_now().strays, 1);

	other->window[AREA_STACKS] = user->window[AREA_STACKS];
	assert_int_equal(places_now().tied, 1);
	other->window[AREA_STACKS].start = USER_START;
	assert_int_equal(places_now().plain, 1);
	space_destroy(other, NULL);
}

static void the_audit_sees_neighbours(void **state)
{
	struct ranges *ranges = &kernel_space()->ranges;
	const uintptr_t at = kernel_space()->window[AREA_PAGES].start;

	for (unsigned i = 0; i < 10; i++) {
		uintptr_t start = at + i * (i < 5 ? 2 : 3) * PAGE_SIZE;

		assert_int_equal(ranges_insert(ranges, start, start + PAGE_SIZE), VMK_OK);
	}
	assert_int_equal(places_now().ranges, 10);
	assert_int_equal(places_now().close, 4);
}

/* --- page tables */

#define SPREAD 100u

/* But for those that were used before. */
static uint64_t frames_used(void)
{
	return free_frames - frames_count(FRAME_FREE);
}

/* The same things need more tables or fewer, wherever chance puts them; those that lead nowhere are
 * not among them. */
static void the_audit_counts_tables_that_chance_wants(void **state)
{
	struct space *kernel = kernel_space();
	const uint64_t none = audit_tables();
	uint64_t least = UINT64_MAX, most = 0, others = 0;
	uintptr_t at[SPREAD];

	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < SPREAD; i++)
			assert_int_equal(area_alloc(kernel, AREA_SLABS, PAGE_SIZE, PAGE_SIZE,
						 PROT_R | PROT_W, FRAME_HEAP, &at[i]),
				VMK_OK);
		least = MIN(least, audit_tables());
		most = MAX(most, audit_tables());
		assert_true(!round || frames_used() - audit_tables() == others);
		others = frames_used() - audit_tables();
		for (unsigned i = 0; i < SPREAD; i++)
			assert_int_equal(space_release(kernel, at[i], PAGE_SIZE), VMK_OK);
	}
	assert_true(least < most);
	assert_int_equal(audit_tables(), none);
	assert_int_equal(
		ptable_map(&kernel->table, at[0], hpa(0), PAGE_SIZE, PTE_PRESENT, PT_SHIFT),
		VMK_OK);
	assert_true(audit_tables() > none);
	ptable_drop(&kernel->table, at[0], PAGE_SIZE, NULL);
	assert_int_equal(audit_tables(), none);
	assert_true(frames_count(FRAME_PTABLE) > none);
}

/* --- free frames */

#define POOL_FRAMES 64u

static uint64_t dirty_frame;

static bool is_zero(uint64_t frame)
{
	return frame != dirty_frame;
}

static struct audit_free free_now(const struct frame_pool *pool, unsigned looks)
{
	struct audit_free found = {0};
	uint64_t below = POOL_FRAMES;

	while (audit_free_next(pool, &below, looks, is_zero, &found))
		;
	return found;
}

/* Those that nobody had hold what was there before the boot: they are cleared when they are given
 * out. */
static void the_audit_looks_at_what_was_given_back(void **state)
{
	struct frame_pool pool;
	uint64_t memory[512] = {0}, first, other;

	assert_true(frame_pool_bytes(POOL_FRAMES) <= sizeof(memory));
	frame_pool_init(&pool, POOL_FRAMES, memory);
	frame_pool_add(&pool, 1, POOL_FRAMES - 1);
	assert_int_equal(free_now(&pool, POOL_FRAMES).frames, 0);
	assert_int_equal(frame_pool_alloc(&pool, 2, FRAME_HEAP, POOL_FRAMES, &first), VMK_OK);
	assert_int_equal(frame_pool_alloc(&pool, 0, FRAME_HEAP, POOL_FRAMES, &other), VMK_OK);
	for (unsigned i = 0; i < 4; i++)
		assert_true(frame_pool_take_dirty(&pool, first + i));
	assert_int_equal(free_now(&pool, POOL_FRAMES).frames, 0);
	frame_pool_free(&pool, first, 2);
	dirty_frame = 0;
	assert_int_equal(free_now(&pool, POOL_FRAMES).frames, 4);
	assert_int_equal(free_now(&pool, POOL_FRAMES).dirty, 0);
	dirty_frame = first + 2;
	assert_int_equal(free_now(&pool, POOL_FRAMES).dirty, 1);
	/* It goes no further than it is told. */
	first = POOL_FRAMES;
	assert_false(audit_free_next(&pool, &first, 0, is_zero, &(struct audit_free){0}));
	assert_int_equal(first, POOL_FRAMES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(test) cmocka_unit_test_setup_teardown(test, fresh, no_user_leak)
		cmocka_unit_test_setup_teardown(worlds_are_walked_in_pieces, fresh, no_leak),
		cmocka_unit_test_setup_teardown(the_audit_counts_and_finds, fresh, no_leak),
		TEST(the_audit_sees_the_kernels_half),
		TEST(the_audit_sees_the_wrong_half),
		TEST(the_audit_sees_what_has_no_guard),
		TEST(the_audit_sees_whose_frames_are_mapped),
		TEST(the_audit_sees_an_alias_of_the_image),
		TEST(the_audit_sees_what_was_not_drawn),
		TEST(the_audit_sees_neighbours),
		TEST(the_audit_counts_tables_that_chance_wants),
		cmocka_unit_test(the_audit_looks_at_what_was_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
