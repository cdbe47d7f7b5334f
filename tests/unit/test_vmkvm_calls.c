/* sources: tests/unit/shim/audit.c */
/* sources: kernel/vmkuser/syscall.c kernel/vmkuser/call_memory.c kernel/vmkuser/call_world.c */
/* sources: kernel/vmkuser/call_net.c kernel/vmkuser/call_trust.c kernel/vmkuser/handle.c */
/* sources: kernel/vmkuser/budget.c kernel/vmkuser/call_tty.c kernel/vmkuser/call_system.c */
/* sources: kernel/vmkuser/call_handle.c kernel/vmkuser/secdomain.c kernel/vmkmod/domain.c */
/* sources: kernel/lib/lock.c tests/unit/shim/panic.c */
/* sources: tests/unit/shim/world_kernel.c tests/unit/shim/vm_kernel.c */
/* sources: kernel/vmkuser/call_vm.c kernel/vmkvm/life.c */
/* The calls of a VMX world on its VM: handles, what is copied, and mappings that stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/shim/audit.h"
#include "tests/unit/shim/vm_kernel.h"
#include "tests/unit/shim/world_kernel.h"
#include "vmkuser/secdomain.h"

static struct uworld world;
static uint64_t value;
static uint8_t scratch[SCRATCH_BYTES];
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
	world.log_budget = (struct budget){.interval_ns = 1, .burst = 100};
	world.space = &sim.space;
	world.grants =
		(struct vmk_grants){.syscalls = UINT64_MAX, .control = UINT64_MAX, .all_vms = 1};
	handle_table_init(&world.handles, HANDLES_MAX);
	world.domain = secdomain_join(&world.package);
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
	const uintptr_t page = 0x7000000;

	sim_vm.stats.known = 1;
	assert_int_equal(call(VMK_SYS_VM_CONTROL, vm, VMK_VM_CONTROL_RESET, 0), VMK_OK);
	assert_int_equal(sim_vm.resets, 1);
	assert_int_equal(call(VMK_SYS_VM_CONTROL, vm, 99, 0), VMK_BAD_PARAM);
	assert_int_equal(call(VMK_SYS_VM_CONTROL, vm, VMK_VM_CONTROL_STATS, 0), VMK_BAD_ADDRESS);
	space_alloc_at(&sim.space, page, PAGE_SIZE, PROT_USER | PROT_R | PROT_W);
	assert_int_equal(call(VMK_SYS_VM_CONTROL, vm, VMK_VM_CONTROL_STATS, page), VMK_OK);
	assert_int_equal(sim_vm.stats.known, 0);
}

static void serves_in_registers(void **state)
{
	const struct vmk_vm_exchange wanted = {.kind = VMK_VM_REQUEST_MEMORY,
		.vcpu = 7,
		.address = 0xfed00000,
		.value = UINT64_MAX,
		.bytes = 8,
		.write = 1};
	const struct vmk_vm_exchange answer = {.kind = VMK_VM_REQUEST_IO, .vcpu = UINT32_MAX};
	const uint64_t args[6] = {vm, vmk_vm_pack(&answer), 0x1234, 0};
	const uint64_t idle[6] = {vm};
	const uint64_t watching[6] = {vm, 0, 0, 0, 0, (uint64_t)vm << 32};
	struct vmk_vm_exchange got = {0};

	sim_vm.next = wanted;
	assert_int_equal(call_make(&world, VMK_SYS_VM_SERVE, args, &value), VMK_OK);
	vmk_vm_unpack(&got, value);
	assert_true(world.more.is_there);
	got.address = world.more.r10;
	got.value = world.more.r8;
	assert_memory_equal(&got, &wanted, sizeof(got));
	assert_int_equal(sim_vm.answered.kind, VMK_VM_REQUEST_IO);
	assert_int_equal(sim_vm.answered.vcpu, UINT32_MAX);
	assert_int_equal(sim_vm.answered.value, 0x1234);
	/* Nothing there, no time to wait: no request, and nothing of the last one. */
	assert_int_equal(call_make(&world, VMK_SYS_VM_SERVE, idle, &value), VMK_OK);
	assert_int_equal(value, 0);
	assert_int_equal(world.more.r10, 0);
	assert_int_equal(world.more.r8, 0);
	/* A VM is nothing to watch, in any of the four places. */
	assert_int_equal(call_make(&world, VMK_SYS_VM_SERVE, watching, &value), VMK_BAD_HANDLE);
}

