#include "tests/unit/shim/run_kernel.h"

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
#include "vtx/vcpu_exits.h"

struct run_sim run_sim;
struct vm run_vm;
struct vm_vcpu run_vcpus[2];
char run_trace[256];

static void note(char what)
{
	const size_t at = strlen(run_trace);

	if (at + 1 < sizeof(run_trace))
		run_trace[at] = what;
}

void run_end(void)
{
	vm_attend(&run_vcpus[0], ATTEND_END);
}

/* --- the pCPU */

uint64_t vm_pcpu_take(void)
{
	const bool was = run_sim.taken;

	run_sim.taken = true;
	return !was;
}

void vm_pcpu_give(uint64_t taken)
{
	assert_true(run_sim.taken);
	run_sim.taken = !taken;
}

struct vm_pcpu vm_pcpu(void)
{
	return (struct vm_pcpu){run_sim.cpu, &run_sim.wanted};
}

static void once(void (**what)(void))
{
	void (*const now)(void) = *what;

	*what = NULL;
	if (now)
		now();
}

void ipi_reschedule(unsigned cpu)
{
	assert_int_equal(cpu, run_sim.cpu);
	run_sim.kicks++;
	once(&run_sim.kicked);
}

void speculation_enter_guest(uint64_t domain)
{
	assert_int_equal(domain, 7);
}

uint64_t time_ns(void)
{
	return run_sim.now;
}

uint64_t time_tsc_hz(void)
{
	return RUN_HZ;
}

/* --- the scheduler */

void sched_preempt(void)
{
	assert_false(run_sim.taken);
	run_sim.wanted = 0;
	note('p');
}

void world_yield(void)
{
	assert_false(run_sim.taken);
	note('y');
}

void world_waits_for(enum sched_wait what)
{
	run_sim.waits_for = what;
}

bool world_lend(struct world *to, void (*part)(void *argument), void *argument)
{
	note('l');
	return run_sim.lent && run_sim.lent();
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
	assert_false(run_sim.taken);
	assert_int_equal(run_vcpus[0].running_on, -1);
	assert_int_equal(count, 1);
	if (event_count(events[0]) != seen[0])
		return VMK_OK;
	note('w');
	if (run_sim.waited)
		run_sim.waited(deadline);
	else
		run_end();
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
	assert_true(run_sim.taken);
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
	once(&run_sim.reset);
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
	return guest_clock_tsc(
		&run_vm.vtx.clock, guest_clock_ticks(&run_vm.vtx.clock, run_sim.now, 0));
}

void vcpu_report(struct vcpu *vcpu, void (*line)(void *context, const char *text), void *context)
{
	line(context, "the report");
}

enum vcpu_stop vcpu_run(struct vcpu *vcpu, const volatile uint32_t *leave, uint64_t ticks)
{
	assert_true(run_sim.taken && !run_vm.held && !*leave);
	assert_int_equal(run_vcpus[0].running_on, run_sim.cpu);
	assert_true(vcpu_is_loaded(vcpu) && !vcpu->aside);
	run_sim.runs++;
	if (run_sim.guest)
		return run_sim.guest(ticks);
	run_end();
	return VCPU_STOP_HOST;
}

uint64_t vtx_rdtsc(void)
{
	return run_sim.now;
}

uint64_t vtx_vmread(enum vmcs_field field)
{
	assert_int_equal(field, VMCS_GUEST_RFLAGS);
	return run_sim.flags;
}

void inject_nmi(struct injector *injector)
{
	injector->nmi = true;
	note('N');
}

/* --- the rest of vmkvm */

void vm_put(struct vm *of)
{
	run_sim.puts++;
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
	vsnprintf(run_sim.text, sizeof(run_sim.text), format, args);
	va_end(args);
}
