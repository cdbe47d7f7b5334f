/* sources: kernel/vmkvm/run.c kernel/vmkvm/route.c kernel/vmkvm/serve.c kernel/vtx/vlapic.c */
/* sources: kernel/vtx/vioapic.c kernel/vtx/guest_clock.c kernel/vmkuser/budget.c */
/* A vCPU's world on the host: how long it stays in the guest, what it waits for, what it heeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/smp.h"
#include "arch/x86/speculation_cpu.h"
#include "arch/x86/time.h"
#include "lib/log.h"
#include "vmkvm/pcpu.h"
#include "vmkvm/state.h"
#include "vtx/vcpu_exits.h"

#define HZ      1000000000ull /* of the host's TSC: a tick is a nanosecond */
#define SLICE   (HZ / 100)
#define SOON    (HZ / 50000)
#define TIMER   0x838    /* MSRs of a local APIC in x2APIC mode */
#define ENABLED 0x200ull /* RFLAGS.IF */
#define VECTOR  0x40

static struct vm vm;
static struct vm_vcpu vcpus[2], *const v = &vcpus[0];
static char trace[256]; /* what was done, a letter each */

/* What the guest does in a turn, and what happens while the world waits; NULL: the vCPU ends. */
static enum vcpu_stop (*guest)(uint64_t ticks);
static void (*waited)(uint64_t deadline);
static bool (*lent)(void);
static struct {
	uint64_t now, flags; /* host ticks; the guest's RFLAGS */
	uint32_t wanted;
	bool taken, paused;
	unsigned cpu, puts, runs, kicks;
	char text[200];
} sim;

static void note(char what)
{
	const size_t at = strlen(trace);

	if (at + 1 < sizeof(trace))
		trace[at] = what;
}

static void end_it(void)
{
	vm_attend(v, ATTEND_END);
}

/* --- the pCPU */

uint64_t vm_pcpu_take(void)
{
	const bool was = sim.taken;

	sim.taken = true;
	return !was;
}

void vm_pcpu_give(uint64_t taken)
{
	assert_true(sim.taken);
	sim.taken = !taken;
}

unsigned vm_pcpu_index(void)
{
	assert_true(sim.taken);
	return sim.cpu;
}

const volatile uint32_t *vm_pcpu_wanted(void)
{
	return &sim.wanted;
}

void ipi_reschedule(unsigned cpu)
{
	assert_int_equal(cpu, sim.cpu);
	sim.kicks++;
}

void speculation_enter_guest(uint64_t domain)
{
	assert_int_equal(domain, 7);
}

uint64_t time_ns(void)
{
	return sim.now;
}

uint64_t time_tsc_hz(void)
{
	return HZ;
}

/* --- the scheduler */

void sched_preempt(void)
{
	assert_false(sim.taken);
	sim.wanted = 0;
	note('p');
}

void world_yield(void)
{
	assert_false(sim.taken);
	note('y');
}

void world_idles(bool idles)
{
}

bool world_lend(struct world *to, void (*part)(void *argument), void *argument)
{
	note('l');
	return lent && lent();
}

void event_signal(struct event *event)
{
	event->count++;
}

void event_note(struct event *event)
{
	event->count++;
}

void event_own(struct event *event, struct world *world)
{
}

enum vmk_status event_wait_any(struct event *const *events, const uint64_t *seen, unsigned count,
	uint64_t deadline, unsigned *index)
{
	assert_false(sim.taken);
	assert_int_equal(v->running_on, -1);
	assert_int_equal(count, 1);
	if (event_count(events[0]) != seen[0])
		return VMK_OK;
	note('w');
	if (waited)
		waited(deadline);
	else
		end_it();
	return VMK_OK;
}

uint64_t spin_lock(struct spinlock *lock)
{
	return 0;
}

void spin_unlock(struct spinlock *lock, uint64_t saved)
{
}

/* --- the vCPU */

enum vmk_status vcpu_load(struct vcpu *vcpu, unsigned pcpu)
{
	assert_true(sim.taken);
	assert_false(vcpu_is_loaded(vcpu));
	vcpu->pcpu = (int32_t)pcpu;
	return VMK_OK;
}

void vcpu_set_aside(struct vcpu *vcpu)
{
	assert_true(vcpu_is_loaded(vcpu) && !vcpu->aside);
	vcpu->aside = true;
}

