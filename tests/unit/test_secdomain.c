/* sources: kernel/vmkuser/syscall.c kernel/vmkuser/call_memory.c kernel/vmkuser/call_world.c */
/* sources: kernel/vmkuser/call_net.c kernel/vmkuser/call_trust.c kernel/vmkuser/handle.c */
/* sources: kernel/vmkuser/budget.c kernel/vmkuser/call_tty.c kernel/vmkuser/call_system.c */
/* sources: kernel/vmkuser/call_handle.c kernel/vmkuser/secdomain.c kernel/vmkmod/domain.c */
/* sources: kernel/lib/lock.c tests/unit/shim/panic.c tests/unit/shim/audit.c */
/* sources: tests/unit/shim/world_kernel.c tests/unit/shim/vm_kernel.c */
/* sources: kernel/vmkuser/call_vm.c kernel/vmkvm/life.c */
/* Security domains: each action against each grant, and what becomes of a denial. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/shim/audit.h"
#include "tests/unit/shim/world_kernel.h"
#include "vmkuser/secdomain.h"

static bool allows(
	const struct vmk_grants *grants, enum vmk_action action, uint64_t object, const char *vm)
{
	return domain_allows(
		grants, &(struct domain_request){.action = action, .object = object, .vm = vm});
}

static uint64_t *mask_of(struct vmk_grants *grants, enum vmk_action action)
{
	switch (action) {
	case VMK_ACTION_SYSCALL:
		return &grants->syscalls;
	case VMK_ACTION_INFO:
		return &grants->info;
	case VMK_ACTION_CONTROL:
		return &grants->control;
	case VMK_ACTION_LOG:
		return &grants->logs;
	default:
		return NULL;
	}
}

static const uint64_t far_objects[] = {64, 65, 127, 128, 1ull << 32, UINT64_MAX - 63, UINT64_MAX};

/* Of every action, with one object granted: that object, and no other of any action. */
static void test_each_action_and_grant(void **state)
{
	for (unsigned granted = 0; granted <= VMK_ACTION_LOG; granted++) {
		for (unsigned bit = 0; bit < 64; bit++) {
			struct vmk_grants grants = {0};

			*mask_of(&grants, granted) = 1ull << bit;
			for (unsigned action = 0; action < VMK_ACTIONS_MAX + 4; action++) {
				const bool exit_call = action == VMK_ACTION_SYSCALL;

				for (unsigned object = 0; object < 64; object++)
					assert_int_equal(allows(&grants, action, object, "vm"),
						(action == granted && object == bit) ||
							(exit_call && object == VMK_SYS_EXIT));
				for (unsigned i = 0; i < ARRAY_SIZE(far_objects); i++)
					assert_false(allows(&grants, action, far_objects[i], "vm"));
			}
		}
	}
}

static void test_virtual_machines(void **state)
{
	struct vmk_grants none = {0}, some = {.vms = {"web", "db-1"}}, all = {.all_vms = 1};
	/* As long as a name can be. */
	struct vmk_grants longest = {.vms = {[3] = "0123456789012345678901234567890"}};

	assert_false(allows(&none, VMK_ACTION_VM, 1, "web"));
	assert_false(allows(&none, VMK_ACTION_VM, 1, ""));
	assert_true(allows(&some, VMK_ACTION_VM, 1, "web"));
	assert_true(allows(&some, VMK_ACTION_VM, 2, "db-1"));
	assert_false(allows(&some, VMK_ACTION_VM, 2, "db"));
	assert_false(allows(&some, VMK_ACTION_VM, 2, "db-11"));
	assert_false(allows(&some, VMK_ACTION_VM, 2, ""));
	assert_false(allows(&some, VMK_ACTION_VM, 2, NULL));
	assert_true(allows(&all, VMK_ACTION_VM, 2, "any"));
	assert_true(allows(&longest, VMK_ACTION_VM, 2, "0123456789012345678901234567890"));
	assert_false(allows(&longest, VMK_ACTION_VM, 2, "012345678901234567890123456789"));
}

