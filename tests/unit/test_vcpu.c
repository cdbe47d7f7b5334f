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
/* The run loop on the processor model: turns, failures, and what is the guest's and the host's. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fuzz/models/swvmx/rig.h"
#include "vtx/exits.h"
#include "vtx/guest_fpu.h"
#include "vtx/guest_msr.h"
#include "vtx/vcpu_exits.h"

static const uint32_t no_leave;
static uint32_t next_reason;
static uint64_t next_qualification;

static void one_exit(void *context, struct swvmx_vmcs *vmcs, struct vtx_registers *registers)
{
	swvmx_exit(vmcs, next_reason, next_qualification);
	vmcs->f[VMCS_INDEX_EXIT_INSTRUCTION_LENGTH] = 2;
	next_reason = EXIT_PREEMPTION_TIMER;
}

static enum vcpu_stop run(uint32_t reason, uint64_t qualification)
{
	swvmx.chooser.run = one_exit;
	next_reason = reason;
	next_qualification = qualification;
	return vcpu_run(&rig.vcpu[0], &no_leave, 1000);
}

static void test_reset_forgets_debug_registers(void **state)
{
	struct vcpu *v = &rig.vcpu[0];

	rig_start(BASE_LONG);
	assert_int_equal(run(EXIT_MOV_DR, 0), VCPU_STOP_HOST);
	swvmx_current()->dr[0] = 0x1234;
	vcpu_reset(v);
	vcpu_unload(v);
	assert_int_equal(v->dr[0], 0);
	assert_int_equal(v->dr6, 0xffff0ff0u);
}

/* With I/O bitmaps, and on a processor without. */
static void test_no_port_is_the_guests(void **state)
{
	for (enum swvmx_base base = BASE_LONG; base <= BASE_MINIMAL; base++) {
		const struct swvmx_vmcs *v;

		rig_start(base);
		v = swvmx_current()->current;
		assert_int_equal(
			!(v->f[VMCS_INDEX_PROC_CONTROLS] & PROC_IO_BITMAPS), base == BASE_MINIMAL);
		for (unsigned port = 0; port < 0x10000; port++)
			assert_true(swvmx_ports_exit(v, (uint16_t)port, 1));
	}
}

/* SDM 3A, 4.4.1: loading them faults, so that no entry fails at them. */
static void test_pae_entries_beyond_the_address_width(void **state)
{
	uint64_t *entries;

	rig_start(BASE_FLAT);
	entries = swvmx_at(rig_frame(0));
	memset(entries, 0, 32);
	assert_int_equal(ept_map(&rig.vm.ept, (struct gpa){0x5000}, rig_frame(0), 4096,
				 EPT_ACCESS | EPT_WRITE_BACK),
		VMK_OK);
	vtx_vmwrite(VMCS_GUEST_CR3, 0x5000);
	vcpu_set_cr4(&rig.vcpu[0], 1 << 5);
	rig.vcpu[0].registers.gpr[RBX] = 0x80000011;
	entries[1] = 1ull << swvmx.cpu.physical_bits | 1;
	assert_int_equal(run(EXIT_CR_ACCESS, RBX << 8), VCPU_STOP_HOST);
	assert_false(vcpu_cr0(&rig.vcpu[0]) >> 31);
	assert_int_equal(EVENT_VECTOR(vtx_vmread(VMCS_ENTRY_EVENT)), EXCEPTION_GP);
	entries[1] = 0x6001;
	assert_int_equal(run(EXIT_CR_ACCESS, RBX << 8), VCPU_STOP_HOST);
	assert_true(vcpu_cr0(&rig.vcpu[0]) >> 31);
	assert_int_equal(vtx_vmread(VMCS_GUEST_PDPTE_1), 0x6001);
	vcpu_unload(&rig.vcpu[0]);
}