void vcpu_take_up(struct vcpu *vcpu)
{
	assert_true(vcpu_is_loaded(vcpu) && vcpu->aside);
	vcpu->aside = false;
}

void vcpu_unload(struct vcpu *vcpu)
{
	vcpu->aside = false;
	vcpu->pcpu = -1;
}

void vcpu_power_on(struct vcpu *vcpu)
{
	note('O');
}

void vcpu_reset(struct vcpu *vcpu)
{
	assert_true(vcpu_is_loaded(vcpu));
	vcpu->failed = false;
	note('R');
}

void vcpu_set_real_entry(struct vcpu *vcpu, uint16_t cs, uint16_t ip)
{
	assert_int_equal(ip, 0);
	note(cs == 0x9a00 ? 'S' : 'r');
}

void vcpu_set_flat_entry(struct vcpu *vcpu, uint32_t eip)
{
	note('f');
}

void vcpu_set_long_entry(
	struct vcpu *vcpu, uint64_t rip, uint64_t cr3, struct gpa gdt, uint16_t limit)
{
	note('L');
}

void vcpu_set_gpr(struct vcpu *vcpu, unsigned number, uint64_t value)
{
	vcpu->registers.gpr[number] = value;
}

uint64_t vcpu_tsc(const struct vcpu *vcpu)
{
	return guest_clock_tsc(&vm.vtx.clock, guest_clock_ticks(&vm.vtx.clock, sim.now, 0));
}

void vcpu_report(struct vcpu *vcpu, void (*line)(void *context, const char *text), void *context)
{
	line(context, "the report");
}

enum vcpu_stop vcpu_run(struct vcpu *vcpu, const volatile uint32_t *leave, uint64_t ticks)
{
	assert_true(sim.taken && !sim.paused && !*leave);
	assert_int_equal(v->running_on, sim.cpu);
	assert_true(vcpu_is_loaded(vcpu) && !vcpu->aside);
	sim.runs++;
	if (guest)
		return guest(ticks);
	end_it();
	return VCPU_STOP_HOST;
}

uint64_t vtx_rdtsc(void)
{
	return sim.now;
}

uint64_t vtx_vmread(enum vmcs_field field)
{
	assert_int_equal(field, VMCS_GUEST_RFLAGS);
	return sim.flags;
}

void inject_nmi(struct injector *injector)
{
	injector->nmi = true;
	note('N');
}

/* --- the rest of vmkvm */

bool vm_is_paused(const struct vm *of)
{
	return sim.paused;
}

void vm_put(struct vm *of)
{
	sim.puts++;
}

void vm_emulate_io(struct vm_vcpu *of)
{
	const struct vmk_vm_exchange request = {.kind = VMK_VM_REQUEST_IO, .address = 0x80};
	uint64_t answer;

	note(vm_ask(of, &request, &answer) ? (char)answer : '-');
}

void vm_emulate_memory(struct vm_vcpu *of)
{
	note('m');
}

void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(sim.text, sizeof(sim.text), format, args);
	va_end(args);
}

/* --- tests */

static int fresh(void **state)
{
	static const struct vtx_controls controls;

	memset(&vm, 0, sizeof(vm));
	memset(vcpus, 0, sizeof(vcpus));
	memset(&sim, 0, sizeof(sim));
	memset(trace, 0, sizeof(trace));
	guest = NULL;
	waited = NULL;
	lent = NULL;
	sim.cpu = 3;
	sim.now = 5 * HZ;
	sim.flags = ENABLED;
	vm.name = "it";
	vm.domain = 7;
	vm.vcpu_count = 2;
	vm.vtx.controls = &controls;
	vm.vtx.cpuid.tsc_hz = HZ;
	guest_clock_init(&vm.vtx.clock, HZ, HZ, sim.now);
	for (unsigned i = 0; i < 2; i++) {
		vcpus[i].vm = &vm;
		vcpus[i].running_on = -1;
		vcpus[i].vcpu.pcpu = -1;
		vcpus[i].vcpu.index = i;
		vcpus[i].reports = (struct budget){.interval_ns = 1, .burst = 8};
		vlapic_init(&vcpus[i].apic, &vm_vlapic_ops, &vcpus[i], i, i == 0);
		vm.vcpus[i] = &vcpus[i];
	}
	v->phase = PHASE_RUNS;
	return 0;
}

