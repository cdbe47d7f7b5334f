/* sources: kernel/vmkuser/syscall.c kernel/vmkuser/call_memory.c kernel/vmkuser/call_world.c */
/* sources: kernel/vmkuser/call_net.c kernel/vmkuser/call_trust.c kernel/vmkuser/handle.c */
/* sources: kernel/vmkuser/budget.c kernel/vmkuser/call_tty.c kernel/vmkuser/call_system.c */
/* sources: tests/unit/shim/world_kernel.c tests/unit/shim/vm_kernel.c */
/* sources: kernel/vmkuser/call_vm.c */
/* The calls of a VMX world on its VM: handles, what is copied, and mappings that stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/shim/vm_kernel.h"
#include "tests/unit/shim/world_kernel.h"

static struct uworld world;
static uint64_t value;
static vmk_handle vm;

static enum vmk_status call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t args[6] = {a, b, c};

	value = 0;
	return call_make(&world, number, args, &value);
}

static int fresh(void **state)
{
	sim_reset();
	memset(&sim_vm, 0, sizeof(sim_vm));
	memset(&world, 0, sizeof(world));
	world.space = &sim.space;
	world.package.syscalls = UINT32_MAX;
	handle_table_init(&world.handles);
	return handle_add(&world.handles, VMK_KIND_VM, RIGHT_READ | RIGHT_WRITE, &sim_vm, &vm);
}

static void wants_a_handle(void **state)
{
	for (uint64_t number = VMK_SYS_VM_INFO; number <= VMK_SYS_VM_CONTROL; number++) {
		assert_int_equal(call(number, VMK_NO_HANDLE, 0, 0), VMK_BAD_HANDLE);
		assert_int_equal(call(number, 1ull << 32 | vm, 0, 0), VMK_BAD_HANDLE);
	}
}

static void has_one_file(void **state)
{
	const uint64_t args[6] = {vm, 0, 100};

	assert_int_equal(call(VMK_SYS_VM_FILE, vm, 1, 0), VMK_NOT_FOUND);
	assert_int_equal(call_make(&world, VMK_SYS_VM_READ, args, &value), VMK_OK);
	assert_int_equal(value, sizeof(sim_vm_file));
	assert_int_equal(call(VMK_SYS_VM_READ, vm, 7, 0), VMK_NOT_FOUND);
}

static void maps_guest_memory_for_good(void **state)
{
	for (unsigned i = 0; i < GUEST_MAPS_MAX; i++) {
		uint64_t at;

		assert_int_equal(call(VMK_SYS_VM_MAP, vm, i * 0x10000ull, 0x10000), VMK_OK);
		at = value;
		assert_int_equal(call(VMK_SYS_UNMAP, at, 0x1000, 0), VMK_DENIED);
		assert_int_equal(
			call(VMK_SYS_PROTECT, at + 0xf000, 0x1000, VMK_PROT_READ), VMK_DENIED);
	}
	assert_int_equal(call(VMK_SYS_VM_MAP, vm, 0, 0x10000), VMK_NO_RESOURCES);
	assert_int_equal(world.memory_used, 0);
}

static void a_refused_mapping_counts_nothing(void **state)
{
	sim_vm.map_status = VMK_BAD_PARAM;
	assert_int_equal(call(VMK_SYS_VM_MAP, vm, 0, 0x10000), VMK_BAD_PARAM);
	assert_int_equal(world.guest_maps, 0);
}

static void passes_interrupts_on(void **state)
{
	assert_int_equal(call(VMK_SYS_VM_IRQ, vm, 5, 1), VMK_OK);
	assert_int_equal(call(VMK_SYS_VM_IRQ, vm, 1ull << 32, 1), VMK_BAD_PARAM);
	assert_int_equal(call(VMK_SYS_VM_MESSAGE, vm, 0xfee00000, 0x41), VMK_OK);
	assert_int_equal(call(VMK_SYS_VM_MESSAGE, vm, 0xfee00000, 1ull << 32), VMK_BAD_PARAM);
	assert_int_equal(sim_vm.irqs, 1);
	assert_int_equal(sim_vm.messages, 1);
}

static void controls(void **state)
{
	assert_int_equal(call(VMK_SYS_VM_CONTROL, vm, VMK_VM_CONTROL_RESET, 0), VMK_OK);
	assert_int_equal(sim_vm.resets, 1);
	assert_int_equal(call(VMK_SYS_VM_CONTROL, vm, 99, 0), VMK_BAD_PARAM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(wants_a_handle, fresh),
		cmocka_unit_test_setup(has_one_file, fresh),
		cmocka_unit_test_setup(maps_guest_memory_for_good, fresh),
		cmocka_unit_test_setup(a_refused_mapping_counts_nothing, fresh),
		cmocka_unit_test_setup(passes_interrupts_on, fresh),
		cmocka_unit_test_setup(controls, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