/* --- the console: this world at one end, at the other one that has the system */

static vmk_handle the_system;

static enum vmk_status console_call(vmk_handle handle, unsigned direction, size_t size)
{
	const uint64_t args[6] = {handle, direction, 0x10000000, size};

	value = 0;
	return call_make(&world, VMK_SYS_VM_CONSOLE, args, &value);
}

static int attached(void **state)
{
	uintptr_t address;

	fresh(state);
	memset(&sim_console, 0, sizeof(sim_console));
	handle_add(&world.handles, VMK_KIND_SYSTEM, RIGHT_READ | RIGHT_WRITE, NULL, &the_system);
	assert_int_equal(
		space_alloc(&sim.space, PAGE_SIZE, PROT_R | PROT_W | PROT_USER, &address), VMK_OK);
	assert_int_equal(address, 0x10000000);
	world.scratch = scratch;
	return call(VMK_SYS_VM_ATTACH, the_system, 1, 0);
}

static void one_console_at_a_time(void **state)
{
	assert_ptr_equal(world.console, &sim_console);
	assert_int_equal(call(VMK_SYS_VM_ATTACH, the_system, 2, 0), VMK_NOT_FOUND);
	assert_null(world.console);
	assert_false(sim_console.attached);
	assert_int_equal(call(VMK_SYS_VM_ATTACH, the_system, 1ull << 32 | 1, 0), VMK_NOT_FOUND);
	assert_int_equal(call(VMK_SYS_VM_ATTACH, vm, 1, 0), VMK_BAD_HANDLE);
	assert_int_equal(console_call(the_system, VMK_VM_CONSOLE_READ, 8), VMK_NOT_PRESENT);
	sim_console.attached = true;
	assert_int_equal(call(VMK_SYS_VM_ATTACH, the_system, 1, 0), VMK_BUSY);
	assert_null(world.console);
}

static void console_goes_both_ways(void **state)
{
	memcpy(sim_page_at(&sim.space, 0x10000000)->data, "hello", 5);
	assert_int_equal(console_call(vm, VMK_VM_CONSOLE_READ, 64), VMK_WOULD_BLOCK);
	assert_int_equal(console_call(the_system, VMK_VM_CONSOLE_WRITE, 5), VMK_OK);
	assert_int_equal(value, 5);
	assert_int_equal(sim_vm.wakes, 1);
	assert_int_equal(console_call(vm, VMK_VM_CONSOLE_READ, 64), VMK_OK);
	assert_int_equal(value, 5);
	assert_int_equal(console_call(vm, VMK_VM_CONSOLE_WRITE, 4), VMK_OK);
	assert_int_equal(console_call(the_system, VMK_VM_CONSOLE_READ, 2), VMK_OK);
	assert_int_equal(value, 2);
	assert_int_equal(sim_vm.wakes, 1); /* it did not wait for room */
	sim_console.no_room = true;
	assert_int_equal(console_call(vm, VMK_VM_CONSOLE_WRITE, 4), VMK_OK);
	assert_int_equal(console_call(the_system, VMK_VM_CONSOLE_READ, 2), VMK_OK);
	assert_int_equal(sim_vm.wakes, 2);
	assert_int_equal(console_call(the_system, VMK_VM_CONSOLE_WRITE, 0), VMK_WOULD_BLOCK);
	assert_int_equal(console_call(vm, 2, 4), VMK_BAD_PARAM);
	/* More than the kernel moves at a time is cut; memory that is not there is not touched. */
	assert_int_equal(console_call(vm, VMK_VM_CONSOLE_WRITE, UINT32_MAX), VMK_OK);
	assert_int_equal(value, SCRATCH_BYTES);
}

static void only_who_may_control_attaches(void **state)
{
	vmk_handle reader;

	handle_add(&world.handles, VMK_KIND_SYSTEM, RIGHT_READ, NULL, &reader);
	assert_int_equal(call(VMK_SYS_VM_ATTACH, reader, 1, 0), VMK_DENIED);
	assert_int_equal(console_call(reader, VMK_VM_CONSOLE_READ, 8), VMK_DENIED);
	assert_int_equal(call(VMK_SYS_CONTROL, reader, VMK_CONTROL_VM_PAUSE, 1), VMK_DENIED);
}