static void run(const char *expected)
{
	vm_vcpu_main(v);
	assert_string_equal(trace, expected);
	assert_int_equal(sim.puts, 1);
	assert_false(sim.taken);
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
	sim.now += SLICE / 4;
	if (sim.runs == 8)
		end_it();
	return VCPU_STOP_MEMORY;
}

/* What the guest brings about begins no new slice. */
static void a_turn_ends_with_its_slice(void **state)
{
	guest = keeps_stopping;
	run("mmmmpmmmmp");
}

static enum vcpu_stop until_the_host_wants_it(uint64_t ticks)
{
	assert_int_equal(ticks, SLICE);
	sim.wanted = sim.runs == 1;
	if (sim.runs == 2)
		end_it();
	return VCPU_STOP_HOST;
}

static void leaves_when_it_is_wanted(void **state)
{
	guest = until_the_host_wants_it;
	sim.wanted = 1; /* already before */
	run("ppp");
	assert_int_equal(sim.runs, 2);
}

static enum vcpu_stop spins(uint64_t ticks)
{
	v->vcpu.exit_reason = EXIT_PAUSE;
	if (sim.runs == 2)
		end_it();
	return VCPU_STOP_HOST;
}

static void who_spins_yields(void **state)
{
	guest = spins;
	run("yy");
}

static uint64_t longest;

static enum vcpu_stop sees_its_time(uint64_t ticks)
{
	longest = ticks;
	end_it();
	return VCPU_STOP_HOST;
}

static void time_of(uint64_t timer, uint64_t expected)
{
	fresh(NULL);
	set_timer(timer);
	guest = sees_its_time;
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
	guest_clock_init(&vm.vtx.clock, HZ, 4 * HZ, sim.now);
	set_timer(4000000);
	guest = sees_its_time;
	run("p");
	assert_in_range(longest, 1000000, 1000001);
}

static enum vcpu_stop halts(uint64_t ticks)
{
	if (sim.runs == 2)
		end_it();
	return sim.runs == 2 ? VCPU_STOP_HOST : VCPU_STOP_HALT;
}

static void waits_a_millisecond(uint64_t deadline)
{
	assert_in_range(deadline, sim.now + 1000000, sim.now + 1000001);
	sim.now = deadline;
}

static void halted_until_its_timer(void **state)
{
	guest = halts;
	waited = waits_a_millisecond;
	set_timer(1000000);
	run("pwp");
	assert_int_equal(vm_apic_ops.pending(&v->apic), VECTOR);
}

static void waits_some_moment(uint64_t deadline)
{
	assert_in_range(deadline, sim.now + SOON, sim.now + SOON);
	sim.now = deadline;
}

static void halted_with_a_timer_that_is_due(void **state)
{
	guest = halts;
	waited = waits_some_moment;
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
	guest = halts;
	waited = waits_for_an_nmi;
	rounds = 0;
	set_timer(1000);
	sim.flags = 0;
	run("pwwNp");
}

/* While it is paused, its timer is none; time passes for the host alone. */
static void pauses_then_goes_on(uint64_t deadline)
{
	assert_int_equal(deadline, 0);
	guest_clock_stop(&vm.vtx.clock, sim.now, sim.now);
	sim.now += HZ;
	if (rounds++ == 0)
		return;
	guest_clock_go(&vm.vtx.clock, sim.now, sim.now);
	sim.paused = false;
	waited = waits_a_millisecond;
}

static enum vcpu_stop halts_and_is_paused(uint64_t ticks)
{
	sim.paused = sim.runs == 1;
	return halts(ticks);
}

static void paused_its_timer_waits(void **state)
{
	guest = halts_and_is_paused;
	waited = pauses_then_goes_on;
	rounds = 0;
	set_timer(1000000);
	run("pwwwp");
}

static void paused_it_does_not_run(void **state)
{
	sim.paused = true;
	run("w");
	assert_int_equal(sim.runs, 0);
}

