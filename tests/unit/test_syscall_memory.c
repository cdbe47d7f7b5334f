/* sources: tests/unit/shim/audit.c */
/* sources: kernel/vmkuser/syscall.c kernel/vmkuser/call_memory.c kernel/vmkuser/call_world.c */
/* sources: kernel/vmkuser/call_net.c kernel/vmkuser/call_trust.c kernel/vmkuser/handle.c */
/* sources: kernel/vmkuser/budget.c kernel/vmkuser/call_tty.c kernel/vmkuser/call_system.c */
/* sources: kernel/vmkuser/call_handle.c kernel/vmkuser/secdomain.c kernel/vmkmod/domain.c */
/* sources: kernel/lib/lock.c tests/unit/shim/panic.c */
/* sources: tests/unit/shim/world_kernel.c tests/unit/shim/vm_kernel.c */
/* sources: kernel/vmkuser/call_vm.c kernel/vmkvm/life.c */
/* What a world maps, gives back and protects, and what it may have. */
#include "tests/unit/syscall_unit.h"

static void test_map_limits(void **state)
{
	uint64_t used = world.memory_used;

	assert_int_equal(used, 2 * PAGE_SIZE);
	assert_int_equal(call(VMK_SYS_MAP, 0, VMK_PROT_READ, 0, 0, 0), VMK_BAD_PARAM);
	assert_int_equal(call(VMK_SYS_MAP, PAGE_SIZE, PROT_X, 0, 0, 0), VMK_DENIED);
	assert_int_equal(call(VMK_SYS_MAP, PAGE_SIZE, 1ull << 32, 0, 0, 0), VMK_BAD_PARAM);
	assert_int_equal(call(VMK_SYS_MAP, UINT64_MAX, VMK_PROT_READ, 0, 0, 0), VMK_NO_MEMORY);
	assert_int_equal(call(VMK_SYS_MAP, world.memory_limit - used + 1, VMK_PROT_READ, 0, 0, 0),
		VMK_NO_MEMORY);
	assert_int_equal(world.memory_used, used);
	assert_int_equal(
		call(VMK_SYS_MAP, world.memory_limit - used, VMK_PROT_READ, 0, 0, 0), VMK_OK);
	assert_int_equal(world.memory_used, world.memory_limit);
	assert_int_equal(call(VMK_SYS_MAP, 1, VMK_PROT_READ, 0, 0, 0), VMK_NO_MEMORY);
}

/* A world that maps here and there pays for the tables, and nobody else does. */
static void test_tables_count(void **state)
{
	const uint64_t used = world.memory_used;
	uint64_t address[4];

	sim.space.each_table = 1;
	world.memory_limit = used + 10 * PAGE_SIZE;
	/* Two pages and a table each for those that were there as well. */
	for (unsigned i = 0; i < ARRAY_SIZE(address); i++) {
		assert_int_equal(call(VMK_SYS_MAP, PAGE_SIZE, 3, 0, 0, 0), VMK_OK);
		address[i] = value;
	}
	assert_int_equal(world.memory_used, world.memory_limit);
	assert_int_equal(call(VMK_SYS_MAP, PAGE_SIZE, 3, 0, 0, 0), VMK_NO_MEMORY);
	assert_int_equal(call(VMK_SYS_UNMAP, address[1], PAGE_SIZE, 0, 0, 0), VMK_OK);
	assert_int_equal(world.memory_used, world.memory_limit - 2 * PAGE_SIZE);
	/* The page fits, its table does not: nothing is left of it. */
	world.memory_limit -= PAGE_SIZE;
	assert_int_equal(call(VMK_SYS_MAP, PAGE_SIZE, 3, 0, 0, 0), VMK_NO_MEMORY);
	assert_int_equal(world.memory_used, world.memory_limit - PAGE_SIZE);
	assert_int_equal(sim.space.mapped, 5);
}