static void controls_machines(void **state)
{
	static const enum vm_action actions[] = {[VMK_CONTROL_VM_START] = VM_POWER_ON,
		[VMK_CONTROL_VM_STOP] = VM_STOP,
		[VMK_CONTROL_VM_HARD_STOP] = VM_HARD_STOP,
		[VMK_CONTROL_VM_PAUSE] = VM_PAUSE,
		[VMK_CONTROL_VM_RESUME] = VM_RESUME,
		[VMK_CONTROL_VM_RESET] = VM_RESET};
	unsigned asked = shim_audit_counts[AUDIT_VM_POWER];

	for (unsigned i = VMK_CONTROL_VM_START; i < ARRAY_SIZE(actions); i++) {
		assert_int_equal(call(VMK_SYS_CONTROL, the_system, i, 1), VMK_OK);
		assert_int_equal(sim_vm.action, actions[i]);
		assert_int_equal(shim_audit_counts[AUDIT_VM_POWER], ++asked);
		assert_int_equal(call(VMK_SYS_CONTROL, the_system, i, 2), VMK_NOT_FOUND);
		assert_int_equal(
			call(VMK_SYS_CONTROL, the_system, i, 1ull << 32 | 1), VMK_NOT_FOUND);
	}
}

#define MEMORY 0x700000ull

static int with_memory(void **state)
{
	attached(state);
	return space_alloc_at(&sim.space, MEMORY, PAGE_SIZE, PROT_USER | PROT_R | PROT_W);
}

static enum vmk_status make(uint32_t module, const char *name)
{
	struct vmk_vm_making making = {.module = module};

	strncpy(making.name, name, sizeof(making.name));
	assert_int_equal(space_write(&sim.space, MEMORY, &making, sizeof(making)), VMK_OK);
	return call(VMK_SYS_CONTROL, the_system, VMK_CONTROL_VM_CREATE, MEMORY);
}

static void makes_machines_and_forgets_them(void **state)
{
	unsigned asked = shim_audit_counts[AUDIT_VM_POWER];

	assert_int_equal(make(2, "second"), VMK_OK);
	assert_string_equal(sim_vm.made, "second");
	assert_int_equal(shim_audit_counts[AUDIT_VM_POWER], ++asked);
	assert_non_null(strstr(shim_audit_last, "action=created vm=0 name=second package=image"));
	assert_int_equal(make(2, ""), VMK_OK);
	assert_string_equal(sim_vm.made, "image");
	assert_int_equal(make(2, "vm"), VMK_EXISTS);
	assert_int_equal(make(2, "agent"), VMK_EXISTS);
	assert_int_equal(make(1, "second"), VMK_NOT_FOUND);
	assert_int_equal(make(2, "-second"), VMK_BAD_PARAM);
	assert_int_equal(make(2, "a/b"), VMK_BAD_PARAM);
	assert_int_equal(make(2, "thirty-two characters without an end."), VMK_BAD_PARAM);
	assert_int_equal(
		call(VMK_SYS_CONTROL, the_system, VMK_CONTROL_VM_CREATE, 0), VMK_BAD_ADDRESS);
	assert_int_equal(call(VMK_SYS_CONTROL, the_system, VMK_CONTROL_VM_DESTROY, 1), VMK_OK);
	assert_int_equal(sim_vm.action, VM_DESTROY);
	assert_int_equal(
		call(VMK_SYS_CONTROL, the_system, VMK_CONTROL_VM_DESTROY, 2), VMK_NOT_FOUND);
}

static void sets_pools(void **state)
{
	static const enum vmk_control controls[] = {VMK_CONTROL_POOL_SHARES,
		VMK_CONTROL_POOL_RESERVATION, VMK_CONTROL_POOL_LIMIT, VMK_CONTROL_POOL_VCPU_LIMIT};
	vmk_handle reader;

	handle_add(&world.handles, VMK_KIND_SYSTEM, RIGHT_READ, NULL, &reader);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(
			call(VMK_SYS_CONTROL, reader, controls[i], 1ull << 32 | 9), VMK_DENIED);
		assert_int_equal(
			call(VMK_SYS_CONTROL, the_system, controls[i], 1ull << 32 | (40 + i)),
			VMK_OK);
		assert_int_equal(sim_pool.setting, i);
		assert_int_equal(sim_pool.value, 40 + i);
		assert_int_equal(call(VMK_SYS_CONTROL, the_system, controls[i], 2ull << 32 | 9),
			VMK_NOT_FOUND);
		assert_int_equal(
			call(VMK_SYS_CONTROL, the_system, controls[i], 3ull << 32 | i), VMK_OK);
		assert_non_null(strstr(shim_audit_last, "pool=host/user/vm value="));
	}
}

