/* sources: kernel/vmkvm/run.c kernel/vmkvm/route.c kernel/vmkvm/serve.c kernel/vtx/vlapic.c */
/* sources: kernel/vtx/vlapic_timer.c */
/* sources: kernel/vtx/vioapic.c kernel/vtx/guest_clock.c kernel/vmkuser/budget.c */
/* sources: tests/unit/shim/run_kernel.c */
/* A vCPU's world on the host: how long it stays in the guest, what it waits for, what it heeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/shim/run_kernel.h"
#include "vtx/vcpu_exits.h"

#define SLICE   (RUN_HZ / 100)
#define SOON    (RUN_HZ / 50000)
#define TIMER   0x838    /* MSRs of a local APIC in x2APIC mode */
#define ENABLED 0x200ull /* RFLAGS.IF */
#define VECTOR  0x40

static struct vm_vcpu *const v = &run_vcpus[0];

static int fresh(void **state)
{
	static const struct vtx_controls controls;

	memset(&run_vm, 0, sizeof(run_vm));
	memset(run_vcpus, 0, sizeof(run_vcpus));
	memset(&run_sim, 0, sizeof(run_sim));
	memset(run_trace, 0, sizeof(run_trace));
	run_sim.cpu = 3;
	run_sim.now = 5 * RUN_HZ;
	run_sim.flags = ENABLED;
	run_vm.name = "it";
	run_vm.domain = 7;
	run_vm.vcpu_count = 2;
	run_vm.vtx.controls = &controls;
	run_vm.vtx.cpuid.tsc_hz = RUN_HZ;
	guest_clock_init(&run_vm.vtx.clock, RUN_HZ, RUN_HZ, run_sim.now);
	for (unsigned i = 0; i < 2; i++) {
		run_vcpus[i].vm = &run_vm;
		run_vcpus[i].running_on = -1;
		run_vcpus[i].vcpu.pcpu = -1;
		run_vcpus[i].vcpu.index = i;
		run_vcpus[i].reports = (struct budget){.interval_ns = 1, .burst = 8};
		vlapic_init(&run_vcpus[i].apic, &vm_vlapic_ops, &run_vcpus[i], i, i == 0);
		run_vm.vcpus[i] = &run_vcpus[i];
	}
	v->phase = PHASE_RUNS;
	return 0;
}

static void run(const char *expected)
{
	vm_vcpu_main(v);
	assert_string_equal(run_trace, expected);
	assert_int_equal(run_sim.puts, 1);
	assert_false(run_sim.taken);
	assert_false(vcpu_is_loaded(&v->vcpu));
}

/* Its own timer, in x2APIC mode: enabled, one shot, undivided. */
static void set_timer(uint64_t ticks)
{
	assert_true(vlapic_write_msr(&v->apic, 0x1b, APIC_DEFAULT_BASE | 0xd00));
	assert_true(vlapic_write_msr(&v->apic, 0x80f, 0x1ff));
	assert_true(vlapic_write_msr(&v->apic, 0x832, VECTOR));
	assert_true(vlapic_write_msr(&v->apic, 0x83e, 0xb));
	assert_true(vlapic_write_msr(&v->apic, TIMER, ticks));
}

static enum vcpu_stop keeps_stopping(uint64_t ticks)
{
	assert_in_range(ticks, SOON, SLICE);
	run_sim.now += SLICE / 4;
	if (run_sim.runs == 8)
		run_end();
	return VCPU_STOP_MEMORY;
}

/* What the guest brings about begins no new slice. */
static void a_turn_ends_with_its_slice(void **state)
{
	run_sim.guest = keeps_stopping;
	run("mmmmpmmmmp");
}

static enum vcpu_stop until_the_host_wants_it(uint64_t ticks)
{
	assert_int_equal(ticks, SLICE);
	run_sim.wanted = run_sim.runs == 1;
	if (run_sim.runs == 2)
		run_end();
	return VCPU_STOP_HOST;
}

static void leaves_when_it_is_wanted(void **state)
{
	run_sim.guest = until_the_host_wants_it;
	run_sim.wanted = 1; /* already before */
	run("ppp");
	assert_int_equal(run_sim.runs, 2);
}

static enum vcpu_stop spins(uint64_t ticks)
{
	v->vcpu.exit_reason = EXIT_PAUSE;
	if (run_sim.runs == 2)
		run_end();
	return VCPU_STOP_HOST;
}

static void who_spins_yields(void **state)
{
	run_sim.guest = spins;
	run("yy");
}

static uint64_t longest;