static void test_start_handles(void **state)
{
	struct vmk_grants grants = {0};

	for (uint32_t kind = 0; kind < 32; kind++)
		assert_int_equal(domain_start_rights(&grants, kind), 0);
	grants.info = 1ull << VMK_INFO_SYSTEM;
	assert_int_equal(domain_start_rights(&grants, VMK_KIND_SYSTEM), VMK_RIGHT_READ);
	grants.info = 0;
	grants.control = 1ull << VMK_CONTROL_REBOOT;
	assert_int_equal(
		domain_start_rights(&grants, VMK_KIND_SYSTEM), VMK_RIGHT_WRITE | VMK_RIGHT_WAIT);
	grants.syscalls = 1ull << VMK_SYS_TRUST_QUOTE;
	assert_int_equal(domain_start_rights(&grants, VMK_KIND_TRUST), VMK_RIGHT_READ);
	grants.port = VMK_RIGHT_WRITE;
	assert_int_equal(domain_start_rights(&grants, VMK_KIND_PORT), VMK_RIGHT_WRITE);
}

static void test_names(void **state)
{
	assert_string_equal(domain_object_name(VMK_ACTION_INFO, VMK_INFO_VM), "vm");
	assert_null(domain_object_name(VMK_ACTION_INFO, 0));
	assert_null(domain_object_name(VMK_ACTION_INFO, UINT64_MAX));
	assert_null(domain_object_name(VMK_ACTION_VM, 1));
	assert_int_equal(domain_object_bit(VMK_ACTION_CONTROL, "rebooted", 6), 1 << 2);
	assert_int_equal(domain_object_bit(VMK_ACTION_CONTROL, "reboot", 5), 0);
	assert_int_equal(domain_object_bit(VMK_ACTION_CONTROL, "", 0), 0);
	for (unsigned action = 0; action <= VMK_ACTION_LOG; action++) {
		uint64_t all = domain_all_objects(action), found = 0;

		for (unsigned i = 0; i < 64; i++) {
			const char *name = domain_object_name(action, i);

			if (name)
				found |= domain_object_bit(action, name, strlen(name));
		}
		assert_int_equal(found, all);
	}
}

static struct uworld world;
static uint64_t value;
static uintptr_t buffer;

static enum vmk_status call(uint64_t number, const uint64_t *a)
{
	const uint64_t args[6] = {a[0], a[1], a[2], a[3], a[4], 0};

	value = 0;
	return call_make(&world, number, args, &value);
}

static int setup(void **state)
{
	const uint64_t pages[5] = {PAGE_SIZE, VMK_PROT_READ | VMK_PROT_WRITE};

	sim_reset();
	sim_world(&world);
	assert_int_equal(call(VMK_SYS_MAP, pages), VMK_OK);
	buffer = value;
	return 0;
}

static void withhold(enum vmk_action action)
{
	uint64_t *mask = mask_of(&world.grants, action);
	const vmk_handle port = handle_first(&world.handles, VMK_KIND_PORT);

	if (mask)
		*mask = 0;
	world.grants.all_vms &= action != VMK_ACTION_VM;
	if (action == VMK_ACTION_HANDLE)
		handle_restrict(&world.handles, port, VMK_RIGHT_READ);
	if (action == VMK_ACTION_MEMORY)
		world.image = (struct user_range){buffer, PAGE_SIZE};
	sim.send_status = action == VMK_ACTION_SOURCE ? VMK_DENIED : VMK_OK;
}

static uint64_t denials(enum vmk_action action)
{
	struct vmk_info_domain info = {0};

	assert_true(secdomain_describe(0, &info));
	return info.denials[action];
}

/* Each action that can be denied, by a call of a world that is granted all, and of one that is not.
 */
static void test_each_denial_is_counted(void **state)
{
	const vmk_handle system = handle_first(&world.handles, VMK_KIND_SYSTEM);
	const vmk_handle trust = handle_first(&world.handles, VMK_KIND_TRUST);
	const vmk_handle port = handle_first(&world.handles, VMK_KIND_PORT);
	const struct {
		enum vmk_action action;
		uint64_t number, args[5];
	} cases[] = {
		{VMK_ACTION_SYSCALL, VMK_SYS_CLOCK, {VMK_CLOCK_WALL}},
		{VMK_ACTION_INFO, VMK_SYS_INFO, {system, VMK_INFO_SYSTEM, 0, buffer, 24}},
		{VMK_ACTION_CONTROL, VMK_SYS_CONTROL, {system, VMK_CONTROL_ENABLE_TBOOT, 0}},
		{VMK_ACTION_LOG, VMK_SYS_TRUST_LOG, {trust, VMK_LOG_VMK, 0, buffer, 16}},
		{VMK_ACTION_VM, VMK_SYS_CONTROL, {system, VMK_CONTROL_VM_START, 1}},
		{VMK_ACTION_VM, VMK_SYS_VM_ATTACH, {system, 1}},
		{VMK_ACTION_HANDLE, VMK_SYS_PORT_SEND, {port, buffer, 60}},
		{VMK_ACTION_SOURCE, VMK_SYS_PORT_SEND, {port, buffer, 60}},
		{VMK_ACTION_MEMORY, VMK_SYS_UNMAP, {buffer, PAGE_SIZE}},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		const uint64_t *a = cases[i].args, before = denials(cases[i].action);
		unsigned audited;

		setup(NULL);
		world.denials = 0;
		assert_int_equal(call(cases[i].number, a), VMK_OK);
		assert_int_equal(world.denials, 0);
		setup(NULL);
		withhold(cases[i].action);
		audited = shim_audit_counts[AUDIT_DENIAL];
		world.denials = 0;
		assert_int_equal(call(cases[i].number, a), VMK_DENIED);
		assert_int_equal(world.denials, 1);
		assert_int_equal(shim_audit_counts[AUDIT_DENIAL], audited + 1);
		assert_int_equal(denials(cases[i].action), before + 1);
	}
}