static void test_debug_registers_follow_the_vcpu(void **state)
{
	struct vcpu *v = &rig.vcpu[0];

	rig_start(BASE_LONG);
	assert_int_equal(run(EXIT_MOV_DR, 0), VCPU_STOP_HOST);
	swvmx_current()->dr[0] = 0x1234;
	vcpu_unload(v);
	swvmx.now = 1;
	assert_int_equal(vcpu_load(v, 1), VMK_OK);
	assert_int_equal(run(EXIT_MOV_DR, 0), VCPU_STOP_HOST);
	assert_int_equal(swvmx_current()->dr[0], 0x1234);
}

static void test_failed_vcpu_stays_failed(void **state)
{
	struct vcpu *v = &rig.vcpu[0];

	rig_start(BASE_LONG);
	assert_int_equal(run(EXIT_TASK_SWITCH, 0), VCPU_STOP_FAILED);
	assert_int_equal(run(EXIT_CPUID, 0), VCPU_STOP_FAILED);
	assert_int_equal(swvmx.entries, 1);
	vcpu_reset(v);
	assert_int_equal(run(EXIT_CPUID, 0), VCPU_STOP_HOST);
}

static void test_unload_gives_the_host_its_msrs(void **state)
{
	struct vcpu *v = &rig.vcpu[0];

	rig_build(SWVMX_TIGERLAKE);
	swvmx.pcpu[0].lstar = 0x1000;
	assert_int_equal(vcpu_load(v, 0), VMK_OK);
	vcpu_reset(v);
	assert_true(guest_msr_write(v, 0xc0000082, 0x2000));
	assert_int_equal(swvmx.pcpu[0].lstar, 0x2000);
	vtx_wrmsr(0xc0000102, 0x3000); /* SWAPGS, which does not exit */
	vcpu_unload(v);
	assert_int_equal(swvmx.pcpu[0].lstar, 0x1000);
	assert_int_equal(swvmx.pcpu[0].kernel_gs_base, 0);
	assert_false(swvmx.pcpu[0].tables_short);
	assert_int_equal(vcpu_load(v, 0), VMK_OK);
	assert_int_equal(swvmx.pcpu[0].lstar, 0x2000);
	assert_int_equal(swvmx.pcpu[0].kernel_gs_base, 0x3000);
	vcpu_unload(v);
	vcpu_power_on(v); /* of what was before, nothing is left */
	assert_int_equal(vcpu_load(v, 0), VMK_OK);
	assert_int_equal(swvmx.pcpu[0].lstar, 0);
	assert_int_equal(swvmx.pcpu[0].kernel_gs_base, 0);
}

/* What it would fault at never reaches the processor: the guest faults. */
static void test_switched_msrs_take_what_the_processor_takes(void **state)
{
	static const struct {
		uint32_t msr;
		uint64_t value;
		bool good;
	} cases[] = {
		{0xc0000081, UINT64_MAX, true},
		{0xc0000082, 0x7fffffffffff, true},
		{0xc0000082, 0x800000000000, false},
		{0xc0000083, 0xffff800000000000, true},
		{0xc0000083, 0xffff7fffffffffff, false},
		{0xc0000084, 0xffffffff, true},
		{0xc0000084, 0x100000000, false},
		{0xc0000103, 0xffffffff, true},
		{0xc0000103, 0x100000000, false},
	};
	struct vcpu *v = &rig.vcpu[0];

	rig_start(BASE_LONG);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const uint64_t before = vtx_rdmsr(cases[i].msr);

		assert_int_equal(guest_msr_write(v, cases[i].msr, cases[i].value), cases[i].good);
		assert_int_equal(vtx_rdmsr(cases[i].msr), cases[i].good ? cases[i].value : before);
	}
}