static enum vcpu_stop sees_its_time(uint64_t ticks)
{
	longest = ticks;
	run_end();
	return VCPU_STOP_HOST;
}

static void time_of(uint64_t timer, uint64_t expected)
{
	fresh(NULL);
	set_timer(timer);
	run_sim.guest = sees_its_time;
	run("p");
	assert_in_range(longest, expected, expected + 1);
}

/* The guest's timer ends the time in the guest, however soon not at once. */
static void a_timer_ends_a_turn(void **state)
{
	time_of(1000000, 1000000);
	time_of(SLICE + 1, SLICE);
	time_of(1, SOON);
}

/* The guest's ticks are not the host's. */
static void a_timer_at_another_rate(void **state)
{
	fresh(NULL);
	guest_clock_init(&run_vm.vtx.clock, RUN_HZ, 4 * RUN_HZ, run_sim.now);
	set_timer(4000000);
	run_sim.guest = sees_its_time;
	run("p");
	assert_in_range(longest, 1000000, 1000001);
}

static enum vcpu_stop halts(uint64_t ticks)
{
	if (run_sim.runs == 2)
		run_end();
	return run_sim.runs == 2 ? VCPU_STOP_HOST : VCPU_STOP_HALT;
}

static void waits_a_millisecond(uint64_t deadline)
{
	assert_in_range(deadline, run_sim.now + 1000000, run_sim.now + 1000001);
	assert_int_equal(run_sim.waits_for, SCHED_WAIT_WORK);
	run_sim.now = deadline;
}

static void halted_until_its_timer(void **state)
{
	run_sim.guest = halts;
	run_sim.waited = waits_a_millisecond;
	set_timer(1000000);
	run("pwp");
	assert_int_equal(vm_apic_ops.pending(&v->apic), VECTOR);
}

static void waits_some_moment(uint64_t deadline)
{
	assert_in_range(deadline, run_sim.now + SOON, run_sim.now + SOON);
	run_sim.now = deadline;
}

static void halted_with_a_timer_that_is_due(void **state)
{
	run_sim.guest = halts;
	run_sim.waited = waits_some_moment;
	set_timer(2);
	run("pwp");
}

static unsigned rounds;

/* First an interrupt, which is not for it, then an NMI. */
static void waits_for_an_nmi(uint64_t deadline)
{
	assert_int_equal(deadline, 0);
	if (rounds++ == 0)
		vlapic_post(&v->apic, VECTOR, false);
	else
		vm_attend(v, ATTEND_NMI);
}

static void halted_and_deaf(void **state)
{
	run_sim.guest = halts;
	run_sim.waited = waits_for_an_nmi;
	rounds = 0;
	set_timer(1000);
	run_sim.flags = 0;
	run("pwwNp");
}

/* While it is paused, its timer is none; time passes for the host alone. It does not idle: others
 * keep it from what it has to do. */
static void pauses_then_goes_on(uint64_t deadline)
{
	assert_int_equal(deadline, 0);
	assert_int_equal(run_sim.waits_for, SCHED_WAIT_EVENT);
	guest_clock_stop(&run_vm.vtx.clock, run_sim.now, run_sim.now);
	run_sim.now += RUN_HZ;
	if (rounds++ == 0)
		return;
	guest_clock_go(&run_vm.vtx.clock, run_sim.now, run_sim.now);
	run_vm.held = 0;
	run_sim.waited = waits_a_millisecond;
}

static enum vcpu_stop halts_and_is_paused(uint64_t ticks)
{
	run_vm.held = run_sim.runs == 1 ? VM_HELD_PAUSED : 0;
	return halts(ticks);
}

static void paused_its_timer_waits(void **state)
{
	run_sim.guest = halts_and_is_paused;
	run_sim.waited = pauses_then_goes_on;
	rounds = 0;
	set_timer(1000000);
	run("pwwwp");
}

static void paused_it_does_not_run(void **state)
{
	run_vm.held = VM_HELD_PAUSED;
	run("w");
	assert_int_equal(run_sim.runs, 0);
}

static void is_reset_over_and_over(uint64_t deadline)
{
	assert_int_equal(deadline, 0);
	assert_int_equal(v->attention, ATTEND_RESET | ATTEND_START);
	assert_true(run_vm.held & VM_HELD_PAUSED);
	vm_reset(&run_vm);
	assert_int_equal(v->attention, ATTEND_RESET);
	vm_attend(v, ATTEND_START);
	if (rounds++ < 3)
		return;
	run_vm.held = 0;
	vm_kick(v);
}

