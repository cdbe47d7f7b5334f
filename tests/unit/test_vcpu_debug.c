/* sources: kernel/vtx/guest_clock.c kernel/vtx/exits.c */
/* sources: kernel/vtx/guest_fpu.c */
/* sources: fuzz/models/swvmx/instructions.c fuzz/models/swvmx/entry.c */
/* sources: fuzz/models/swvmx/checks.c fuzz/models/swvmx/check_guest.c */
/* sources: fuzz/models/swvmx/cpu_models.c */
/* sources: fuzz/models/swvmx/host.c fuzz/models/swvmx/host_fpu.c */
/* sources: fuzz/models/swvmx/vectors.c fuzz/models/swvmx/rig.c */
/* sources: kernel/vtx/vcpu_setup.c kernel/vtx/vcpu_run.c kernel/vtx/vcpu_exit.c */
/* sources: kernel/vtx/vcpu_control.c kernel/vtx/guest_msr.c kernel/vtx/cpuid_policy.c */
/* sources: kernel/vtx/capabilities.c kernel/vtx/inject.c kernel/vtx/ept.c kernel/vtx/vmcs.c */
/* Debug registers, debug exceptions and machine checks: whose they are, and what ends with them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "fuzz/models/swvmx/rig.h"
#include "vtx/exits.h"
#include "vtx/vcpu_exits.h"

#define RFLAGS_IF_TF 0x302u
#define DR7_L0       0x401u
#define PENDING_STEP 0x4000u

static const uint32_t no_leave;
static uint32_t next_reason, next_event, next_blocking;
static uint64_t next_flags;
static uint64_t seen_dr0, seen_dr7;

/* The breakpoints that the guest begins its turn with; and how the turn ends. */
static void one_exit(void *context, struct swvmx_vmcs *vmcs, struct vtx_registers *registers)
{
	seen_dr0 = swvmx_current()->dr[0];
	seen_dr7 = vmcs->f[VMCS_INDEX_GUEST_DR7];
	swvmx_exit(vmcs, next_reason, 0);
	vmcs->f[VMCS_INDEX_EXIT_EVENT] = next_event;
	vmcs->f[VMCS_INDEX_EXIT_INSTRUCTION_LENGTH] = 1;
	if (next_event) {
		vmcs->f[VMCS_INDEX_GUEST_INTERRUPTIBILITY] = next_blocking;
		vmcs->f[VMCS_INDEX_GUEST_RFLAGS] = next_flags;
	}
	next_reason = EXIT_PREEMPTION_TIMER;
	next_event = 0;
}

static enum vcpu_stop run(struct vcpu *v, uint32_t reason)
{
	swvmx.chooser.run = one_exit;
	next_reason = reason;
	return vcpu_run(v, &no_leave, 1000);
}

/* Where it is loaded, it sets a breakpoint there. */
static void set_breakpoint(struct vcpu *v, uint64_t address)
{
	assert_int_equal(run(v, EXIT_MOV_DR), VCPU_STOP_HOST);
	swvmx_current()->dr[0] = address;
	vtx_vmwrite(VMCS_GUEST_DR7, DR7_L0);
}

/* VM entry loads DR7, but not the addresses. */
static void test_breakpoints_are_the_guests_own(void **state)
{
	struct vcpu *one = &rig.vcpu[0], *other = &rig.vcpu[1];

	rig_start(BASE_LONG);
	set_breakpoint(one, 0x1111);
	vcpu_unload(one);
	assert_int_equal(vcpu_load(other, 0), VMK_OK);
	vcpu_reset(other);
	set_breakpoint(other, 0x2222);
	vcpu_unload(other);
	assert_int_equal(vcpu_load(one, 0), VMK_OK);
	assert_int_equal(run(one, EXIT_CPUID), VCPU_STOP_HOST);
	assert_int_equal(seen_dr7, DR7_L0);
	assert_int_equal(seen_dr0, 0x1111);
}

static void test_breakpoints_come_back_after_ring_3(void **state)
{
	struct vcpu *v = &rig.vcpu[0];

	rig_start(BASE_LONG);
	set_breakpoint(v, 0x1111);
	vcpu_set_aside(v);
	assert_int_equal(swvmx_current()->dr[0], 0);
	vcpu_take_up(v);
	assert_int_equal(run(v, EXIT_CPUID), VCPU_STOP_HOST);
	assert_int_equal(seen_dr0, 0x1111);
}

static void test_none_are_left_on_the_pcpu(void **state)
{
	struct vcpu *v = &rig.vcpu[0];

	rig_start(BASE_LONG);
	set_breakpoint(v, 0x1111);
	vcpu_reset(v);
	assert_int_equal(swvmx_current()->dr[0], 0);
	vcpu_unload(v);
	assert_int_equal(vcpu_load(v, 0), VMK_OK);
	assert_false(v->debug_registers);
}