/* Ring 3 may run here then, and the guest goes on where it was, without VMLAUNCH. */
static void test_aside_the_host_has_its_msrs(void **state)
{
	struct vcpu *v = &rig.vcpu[0];

	rig_start(BASE_LONG);
	assert_int_equal(run(EXIT_CPUID, 0), VCPU_STOP_HOST);
	assert_true(guest_msr_write(v, 0xc0000082, 0x2000));
	vcpu_set_aside(v);
	assert_int_equal(swvmx.pcpu[0].lstar, 0);
	assert_false(swvmx.pcpu[0].tables_short);
	assert_true(vcpu_is_loaded(v));
	vcpu_take_up(v);
	assert_int_equal(swvmx.pcpu[0].lstar, 0x2000);
	assert_true(v->launched);
	assert_int_equal(run(EXIT_CPUID, 0), VCPU_STOP_HOST);
	vcpu_set_aside(v);
	vcpu_unload(v);
	assert_int_equal(swvmx.pcpu[0].lstar, 0);
	assert_false(vcpu_is_loaded(v));
}

/* XSETBV of `value` by a guest that set CR4.OSXSAVE or did not; did it come to pass? */
static bool xsetbv(bool osxsave, uint32_t number, uint64_t value)
{
	struct vcpu *v = &rig.vcpu[0];
	const uint64_t rip = vtx_vmread(VMCS_GUEST_RIP);

	vcpu_set_cr4(v, osxsave ? 1u << 18 | 1u << 5 : 1u << 5);
	v->injector = (struct injector){0};
	v->registers.gpr[RCX] = number;
	v->registers.gpr[RAX] = (uint32_t)value;
	v->registers.gpr[RDX] = value >> 32;
	assert_int_equal(run(EXIT_XSETBV, 0), VCPU_STOP_HOST);
	return vtx_vmread(VMCS_GUEST_RIP) != rip;
}