/* Else vm_pause(), which waits until nobody has entered, could wait for ever. */
static void paused_it_is_not_reset(void **state)
{
	run_vm.held = VM_HELD_PAUSED;
	v->attention = ATTEND_RESET | ATTEND_START;
	run_vm.entry = (struct vmk_vm_entry){.mode = VMK_VM_FLAT};
	run_sim.waited = is_reset_over_and_over;
	rounds = 0;
	run("wwwwORfp");
}

/* Everything at once: power-on, its beginning, and what comes from other vCPUs, in this order. */
static void heeds_in_order(void **state)
{
	v->startup_vector = 0x9a;
	v->attention = ATTEND_RESET | ATTEND_START | ATTEND_INIT | ATTEND_STARTUP | ATTEND_NMI;
	run_vm.entry = (struct vmk_vm_entry){.mode = VMK_VM_FLAT, .rbx = 5};
	run("ORfRSNp");
	assert_int_equal(v->vcpu.registers.gpr[RBX], 5);
}

/* A SIPI is for those that wait for it (SDM 3A, 9.4.3). */
static void a_sipi_to_one_that_runs_is_nothing(void **state)
{
	v->startup_vector = 0x9a;
	v->attention = ATTEND_STARTUP;
	run("p");
}

/* What it does last in the guest. */
static void the_other_sends_a_sipi(void)
{
	vm_attend(v, ATTEND_STARTUP);
	run_vcpus[1].running_on = -1;
}

/* Else a guest would outlive the reset of its VM. */
static void a_sipi_from_before_the_reset_starts_nobody(void **state)
{
	run_vcpus[1].running_on = (int32_t)run_sim.cpu;
	run_sim.kicked = the_other_sends_a_sipi;
	vm_reset(&run_vm);
	run("ORw");
	assert_int_equal(v->phase, PHASE_WAITS);
	assert_int_equal(run_vcpus[1].attention, ATTEND_RESET);
	assert_int_equal(run_vm.held, 0);
}

static void is_reset_again_and_started(void)
{
	vm_attend(v, ATTEND_RESET);
	vm_attend(v, ATTEND_START);
}

static void a_start_comes_after_its_reset(void **state)
{
	v->attention = ATTEND_RESET;
	run_vm.entry = (struct vmk_vm_entry){.mode = VMK_VM_FLAT};
	run_sim.reset = is_reset_again_and_started;
	run("ORORfp");
}

static enum vcpu_stop shuts_down(uint64_t ticks)
{
	return VCPU_STOP_SHUTDOWN;
}

static void interrupts_do_not_help(uint64_t deadline)
{
	struct vmk_vm_exchange exchange = {0};

	assert_int_equal(deadline, 0);
	assert_int_equal(v->phase, PHASE_STOPPED);
	assert_int_equal(run_sim.waits_for, SCHED_WAIT_EVENT);
	if (rounds++) {
		run_end();
		return;
	}
	assert_true(vm_next(&run_vm, &exchange));
	assert_int_equal(exchange.kind, VMK_VM_REQUEST_SHUTDOWN);
	assert_false(vm_next(&run_vm, &exchange));
	vlapic_post(&v->apic, VECTOR, false);
	inject_nmi(&v->vcpu.injector);
}

static void after_a_triple_fault_it_waits_for_a_reset(void **state)
{
	run_sim.guest = shuts_down;
	run_sim.waited = interrupts_do_not_help;
	rounds = 0;
	run("pwNw");
	assert_string_equal(run_sim.text, "VM it: vCPU 0: triple fault");
}

static enum vcpu_stop fails(uint64_t ticks)
{
	return VCPU_STOP_FAILED;
}

static void a_failure_is_reported_once(void **state)
{
	run_sim.guest = fails;
	run("pw");
	assert_string_equal(run_sim.text, "VM it: the report");
	assert_true(v->vcpu.failed);
	assert_int_equal(v->phase, PHASE_STOPPED);
}

/* --- what it asks of its VMX world */

static enum vcpu_stop reads_a_port(uint64_t ticks)
{
	if (run_sim.runs == 2)
		run_end();
	return run_sim.runs == 1 ? VCPU_STOP_IO : VCPU_STOP_HOST;
}

static void answer(char what)
{
	struct vmk_vm_exchange exchange = {0};

	assert_true(vm_next(&run_vm, &exchange));
	assert_int_equal(exchange.kind, VMK_VM_REQUEST_IO);
	assert_int_equal(exchange.address, 0x80);
	exchange.value = (uint64_t)what;
	assert_true(vm_answer(&run_vm, &exchange));
	assert_false(vm_answer(&run_vm, &exchange));
}