static void raise(uint32_t type, uint32_t blocking, uint64_t flags)
{
	next_event = EVENT_VALID | type << 8 | EXCEPTION_DB;
	next_blocking = blocking;
	next_flags = flags;
}

/* A guest that steps through STI or MOV SS goes on: VM entry would hold the blocked step due. */
static void test_a_debug_exception_ends_what_blocks(void **state)
{
	static const uint32_t blocking[] = {BLOCKED_BY_STI, BLOCKED_BY_MOV_SS};
	static const uint32_t types[] = {EVENT_HARD_EXCEPTION, EVENT_PRIVILEGED_EXCEPTION};

	for (size_t i = 0; i < 4; i++) {
		rig_start(BASE_LONG);
		raise(types[i / 2], blocking[i % 2] | BLOCKED_BY_NMI, RFLAGS_IF_TF);
		assert_int_equal(run(&rig.vcpu[0], EXIT_EXCEPTION), VCPU_STOP_HOST);
		assert_int_equal(vtx_vmread(VMCS_GUEST_INTERRUPTIBILITY), BLOCKED_BY_NMI);
	}
}

/* Whoever steps is told after an instruction that was carried out for him, as after any other. */
static void test_a_step_ends_with_what_is_carried_out(void **state)
{
	struct vcpu *v = &rig.vcpu[0];

	rig_start(BASE_LONG);
	assert_int_equal(run(v, EXIT_CPUID), VCPU_STOP_HOST);
	assert_int_equal(vtx_vmread(VMCS_GUEST_PENDING_DEBUG), 0);
	vtx_vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_IF_TF);
	assert_int_equal(run(v, EXIT_CPUID), VCPU_STOP_HOST);
	assert_int_equal(vtx_vmread(VMCS_GUEST_PENDING_DEBUG), PENDING_STEP);
	/* One that faults instead has not been carried out. */
	vtx_vmwrite(VMCS_GUEST_PENDING_DEBUG, 0);
	assert_int_equal(run(v, EXIT_VMCALL), VCPU_STOP_HOST);
	assert_int_equal(vtx_vmread(VMCS_GUEST_PENDING_DEBUG), 0);
}

static uint32_t entered_with;
static void note_event(void *context, struct swvmx_vmcs *vmcs, bool launched)
{
	entered_with = (uint32_t)vmcs->f[VMCS_INDEX_ENTRY_EVENT];
}

/* INT1 is a trap: as a fault it would come again and again. */
static void test_int1_is_a_trap(void **state)
{
	rig_start(BASE_LONG);
	swvmx.chooser.entering = note_event;
	raise(EVENT_PRIVILEGED_EXCEPTION, 0, RFLAGS_IF_TF);
	assert_int_equal(run(&rig.vcpu[0], EXIT_EXCEPTION), VCPU_STOP_HOST);
	assert_int_equal(
		entered_with, EVENT_VALID | EVENT_PRIVILEGED_EXCEPTION << 8 | EXCEPTION_DB);
	assert_int_equal(vtx_vmread(VMCS_ENTRY_INSTRUCTION_LENGTH), 1);
	raise(EVENT_HARD_EXCEPTION, 0, RFLAGS_IF_TF);
	assert_int_equal(run(&rig.vcpu[0], EXIT_EXCEPTION), VCPU_STOP_HOST);
	assert_int_equal(entered_with, EVENT_VALID | EVENT_HARD_EXCEPTION << 8 | EXCEPTION_DB);
}

/* SDM 27.9: no exception tells of it. */
static void test_a_machine_check_at_entry_is_the_hosts(void **state)
{
	rig_start(BASE_LONG);
	assert_int_equal(
		run(&rig.vcpu[0], EXIT_MACHINE_CHECK_ENTRY | EXIT_ENTRY_FAILED), VCPU_STOP_FAILED);
	assert_int_equal(swvmx.machine_checks, 1);
	rig_start(BASE_LONG);
	assert_int_equal(
		run(&rig.vcpu[0], EXIT_INVALID_GUEST_STATE | EXIT_ENTRY_FAILED), VCPU_STOP_FAILED);
	assert_int_equal(swvmx.machine_checks, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_breakpoints_are_the_guests_own),
		cmocka_unit_test(test_breakpoints_come_back_after_ring_3),
		cmocka_unit_test(test_none_are_left_on_the_pcpu),
		cmocka_unit_test(test_a_debug_exception_ends_what_blocks),
		cmocka_unit_test(test_a_step_ends_with_what_is_carried_out),
		cmocka_unit_test(test_int1_is_a_trap),
		cmocka_unit_test(test_a_machine_check_at_entry_is_the_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