static void test_xsetbv_by_the_rules(void **state)
{
	static const uint64_t good[] = {1, 3, 7, 0xe7},
			      bad[] = {0, 2, 5, 4, 9, 0x27, 0xe3, 0x207, 1ull << 63 | 7};
	struct vcpu *v = &rig.vcpu[0];

	rig_start(BASE_LONG);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(xsetbv(true, 0, good[i]));
		assert_int_equal(v->xcr0, good[i]);
		assert_int_equal(swvmx_current()->xcr0, good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(xsetbv(true, 0, bad[i]));
	assert_false(xsetbv(true, 1, 3));
	assert_false(xsetbv(false, 0, 3));
	vtx_vmwrite(VMCS_GUEST_CS, 0x13);
	vtx_vmwrite(VMCS_GUEST_CS_ACCESS, 0xa0fb);
	vtx_vmwrite(VMCS_GUEST_SS, 0x1b);
	vtx_vmwrite(VMCS_GUEST_SS_ACCESS, 0xc0f3);
	assert_false(xsetbv(true, 0, 3));
	assert_int_equal(v->xcr0, 0xe7);
	/* INIT leaves it, power-up does not. */
	vcpu_reset(v);
	assert_int_equal(v->xcr0, 0xe7);
	vcpu_unload(v);
	guest_fpu_power_on(v);
	assert_int_equal(v->xcr0, 1);
}

/* In another VM's vCPU nothing of it is to be seen, nor in the host, and it comes back. */
static void test_vector_registers_are_the_vcpus(void **state)
{
	struct vcpu *v = &rig.vcpu[0], *other = &rig.vcpu[1];

	rig_start(BASE_LONG);
	assert_true(xsetbv(true, 0, 7));
	swvmx_current()->fpu[1] = 0x55e;
	swvmx_current()->fpu[2] = 0xa7;
	/* Switched off, it keeps what it holds. */
	assert_true(xsetbv(true, 0, 3));
	vcpu_set_aside(v);
	assert_int_equal(swvmx_current()->fpu[2], 0);
	assert_int_equal(swvmx_current()->xcr0, 3);
	vcpu_unload(v);
	assert_int_equal(vcpu_load(other, 0), VMK_OK);
	assert_int_equal(swvmx_current()->fpu[1], 0);
	assert_int_equal(swvmx_current()->fpu[2], 0);
	vcpu_unload(other);
	swvmx.now = 1;
	assert_int_equal(vcpu_load(v, 1), VMK_OK);
	assert_int_equal(swvmx_current()->xcr0, 3);
	assert_int_equal(swvmx_current()->fpu[1], 0x55e);
	assert_int_equal(swvmx_current()->fpu[2], 0xa7);
}

static void test_a_guest_without_xsave(void **state)
{
	rig_build(SWVMX_MINIMAL);
	swvmx.now = 0;
	assert_int_equal(vcpu_load(&rig.vcpu[0], 0), VMK_OK);
	swvmx_current()->fpu[1] = 0x55e;
	vcpu_unload(&rig.vcpu[0]);
	swvmx_current()->fpu[1] = 1;
	assert_int_equal(vcpu_load(&rig.vcpu[0], 0), VMK_OK);
	assert_int_equal(swvmx_current()->fpu[1], 0x55e);
}

static void test_translations_are_flushed_where_others_may_be_newer(void **state)
{
	struct vcpu *v = &rig.vcpu[0];
	uint64_t before;

	rig_start(BASE_LONG);
	vcpu_unload(v);
	before = v->counters[COUNT_INVVPID];
	assert_int_equal(vcpu_load(v, 0), VMK_OK);
	assert_int_equal(v->counters[COUNT_INVVPID], before);
	vcpu_unload(v);
	swvmx.now = 1;
	assert_int_equal(vcpu_load(v, 1), VMK_OK);
	assert_int_equal(v->counters[COUNT_INVVPID], before + 1);
	vcpu_unload(v);
	swvmx.now = 0;
	assert_int_equal(vcpu_load(v, 0), VMK_OK);
	assert_int_equal(v->counters[COUNT_INVVPID], before + 2);
}

/* Written where it is another: everything at first, later only what the pCPU has of its own. */
static void test_host_state_is_the_pcpus(void **state)
{
	struct vcpu *v = &rig.vcpu[0];
	uint64_t writes;

	rig_start(BASE_LONG);
	vcpu_unload(v);
	writes = v->counters[COUNT_VMWRITE];
	assert_int_equal(vcpu_load(v, 0), VMK_OK);
	vcpu_unload(v);
	assert_int_equal(v->counters[COUNT_VMWRITE], writes);
	for (unsigned pcpu = 1; pcpu < 3; pcpu++) {
		struct vtx_host host;

		swvmx.now = pcpu;
		assert_int_equal(vcpu_load(v, pcpu), VMK_OK);
		vtx_host_state(&host);
		assert_int_equal(vtx_vmread(VMCS_HOST_GS_BASE), host.gs_base);
		assert_int_equal(vtx_vmread(VMCS_HOST_TR_BASE), host.tr_base);
		assert_int_equal(vtx_vmread(VMCS_HOST_GDTR_BASE), host.gdtr_base);
		assert_int_equal(vtx_vmread(VMCS_HOST_CR3), host.cr3);
		vcpu_unload(v);
	}
}

/* What ends in a panic of the kernel's or in a lost guest on a processor, ends the model. */
static bool model_aborts(void (*function)(void))
{
	int status = 0;
	const pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		close(STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		function();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void load_elsewhere(void)
{
	swvmx.now = 1;
	vcpu_load(&rig.vcpu[0], 1);
}

static void load_after_unload(void)
{
	vcpu_unload(&rig.vcpu[0]);
	load_elsewhere();
}

static void load_after_aside(void)
{
	vcpu_set_aside(&rig.vcpu[0]);
	load_elsewhere();
}

static void test_a_vmcs_is_active_on_one_pcpu(void **state)
{
	rig_start(BASE_LONG);
	assert_true(model_aborts(load_elsewhere));
	assert_true(model_aborts(load_after_aside));
	assert_false(model_aborts(load_after_unload));
}

static void test_instruction_at_the_edge_of_the_address_space(void **state)
{
	rig_start(BASE_LONG);
	vtx_vmwrite(VMCS_GUEST_RIP, 0x7ffffffffffeull);
	assert_int_equal(run(EXIT_CPUID, 0), VCPU_STOP_HOST);
	assert_int_equal(vtx_vmread(VMCS_GUEST_RIP), 0x800000000000ull);
}

static uint32_t endless_vector;

/* The stack that it would be delivered to is not aligned, or has a breakpoint on it. */
static void fault_in_delivery(
	void *context, struct swvmx_vmcs *vmcs, struct vtx_registers *registers)
{
	uint64_t *f = vmcs->f;

	assert_true(swvmx.entries < 100);
	f[VMCS_INDEX_VECTORING_EVENT] = f[VMCS_INDEX_ENTRY_EVENT];
	f[VMCS_INDEX_VECTORING_EVENT_ERROR] = f[VMCS_INDEX_ENTRY_EVENT_ERROR];
	swvmx_exit(vmcs, EXIT_EXCEPTION, 0);
	f[VMCS_INDEX_EXIT_EVENT] = EVENT_VALID | EVENT_HARD_EXCEPTION << 8 | endless_vector;
}

/* No instruction of the guest's is between two of them, so nothing else ends its turn. */
static void test_endless_exceptions_let_the_host_in(void **state)
{
	static const uint32_t vectors[] = {EXCEPTION_DB, EXCEPTION_AC};

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		rig_start(BASE_LONG);
		swvmx.chooser.run = fault_in_delivery;
		endless_vector = vectors[i];
		assert_int_equal(
			vcpu_run(&rig.vcpu[0], &swvmx.host_interrupts, 1000), VCPU_STOP_HOST);
	}
}

static int nothing_pends(void *apic)
{
	return -1;
}

static bool take_msr(void *apic, uint32_t msr, uint64_t value)
{
	return true;
}

/* How many entries a WRMSR took, until the turn was over. */
static uint64_t entries_of_wrmsr(uint32_t msr)
{
	const uint64_t before = swvmx.entries;
	struct vcpu *v = &rig.vcpu[0];

	v->registers.gpr[RCX] = msr;
	v->registers.gpr[RAX] = 0x10000;
	v->registers.gpr[RDX] = 0;
	assert_int_equal(run(EXIT_WRMSR, 0), VCPU_STOP_HOST);
	return swvmx.entries - before;
}

/* Else the guest would have its interrupt when the old slice ends. */
static void test_a_write_that_moves_the_timer_ends_the_slice(void **state)
{
	static const uint32_t of_time[] = {0x10, 0x3b, 0x6e0, 0x838},
			      others[] = {0x1a0, 0x200, 0x80b};
	static const struct vcpu_apic_ops ops = {.pending = nothing_pends, .write_msr = take_msr};

	rig_start(BASE_LONG);
	rig.vcpu[0].apic_ops = &ops;
	for (size_t i = 0; i < ARRAY_SIZE(of_time); i++)
		assert_int_equal(entries_of_wrmsr(of_time[i]), 1);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(entries_of_wrmsr(others[i]), 2);
}

static bool reached;

static void touch_page(void *context, struct swvmx_vmcs *vmcs, struct vtx_registers *registers)
{
	uint64_t qualification;
	struct hpa to;

	reached = swvmx_touch(vmcs, 0x5000, EPT_READ, &to, &qualification);
	swvmx_exit(vmcs, EXIT_PREEMPTION_TIMER, 0);
}

static void test_unmapped_page_is_gone_at_the_next_entry(void **state)
{
	const struct gpa page = {0x5000};

	rig_start(BASE_LONG);
	swvmx.chooser.run = touch_page;
	assert_int_equal(
		ept_map(&rig.vm.ept, page, rig_frame(1), 4096, EPT_READ | EPT_WRITE_BACK), VMK_OK);
	assert_int_equal(vcpu_run(&rig.vcpu[0], &no_leave, 1000), VCPU_STOP_HOST);
	assert_true(reached);
	assert_int_equal(ept_unmap(&rig.vm.ept, page, 4096), VMK_OK);
	assert_int_equal(vcpu_run(&rig.vcpu[0], &no_leave, 1000), VCPU_STOP_HOST);
	assert_false(reached);
}

/* --- every reason to exit */

enum who { NOBODY, GUEST, HOST, OFF };
static const struct {
	enum who who;
	const char *what;
} causes[VTX_EXIT_COUNT] = {
#define X(reason, who, what) [reason] = {who, what},
#include "tests/boot/exits.inc"
#undef X
};

static bool is_reason(uint32_t reason)
{
	return strcmp(vtx_exit_name(reason), "reserved") != 0;
}

/* What can only be an error stops the vCPU, with a report, before anything else runs of it. */
static void test_every_exit_reason(void **state)
{
	for (uint32_t reason = 0; reason < 0x200; reason++) {
		const enum who who = reason < VTX_EXIT_COUNT ? causes[reason].who : NOBODY;
		enum vcpu_stop stop;

		assert_int_equal(is_reason(reason), who != NOBODY);
		rig_start(BASE_LONG);
		stop = run(reason, 0);
		if (who == NOBODY || reason == EXIT_TASK_SWITCH)
			assert_int_equal(stop, VCPU_STOP_FAILED);
		assert_int_equal(stop == VCPU_STOP_FAILED, rig.vcpu[0].failed);
		/* VM entry failed, whatever it was: always an error of ours. */
		rig_start(BASE_LONG);
		assert_int_equal(run(reason | EXIT_ENTRY_FAILED, 0), VCPU_STOP_FAILED);
		assert_int_equal(run(EXIT_CPUID, 0), VCPU_STOP_FAILED);
	}
}

static void test_errors_of_the_host_stop_it(void **state)
{
	static const uint32_t errors[] = {EXIT_INIT, EXIT_SIPI, EXIT_IO_SMI, EXIT_OTHER_SMI,
		EXIT_INVALID_GUEST_STATE, EXIT_MSR_LOADING, EXIT_MACHINE_CHECK_ENTRY,
		EXIT_EPT_MISCONFIGURATION};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		assert_int_equal(causes[errors[i]].who, HOST);
		rig_start(BASE_LONG);
		assert_int_equal(run(errors[i], 0), VCPU_STOP_FAILED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_exit_reason),
		cmocka_unit_test(test_errors_of_the_host_stop_it),
		cmocka_unit_test(test_no_port_is_the_guests),
		cmocka_unit_test(test_reset_forgets_debug_registers),
		cmocka_unit_test(test_pae_entries_beyond_the_address_width),
		cmocka_unit_test(test_debug_registers_follow_the_vcpu),
		cmocka_unit_test(test_failed_vcpu_stays_failed),
		cmocka_unit_test(test_unload_gives_the_host_its_msrs),
		cmocka_unit_test(test_switched_msrs_take_what_the_processor_takes),
		cmocka_unit_test(test_aside_the_host_has_its_msrs),
		cmocka_unit_test(test_xsetbv_by_the_rules),
		cmocka_unit_test(test_vector_registers_are_the_vcpus),
		cmocka_unit_test(test_a_guest_without_xsave),
		cmocka_unit_test(test_translations_are_flushed_where_others_may_be_newer),
		cmocka_unit_test(test_host_state_is_the_pcpus),
		cmocka_unit_test(test_a_vmcs_is_active_on_one_pcpu),
		cmocka_unit_test(test_instruction_at_the_edge_of_the_address_space),
		cmocka_unit_test(test_endless_exceptions_let_the_host_in),
		cmocka_unit_test(test_a_write_that_moves_the_timer_ends_the_slice),
		cmocka_unit_test(test_unmapped_page_is_gone_at_the_next_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