/* In its place, with the VMCS where it is, but aside. */
static bool answers_at_once(void)
{
	assert_int_equal(v->running_on, -1);
	assert_true(vcpu_is_loaded(&v->vcpu) && v->vcpu.aside && run_sim.taken);
	answer('A');
	return true;
}

static void is_answered_at_once(void **state)
{
	run_sim.guest = reads_a_port;
	run_sim.lent = answers_at_once;
	run("lAp");
}

static void answers_later(uint64_t deadline)
{
	assert_int_equal(deadline, 0);
	assert_false(vcpu_is_loaded(&v->vcpu));
	run_sim.cpu = 5; /* it goes on elsewhere */
	answer('B');
}

static void is_answered_later(void **state)
{
	run_sim.guest = reads_a_port;
	run_sim.waited = answers_later;
	run("lwBp");
}

static void is_reset_meanwhile(uint64_t deadline)
{
	struct vmk_vm_exchange exchange = {0};

	if (rounds++) {
		/* The answer to what was called off is nobody's. */
		exchange.kind = VMK_VM_REQUEST_IO;
		assert_false(vm_answer(&run_vm, &exchange));
		run_end();
		return;
	}
	assert_true(vm_next(&run_vm, &exchange));
	vm_attend(v, ATTEND_RESET);
}

static void a_reset_calls_it_off(void **state)
{
	run_sim.guest = reads_a_port;
	run_sim.waited = is_reset_meanwhile;
	rounds = 0;
	run("lw-pORw");
	assert_int_equal(run_vm.posted, 0);
	assert_int_equal(v->phase, PHASE_WAITS);
}

static void is_answered_and_reset(uint64_t deadline)
{
	if (rounds++) {
		run_end();
		return;
	}
	answer('C');
	vm_reset(&run_vm);
}

/* Where the answer would go, there is another guest's kernel by now. */
static void a_reset_comes_before_an_answer(void **state)
{
	run_sim.guest = reads_a_port;
	run_sim.waited = is_answered_and_reset;
	rounds = 0;
	run("lw-pORw");
	assert_int_equal(v->phase, PHASE_WAITS);
}

static void is_reset_unanswered(uint64_t deadline)
{
	struct vmk_vm_exchange exchange = {0};

	if (rounds++) {
		run_end();
		return;
	}
	vm_reset(&run_vm);
	assert_int_equal(run_vm.posted, 1);
	assert_false(vm_next(&run_vm, &exchange));
}

/* Else it would write to the devices of the guest that begins: have them write to its memory, or
 * switch it off. */
static void a_request_from_before_the_reset_is_nobodys(void **state)
{
	run_sim.guest = reads_a_port;
	run_sim.waited = is_reset_unanswered;
	rounds = 0;
	run("lw-pORw");
	assert_int_equal(run_vm.posted, 0);
	assert_int_equal(v->phase, PHASE_WAITS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_turn_ends_with_its_slice, fresh),
		cmocka_unit_test_setup(leaves_when_it_is_wanted, fresh),
		cmocka_unit_test_setup(who_spins_yields, fresh),
		cmocka_unit_test_setup(a_timer_ends_a_turn, fresh),
		cmocka_unit_test_setup(a_timer_at_another_rate, fresh),
		cmocka_unit_test_setup(halted_until_its_timer, fresh),
		cmocka_unit_test_setup(halted_with_a_timer_that_is_due, fresh),
		cmocka_unit_test_setup(halted_and_deaf, fresh),
		cmocka_unit_test_setup(paused_its_timer_waits, fresh),
		cmocka_unit_test_setup(paused_it_does_not_run, fresh),
		cmocka_unit_test_setup(paused_it_is_not_reset, fresh),
		cmocka_unit_test_setup(heeds_in_order, fresh),
		cmocka_unit_test_setup(a_sipi_to_one_that_runs_is_nothing, fresh),
		cmocka_unit_test_setup(after_a_triple_fault_it_waits_for_a_reset, fresh),
		cmocka_unit_test_setup(a_failure_is_reported_once, fresh),
		cmocka_unit_test_setup(is_answered_at_once, fresh),
		cmocka_unit_test_setup(is_answered_later, fresh),
		cmocka_unit_test_setup(a_reset_calls_it_off, fresh),
		cmocka_unit_test_setup(a_reset_comes_before_an_answer, fresh),
		cmocka_unit_test_setup(a_request_from_before_the_reset_is_nobodys, fresh),
		cmocka_unit_test_setup(a_sipi_from_before_the_reset_starts_nobody, fresh),
		cmocka_unit_test_setup(a_start_comes_after_its_reset, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