/* Everything at once: power-on, its beginning, and what comes from other vCPUs, in this order. */
static void heeds_in_order(void **state)
{
	v->startup_vector = 0x9a;
	v->attention = ATTEND_RESET | ATTEND_START | ATTEND_INIT | ATTEND_STARTUP | ATTEND_NMI;
	vm.entry = (struct vmk_vm_entry){.mode = VMK_VM_FLAT, .rbx = 5};
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

static enum vcpu_stop shuts_down(uint64_t ticks)
{
	return VCPU_STOP_SHUTDOWN;
}

static void interrupts_do_not_help(uint64_t deadline)
{
	struct vmk_vm_exchange exchange = {0};

	assert_int_equal(deadline, 0);
	assert_int_equal(v->phase, PHASE_STOPPED);
	if (rounds++) {
		end_it();
		return;
	}
	assert_true(vm_next(&vm, &exchange));
	assert_int_equal(exchange.kind, VMK_VM_REQUEST_SHUTDOWN);
	assert_false(vm_next(&vm, &exchange));
	vlapic_post(&v->apic, VECTOR, false);
	inject_nmi(&v->vcpu.injector);
}

static void after_a_triple_fault_it_waits_for_a_reset(void **state)
{
	guest = shuts_down;
	waited = interrupts_do_not_help;
	rounds = 0;
	run("pwNw");
	assert_string_equal(sim.text, "VM it: vCPU 0: triple fault");
}

static enum vcpu_stop fails(uint64_t ticks)
{
	return VCPU_STOP_FAILED;
}

static void a_failure_is_reported_once(void **state)
{
	guest = fails;
	run("pw");
	assert_string_equal(sim.text, "VM it: the report");
	assert_true(v->vcpu.failed);
	assert_int_equal(v->phase, PHASE_STOPPED);
}

/* --- what it asks of its VMX world */

static enum vcpu_stop reads_a_port(uint64_t ticks)
{
	if (sim.runs == 2)
		end_it();
	return sim.runs == 1 ? VCPU_STOP_IO : VCPU_STOP_HOST;
}

static void answer(char what)
{
	struct vmk_vm_exchange exchange = {0};

	assert_true(vm_next(&vm, &exchange));
	assert_int_equal(exchange.kind, VMK_VM_REQUEST_IO);
	assert_int_equal(exchange.address, 0x80);
	exchange.value = (uint64_t)what;
	assert_true(vm_answer(&vm, &exchange));
	assert_false(vm_answer(&vm, &exchange));
}

/* In its place, with the VMCS where it is, but aside. */
static bool answers_at_once(void)
{
	assert_int_equal(v->running_on, -1);
	assert_true(vcpu_is_loaded(&v->vcpu) && v->vcpu.aside && sim.taken);
	answer('A');
	return true;
}

static void is_answered_at_once(void **state)
{
	guest = reads_a_port;
	lent = answers_at_once;
	run("lAp");
}

static void answers_later(uint64_t deadline)
{
	assert_int_equal(deadline, 0);
	assert_false(vcpu_is_loaded(&v->vcpu));
	sim.cpu = 5; /* it goes on elsewhere */
	answer('B');
}

static void is_answered_later(void **state)
{
	guest = reads_a_port;
	waited = answers_later;
	run("lwBp");
}

static void is_reset_meanwhile(uint64_t deadline)
{
	struct vmk_vm_exchange exchange = {0};

	if (rounds++) {
		/* The answer to what was called off is nobody's. */
		exchange.kind = VMK_VM_REQUEST_IO;
		assert_false(vm_answer(&vm, &exchange));
		end_it();
		return;
	}
	assert_true(vm_next(&vm, &exchange));
	vm_attend(v, ATTEND_RESET);
}

static void a_reset_calls_it_off(void **state)
{
	guest = reads_a_port;
	waited = is_reset_meanwhile;
	rounds = 0;
	run("lw-pORw");
	assert_int_equal(vm.posted, 0);
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
		cmocka_unit_test_setup(heeds_in_order, fresh),
		cmocka_unit_test_setup(a_sipi_to_one_that_runs_is_nothing, fresh),
		cmocka_unit_test_setup(after_a_triple_fault_it_waits_for_a_reset, fresh),
		cmocka_unit_test_setup(a_failure_is_reported_once, fresh),
		cmocka_unit_test_setup(is_answered_at_once, fresh),
		cmocka_unit_test_setup(is_answered_later, fresh),
		cmocka_unit_test_setup(a_reset_calls_it_off, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