/* What a VM gets of the CPUs is no less its own than whether it runs. */
static void sets_only_the_vms_it_may_act_on(void **state)
{
	strcpy(world.grants.vms[0], "other");
	world.grants.all_vms = 0;
	sim_pool.value = 0;
	assert_int_equal(call(VMK_SYS_CONTROL, the_system, VMK_CONTROL_POOL_LIMIT, 3ull << 32 | 1),
		VMK_DENIED);
	assert_int_equal(sim_pool.value, 0);
	strcpy(world.grants.vms[1], "vm");
	assert_int_equal(
		call(VMK_SYS_CONTROL, the_system, VMK_CONTROL_POOL_LIMIT, 3ull << 32 | 1), VMK_OK);
	assert_int_equal(sim_pool.value, 1);
}

static void makes_only_what_it_may_act_on(void **state)
{
	strcpy(world.grants.vms[0], "second");
	world.grants.all_vms = 0;
	sim_vm.made[0] = 0;
	assert_int_equal(make(2, "third"), VMK_DENIED);
	assert_int_equal(call(VMK_SYS_CONTROL, the_system, VMK_CONTROL_VM_DESTROY, 1), VMK_DENIED);
	assert_string_equal(sim_vm.made, "");
	assert_int_equal(make(2, "second"), VMK_OK);
}

static void controls_modules(void **state)
{
	vmk_handle reader;

	handle_add(&world.handles, VMK_KIND_SYSTEM, RIGHT_READ, NULL, &reader);
	assert_int_equal(call(VMK_SYS_CONTROL, reader, VMK_CONTROL_MODULE_LOAD, 1), VMK_DENIED);
	assert_int_equal(sim_modules.loads, 0);
	assert_int_equal(call(VMK_SYS_CONTROL, the_system, VMK_CONTROL_MODULE_LOAD, 1), VMK_OK);
	assert_int_equal(call(VMK_SYS_CONTROL, the_system, VMK_CONTROL_MODULE_UNLOAD, 1), VMK_OK);
	assert_int_equal(sim_modules.loads, 1);
	assert_int_equal(sim_modules.unloads, 1);
	assert_int_equal(call(VMK_SYS_CONTROL, the_system, VMK_CONTROL_MODULE_LOAD, 1ull << 32 | 1),
		VMK_NOT_FOUND);
	assert_int_equal(
		call(VMK_SYS_CONTROL, the_system, VMK_CONTROL_MODULE_PARAMETER, 77), VMK_OK);
	assert_int_equal(sim_modules.parameter, 77);
	assert_int_equal(
		call(VMK_SYS_CONTROL, the_system, VMK_CONTROL_MODULE_PARAMETER, 1ull << 32 | 77),
		VMK_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(wants_a_handle, fresh),
		cmocka_unit_test_setup(has_one_file, fresh),
		cmocka_unit_test_setup(maps_guest_memory_for_good, fresh),
		cmocka_unit_test_setup(a_refused_mapping_counts_nothing, fresh),
		cmocka_unit_test_setup(passes_interrupts_on, fresh),
		cmocka_unit_test_setup(serves_in_registers, fresh),
		cmocka_unit_test_setup(controls, fresh),
		cmocka_unit_test_setup(one_console_at_a_time, attached),
		cmocka_unit_test_setup(console_goes_both_ways, attached),
		cmocka_unit_test_setup(only_who_may_control_attaches, attached),
		cmocka_unit_test_setup(controls_machines, attached),
		cmocka_unit_test_setup(makes_machines_and_forgets_them, with_memory),
		cmocka_unit_test_setup(makes_only_what_it_may_act_on, with_memory),
		cmocka_unit_test_setup(sets_pools, attached),
		cmocka_unit_test_setup(sets_only_the_vms_it_may_act_on, attached),
		cmocka_unit_test_setup(controls_modules, attached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