/* Larger than what is mapped or unmapped in one go; half of it fails. */
static void test_large_mapping(void **state)
{
	uint64_t large = 700 << 10, used = world.memory_used, pages = sim.space.mapped, address;

	assert_int_equal(call(VMK_SYS_MAP, large, 3, 0, 0, 0), VMK_OK);
	address = value;
	assert_int_equal(world.memory_used, used + large);
	assert_int_equal(sim.space.mapped, pages + large / PAGE_SIZE);
	assert_int_equal(call(VMK_SYS_UNMAP, address, large, 0, 0, 0), VMK_OK);
	assert_int_equal(world.memory_used, used);
	assert_int_equal(sim.space.mapped, pages);
	world.memory_limit = 1ull << 30;
	sim.pages_left = 100;
	assert_int_equal(call(VMK_SYS_MAP, large, 3, 0, 0, 0), VMK_NO_MEMORY);
	assert_int_equal(world.memory_used, used);
	assert_int_equal(sim.space.mapped, pages);
	/* All of it has come but for a table, and goes part by part, too. */
	sim.pages_left = 1000;
	sim.space.each_table = 1000;
	world.memory_limit = used + large;
	assert_int_equal(call(VMK_SYS_MAP, large, 3, 0, 0, 0), VMK_NO_MEMORY);
	assert_int_equal(world.memory_used, used + PAGE_SIZE);
	assert_int_equal(sim.space.mapped, pages);
	assert_int_equal(sim.space.most_freed, (256 << 10) / PAGE_SIZE);
}

/* In parts, between which others have their turn: what one part lacks does not undo those before.
 */
static void test_large_protection(void **state)
{
	const uint64_t large = 700 << 10;
	uint64_t address;

	assert_int_equal(call(VMK_SYS_MAP, large, 3, 0, 0, 0), VMK_OK);
	address = value;
	assert_int_equal(call(VMK_SYS_PROTECT, address, large, VMK_PROT_READ, 0, 0), VMK_OK);
	for (uint64_t at = 0; at < large; at += PAGE_SIZE)
		assert_int_equal(sim_page_at(&sim.space, address + at)->prot, PROT_USER | PROT_R);
	assert_int_equal(
		call(VMK_SYS_UNMAP, address + large - PAGE_SIZE, PAGE_SIZE, 0, 0, 0), VMK_OK);
	assert_int_not_equal(call(VMK_SYS_PROTECT, address, large, 3, 0, 0), VMK_OK);
	assert_true(sim_page_at(&sim.space, address)->prot & PROT_W);
	assert_false(sim_page_at(&sim.space, address + (512 << 10))->prot & PROT_W);
}

/* What others can count on is not given away, whatever the limit says. */
static void test_map_leaves_memory_to_others(void **state)
{
	world.memory_limit = 1ull << 40;
	sim.frames_free = (MEMORY_KERNEL + MEMORY_GUARANTEE + MEMORY_GUARANTEE) / PAGE_SIZE;
	assert_int_equal(
		call(VMK_SYS_MAP, MEMORY_GUARANTEE + PAGE_SIZE, 3, 0, 0, 0), VMK_NO_MEMORY);
	assert_int_equal(call(VMK_SYS_MAP, MEMORY_GUARANTEE / 2, 3, 0, 0, 0), VMK_OK);
	world.memory_used = MEMORY_GUARANTEE;
	assert_int_equal(call(VMK_SYS_MAP, PAGE_SIZE, 3, 0, 0, 0), VMK_OK);
	sim.frames_free = (MEMORY_KERNEL + MEMORY_GUARANTEE) / PAGE_SIZE;
	assert_int_equal(call(VMK_SYS_MAP, PAGE_SIZE, 3, 0, 0, 0), VMK_NO_MEMORY);
	sim.frames_free = 0;
	assert_int_equal(call(VMK_SYS_MAP, PAGE_SIZE, 3, 0, 0, 0), VMK_NO_MEMORY);
	world.memory_used = MEMORY_GUARANTEE - PAGE_SIZE;
	assert_int_equal(call(VMK_SYS_MAP, PAGE_SIZE, 3, 0, 0, 0), VMK_OK);
}

/* Two that ask at once are not both given what is there for one: what is still to be mapped is
 * promised meanwhile, and nothing of it stays promised. */
