/* The per-CPU one-shot timer. */
#include "arch/x86/timer.h"
#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/features.h"
#include "arch/x86/time.h"
#include "arch/x86/trap.h"
#include "boot/image.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "sched/world.h"

#define LOG_MODULE   "Timer"
#define LVT_MASKED   0x10000u
#define LVT_DEADLINE 0x40000u
#define DIVIDE_16    0x3u
#define MEASURE_US   10000
#define COUNT_MAX    0xffffffffull
#define TRY_NS       1000000
#define LATE_NS      1000000000ull

static SEALED uint64_t apic_hz; /* after division by 16; 0 in TSC-deadline mode */

static void timer_interrupt(struct trap_frame *frame)
{
	sched_tick();
}

static uint64_t measure(void)
{
	uint64_t start, passed;
	uint32_t left;

	apic_timer_program(LVT_MASKED | VECTOR_TIMER, DIVIDE_16, (uint32_t)COUNT_MAX);
	start = time_ns();
	time_spin_us(MEASURE_US);
	left = apic_timer_count();
	passed = time_ns() - start;
	apic_timer_program(LVT_MASKED | VECTOR_TIMER, DIVIDE_16, 0);
	return (COUNT_MAX - left) * 1000000 / (passed / 1000);
}

static void program_deadline_mode(void)
{
	apic_timer_program(LVT_DEADLINE | VECTOR_TIMER, DIVIDE_16, 0);
	/* The switch of mode must be seen before the deadline (SDM 3A, 10.5.4.1). */
	__asm__ volatile("mfence" : : : "memory");
}

/*
 * Tries one deadline: NULL if it is kept, else what is wrong. An emulator may reset the TSC but not
 * what it compares deadlines with: after a warm reset all are over at once, and a world gets no
 * further than the next interrupt. Interrupts are off; the one that stays pending finds nothing
 * due.
 */
static const char *deadline_fault(void)
{
	uint64_t deadline = time_tsc_at(time_ns() + TRY_NS);
	uint64_t last = time_tsc_at(time_ns() + LATE_NS);
	bool pending;
	uint64_t now;

	program_deadline_mode();
	if (apic_pending(VECTOR_TIMER))
		return "an interrupt before any deadline";
	wrmsr(MSR_TSC_DEADLINE, deadline);
	do { /* in this order: a CPU may be kept from running in between */
		pending = apic_pending(VECTOR_TIMER);
		__asm__ volatile("lfence" : : : "memory"); /* RDTSC waits for no load */
		now = rdtsc();
		cpu_pause();
	} while (!pending && now < last);
	wrmsr(MSR_TSC_DEADLINE, 0);
	if (!pending)
		return "no interrupt at the deadline";
	return now < deadline ? "an interrupt before the deadline" : NULL;
}

static bool deadlines_work(void)
{
	const char *fault;

	if (!cpu_has(CPU_TSC_DEADLINE))
		return false;
	fault = deadline_fault();
	if (fault)
		vmk_warn("TSC-deadline mode not used: %s", fault);
	return !fault;
}

void timer_init(void)
{
	trap_set_handler(VECTOR_TIMER, timer_interrupt);
	if (deadlines_work()) {
		vmk_log("timer in TSC-deadline mode");
		return;
	}
	apic_hz = measure();
	if (!apic_hz)
		panic("the local APIC's timer does not count");
	vmk_log("timer in one-shot mode at %llu kHz", (unsigned long long)(apic_hz / 1000));
}

void timer_init_cpu(void)
{
	if (apic_hz)
		apic_timer_program(VECTOR_TIMER, DIVIDE_16, 0);
	else
		program_deadline_mode();
}

void timer_arm(uint64_t deadline_ns)
{
	uint64_t now = time_ns(), ns, count;

	if (!apic_hz) {
		uint64_t at = deadline_ns == UINT64_MAX ? 0 : time_tsc_at(deadline_ns);

		wrmsr(MSR_TSC_DEADLINE, at);
		return;
	}
	if (deadline_ns == UINT64_MAX) {
		apic_timer_program(VECTOR_TIMER, DIVIDE_16, 0);
		return;
	}
	ns = deadline_ns > now ? deadline_ns - now : 0;
	ns = MIN(ns, 1000000000ull); /* early is allowed: sched/ arms again */
	count = MIN(ns * (apic_hz / 1000) / 1000000 + 1, COUNT_MAX);
	apic_timer_program(VECTOR_TIMER, DIVIDE_16, (uint32_t)count);
}
