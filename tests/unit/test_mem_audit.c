/* sources: kernel/mem/gate.c */
/* sources: kernel/mem/audit.c kernel/mem/audit_frames.c kernel/mem/space.c kernel/mem/ranges.c */
/* sources: kernel/mem/ptable.c kernel/mem/frame_pool.c kernel/lib/random.c kernel/lib/blake2s.c */
/* sources: kernel/lib/chacha.c kernel/lib/lock.c tests/unit/shim/machine.c */
/* sources: kernel/mem/places.c tests/unit/shim/panic.c */
/* The audits of address spaces: each mistake alone is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "arch/x86/paging.h"
#include "mem/audit.h"
#include "tests/unit/shim/machine.h"

#define URW (PROT_USER | PROT_R | PROT_W)
#define URX (PROT_USER | PROT_R | PROT_X)

static struct space *user;
static uint64_t free_frames;

static int fresh(void **state)
{
	machine_start();
	free_frames = frames_count(FRAME_FREE);
	return space_create(&user) != VMK_OK;
}

static int no_leak(void **state)
{
	space_destroy(user);
	return frames_count(FRAME_FREE) != free_frames;
}

/* Of what tests leave in the kernel's half. */
static int no_user_leak(void **state)
{
	space_destroy(user);
	return 0;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(test) cmocka_unit_test_setup_teardown(test, fresh, no_user_leak)
		cmocka_unit_test_setup_teardown(the_audit_counts_and_finds, fresh, no_leak),
		TEST(the_audit_sees_the_kernels_half),
		TEST(the_audit_sees_the_wrong_half),
		TEST(the_audit_sees_what_has_no_guard),
		TEST(the_audit_sees_whose_frames_are_mapped),
		TEST(the_audit_sees_an_alias_of_the_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