static void test_what_is_being_mapped_is_promised(void **state)
{
	const uint64_t large = 700 << 10, pages = large / PAGE_SIZE;

	world.memory_limit = 1ull << 40;
	world.memory_used = MEMORY_GUARANTEE;
	assert_int_equal(call(VMK_SYS_MAP, large, 3, 0, 0, 0), VMK_OK);
	assert_int_equal(sim.promised_most, pages - (256 << 10) / PAGE_SIZE);
	assert_int_equal(sim.promised, 0);
	sim.pages_left = 100; /* enough for the first part alone */
	assert_int_equal(call(VMK_SYS_MAP, large, 3, 0, 0, 0), VMK_NO_MEMORY);
	assert_int_equal(sim.promised, 0);
	sim.pages_left = UINT32_MAX;
	sim.promised = sim.frames_free - (MEMORY_KERNEL + MEMORY_GUARANTEE + large) / PAGE_SIZE + 1;
	assert_int_equal(call(VMK_SYS_MAP, large, 3, 0, 0, 0), VMK_NO_MEMORY);
	sim.promised--;
	assert_int_equal(call(VMK_SYS_MAP, large, 3, 0, 0, 0), VMK_OK);
}

static void test_unmap_and_protect(void **state)
{
	assert_int_equal(call(VMK_SYS_PROTECT, buffer, PAGE_SIZE, VMK_PROT_READ, 0, 0), VMK_OK);
	assert_int_equal(sim_page_at(&sim.space, buffer)->prot, PROT_USER | PROT_R);
	assert_int_equal(call(VMK_SYS_PROTECT, buffer, PAGE_SIZE, PROT_X, 0, 0), VMK_DENIED);
	assert_int_equal(call(VMK_SYS_PROTECT, buffer + 1, PAGE_SIZE, 0, 0, 0), VMK_BAD_PARAM);
	assert_int_equal(call(VMK_SYS_UNMAP, buffer, 0, 0, 0, 0), VMK_BAD_PARAM);
	assert_int_equal(call(VMK_SYS_UNMAP, buffer, -PAGE_SIZE, 0, 0, 0), VMK_BAD_PARAM);
	assert_int_equal(
		call(VMK_SYS_UNMAP, 0xffff800000000000, PAGE_SIZE, 0, 0, 0), VMK_BAD_PARAM);
	assert_int_equal(
		call(VMK_SYS_UNMAP, USER_TOP - PAGE_SIZE, 2 * PAGE_SIZE, 0, 0, 0), VMK_BAD_PARAM);
	assert_int_equal(call(VMK_SYS_UNMAP, buffer, 3 * PAGE_SIZE, 0, 0, 0), VMK_BAD_ADDRESS);
	assert_int_equal(world.memory_used, 2 * PAGE_SIZE);
	assert_int_equal(call(VMK_SYS_UNMAP, buffer, PAGE_SIZE, 0, 0, 0), VMK_OK);
	assert_int_equal(world.memory_used, PAGE_SIZE);
	assert_null(sim_page_at(&sim.space, buffer));
}

static void test_image_and_stack_stay(void **state)
{
	world.image = (struct user_range){buffer, PAGE_SIZE};
	world.stack = (struct user_range){buffer + PAGE_SIZE, PAGE_SIZE};
	for (unsigned i = 0; i < 2; i++) {
		uintptr_t page = buffer + i * PAGE_SIZE;

		assert_int_equal(call(VMK_SYS_UNMAP, page, PAGE_SIZE, 0, 0, 0), VMK_DENIED);
		assert_int_equal(call(VMK_SYS_PROTECT, page, PAGE_SIZE, 3, 0, 0), VMK_DENIED);
		assert_int_equal(
			call(VMK_SYS_UNMAP, page - PAGE_SIZE, 2 * PAGE_SIZE, 0, 0, 0), VMK_DENIED);
	}
	assert_int_not_equal(
		call(VMK_SYS_UNMAP, buffer + 2 * PAGE_SIZE, PAGE_SIZE, 0, 0, 0), VMK_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_map_limits, setup),
		cmocka_unit_test_setup(test_tables_count, setup),
		cmocka_unit_test_setup(test_large_mapping, setup),
		cmocka_unit_test_setup(test_large_protection, setup),
		cmocka_unit_test_setup(test_map_leaves_memory_to_others, setup),
		cmocka_unit_test_setup(test_what_is_being_mapped_is_promised, setup),
		cmocka_unit_test_setup(test_unmap_and_protect, setup),
		cmocka_unit_test_setup(test_image_and_stack_stay, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