/* Nothing that no package brought becomes executable, whoever asks; and who asks is recorded. */
static void test_only_packages_bring_code(void **state)
{
	static const uint64_t ways[] = {VMK_PROT_EXECUTE, VMK_PROT_READ | VMK_PROT_EXECUTE,
		VMK_PROT_READ | VMK_PROT_WRITE | VMK_PROT_EXECUTE};

	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		const uint64_t map[5] = {PAGE_SIZE, ways[i]};
		const uint64_t protect[5] = {buffer, PAGE_SIZE, ways[i]};
		const uint64_t before = denials(VMK_ACTION_EXECUTE);
		unsigned audited;

		setup(NULL);
		audited = shim_audit_counts[AUDIT_DENIAL];
		assert_int_equal(call(VMK_SYS_MAP, map), VMK_DENIED);
		assert_int_equal(call(VMK_SYS_PROTECT, protect), VMK_DENIED);
		assert_int_equal(shim_audit_counts[AUDIT_DENIAL], audited + 2);
		assert_int_equal(denials(VMK_ACTION_EXECUTE), before + 2);
	}
}

/* Said as often as the budget allows, the rest as a number: all together are what was counted. */
static void test_no_denial_is_lost(void **state)
{
	static const uint64_t none[5];
	unsigned said = 0, unsaid = 0, total = 0, more = 0;

	world.grants.syscalls = 0;
	world.denials = 1;
	secdomain_end_life(&world); /* what other tests left */
	for (unsigned i = 0; i < 1000; i++) {
		sim.log_lines = 0;
		sim.now_ns += 300000000;
		total += call(VMK_SYS_CLOCK, none) == VMK_DENIED;
		said += sim.log_lines > 0;
		if (sim.log_lines == 2 &&
			sscanf(sim.log_before, "World test: %u more denials", &more) == 1)
			unsaid += more;
	}
	secdomain_end_life(&world);
	assert_int_equal(total, 1000);
	assert_string_equal(sim.log, "World test: 1000 denials in its life");
	more = 0;
	sscanf(sim.log_before, "World test: %u more denials", &more);
	assert_int_equal(said + unsaid + more, 1000);
	assert_in_range(said, 299, 310);
}

/* A package's next world, and another's, belong to the right domains. */
static void test_domains(void **state)
{
	struct package package = {.name = "second", .grants.handles = 7};
	struct secdomain *first = secdomain_join(&package), *again;
	struct vmk_info_domain info = {0};

	package.grants.handles = 8;
	again = secdomain_join(&package);
	assert_ptr_equal(first, again);
	assert_int_equal(secdomain_count(), 2);
	assert_true(secdomain_describe(1, &info));
	assert_string_equal(info.name, "second");
	assert_int_equal(info.worlds, 2);
	assert_int_equal(info.grants.handles, 8);
	secdomain_leave(first);
	secdomain_leave(again);
	assert_true(secdomain_describe(1, &info));
	assert_int_equal(info.worlds, 0);
	assert_false(secdomain_describe(2, &info));
	assert_false(secdomain_describe(UINT32_MAX, &info));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_action_and_grant),
		cmocka_unit_test(test_virtual_machines),
		cmocka_unit_test(test_start_handles),
		cmocka_unit_test(test_names),
		cmocka_unit_test_setup(test_each_denial_is_counted, setup),
		cmocka_unit_test_setup(test_only_packages_bring_code, setup),
		cmocka_unit_test_setup(test_no_denial_is_lost, setup),
		cmocka_unit_test(test_domains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
