/* Starting and stopping CPUs. */
#include "arch/x86/smp.h"
#include "arch/x86/apic.h"
#include "arch/x86/cet.h"
#include "arch/x86/cpu.h"
#include "arch/x86/features.h"
#include "arch/x86/fpu.h"
#include "arch/x86/lowpage.h"
#include "arch/x86/percpu.h"
#include "arch/x86/speculation_cpu.h"
#include "arch/x86/stack.h"
#include "arch/x86/stop.h"
#include "arch/x86/syscall.h"
#include "arch/x86/time.h"
#include "arch/x86/timer.h"
#include "arch/x86/tlb.h"
#include "arch/x86/trap.h"
#include "arch/x86/tsc_sync.h"
#include "arch/x86/vmx.h"
#include "boot/boot_info.h"
#include "boot/options.h"
#include "boot/tboot.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "mem/heap.h"
#include "sched/world.h"

#define LOG_MODULE        "Smp"
#define START_STACK_PAGES 4
#define START_WAIT_US     10000000 /* 16 CPUs may share two of an emulator's host */
#define SYNC_TRIES        1000000u

/* percpu->online, beside CPU_ONLINE; 0 says that nobody has decided yet, or that it has left. */
#define GIVEN_UP 2

static unsigned running = 1;
static void (*stop_park)(void);
static bool (*stop_away)(void);
static struct tsc_sync sync; /* of the first CPU and the one that starts */

_Noreturn void ap_main(void);

/* While the first CPU waits for this one: never let time run backwards. */
static int64_t tsc_lag(void)
{
	for (unsigned i = 0; i < SYNC_TRIES; i++) {
		if (i >= TSC_SYNC_ROUNDS && tsc_sync_is_done(&sync))
			break;
		tsc_sync_other(&sync, rdtsc);
		cpu_pause();
	}
	return tsc_sync_lag(&sync);
}

static _Noreturn void halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* The CPU that starts and the one that waits for it: only one of them has its way. */
static bool decide(struct percpu *cpu, uint32_t online)
{
	uint32_t undecided = 0;

	return __atomic_compare_exchange_n(
		&cpu->online, &undecided, online, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* From here on with a shadow stack. */
static _Noreturn void ap_run(void)
{
	struct percpu *self = percpu();

	self->tsc_offset = tsc_lag();
	if (!decide(self, CPU_ONLINE)) {
		/* INIT waits until this CPU is out of VMX operation (SDM 3C, 24.8). */
		vmx_off_cpu();
		halt();
	}
	tlb_come_online();
	sched_cpu_start();
	panic("the scheduler gave a CPU back");
}

_Noreturn void ap_main(void)
{
	features_init_cpu();
	speculation_init_cpu();
	trap_init_cpu();
	apic_init_cpu();
	cet_init_cpu();
	fpu_init_cpu();
	syscall_init_cpu();
	vmx_on_cpu();
	timer_init_cpu();
	stack_switch((void *)(uintptr_t)percpu()->kernel_stack, ap_run);
}

/* SDM 3A, 8.4.4.1, or tboot's mailbox where its CPUs sleep in MWAIT. */
static void kick(uint32_t id)
{
	uint64_t page = lowpage_address().v;

	if (tboot_wake_by_mailbox(id, page))
		return;
	apic_send_init(id);
	time_spin_us(10000);
	for (unsigned i = 0; i < 2; i++) {
		apic_send_startup(id, (uint8_t)(page >> PAGE_SHIFT));
		time_spin_us(200);
	}
}

static bool wait_online(const struct percpu *cpu)
{
	uint64_t until = time_ns() + START_WAIT_US * 1000ull;

	while (!__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE)) {
		tsc_sync_first(&sync, rdtsc);
		if (time_ns() > until)
			return false;
	}
	return true;
}

/* A CPU that came later would take the next one's stack and area: wherever it is by now, back to
 * waiting for a SIPI with it. */
static void give_up(uint32_t id)
{
	if (!tboot_ready())
		apic_send_init(id);
	vmk_warn("the CPU with APIC id %u does not start", id);
	percpu_forget_last();
}

/* The start stack is the CPU's idle world's from then on. */
static bool start_one(uint32_t id)
{
	struct percpu *cpu = percpu_create(id);
	void *stack;

	if (!cpu || stack_alloc(START_STACK_PAGES, &stack) != VMK_OK) {
		vmk_error("no memory for the CPU with APIC id %u", id);
		if (cpu)
			percpu_forget_last();
		return false;
	}
	cpu->kernel_stack = (uint64_t)(uintptr_t)stack;
	lowpage_aim(stack, cpu);
	tsc_sync_start(&sync);
	kick(id);
	if (!wait_online(cpu) && decide(cpu, GIVEN_UP)) {
		give_up(id);
		return false;
	}
	if (cpu->tsc_offset)
		vmk_warn("cpu%u: its TSC is %lld ticks %s, corrected", cpu->index,
			(long long)(cpu->tsc_offset > 0 ? cpu->tsc_offset : -cpu->tsc_offset),
			cpu->tsc_offset > 0 ? "behind" : "ahead");
	running++;
	return true;
}

/* A CPU that tboot still counts will be waited for at the shutdown, in vain. */
static void check_tboot_count(void)
{
	if (tboot_ready() && tboot_waiting_cpus() + running - 1 > boot_info->tboot.num_in_wfs)
		vmk_warn("tboot did not see its CPUs leave: the shutdown will end in a reset "
			 "instead of SEXIT; ap_wake_mwait=true for tboot avoids that");
}

unsigned smp_start(void)
{
	unsigned limit = CPUS_MAX, threads_off = 0;
	char value[8];

	percpu_of(0)->apic_id = apic_id();
	if (option_get(boot_info->cmdline, "cpus", value, sizeof(value)))
		limit = MAX(1u, option_number(value));
	if (lowpage_init() != VMK_OK) {
		vmk_warn("no page below 1 MiB: other CPUs cannot start");
		return running;
	}
	for (unsigned i = 0; i < boot_info->cpu_count && running < limit; i++) {
		uint32_t id = boot_info->cpus[i].apic_id;

		if (id == percpu_of(0)->apic_id)
			continue;
		if (!apic_is_x2() && id > 254) {
			vmk_warn("APIC id %u needs x2APIC", id);
			continue;
		}
		if (!speculation_may_start(id)) {
			threads_off++;
			continue;
		}
		/* After a measured launch INIT cannot be relied on: nobody else may use the page.
		 */
		if (!start_one(id) && tboot_ready()) {
			vmk_warn("no more CPUs are started");
			break;
		}
	}
	if (threads_off)
		vmk_log("%u hardware threads stay off: a core's threads could read each "
			"other's data",
			threads_off);
	lowpage_close();
	check_tboot_count();
	return running;
}

unsigned cpu_count(void)
{
	return __atomic_load_n(&running, __ATOMIC_ACQUIRE);
}

void ipi_reschedule(unsigned index)
{
	struct percpu *cpu = percpu_of(index);

	__atomic_store_n(&cpu->reschedule, 1, __ATOMIC_RELEASE);
	if (index != percpu_index())
		apic_send(cpu->apic_id, VECTOR_RESCHEDULE);
}

/* --- stopping */

static uint32_t *stop_state(unsigned index)
{
	struct percpu *cpu = percpu_of(index);

	return cpu ? &cpu->stop : NULL;
}

static bool is_online_for_good(unsigned index)
{
	struct percpu *cpu = percpu_of(index);

	return !decide(cpu, GIVEN_UP) && percpu_is_online(cpu);
}

static void interrupt_to_stop(unsigned index)
{
	apic_send(percpu_of(index)->apic_id, VECTOR_STOP);
}

static void send_nmi(unsigned index)
{
	apic_send_nmi(percpu_of(index)->apic_id);
}

static void disarm(void)
{
	vmx_off_cpu();
	apic_quiesce();
	__atomic_store_n(&percpu()->online, 0, __ATOMIC_RELEASE);
}

static bool are_away(void)
{
	return !stop_away || stop_away();
}

/* Its locks are nobody's any more. */
static void unanswered(unsigned index)
{
	lock_disarm();
	vmk_error("cpu%u answers neither interrupts nor NMIs: it is left behind", index);
}

static const struct stop_ops stop_edge = {.here = percpu_index,
	.state = stop_state,
	.is_online = is_online_for_good,
	.interrupt = interrupt_to_stop,
	.nmi = send_nmi,
	.now = time_ns,
	.wait = cpu_pause,
	.deafen = irq_disable,
	.disarm = disarm,
	.are_away = are_away,
	.unanswered = unanswered};
static struct stop stop = {.ops = &stop_edge};

bool smp_claim_stop(void)
{
	return stop_claim(&stop);
}

bool smp_stopping(void)
{
	return stop_is_on(&stop);
}

void smp_nmi_came(void)
{
	stop_nmi_came(&stop);
}

void smp_send_nmi(unsigned index)
{
	stop_send_nmi(&stop, index);
}

void smp_stop_here(void)
{
	const enum stop_next next = stop_here(&stop);

	if (next == STOP_GO_ON)
		return;
	if (next == STOP_PARK && stop_park)
		stop_park();
	halt();
}

bool smp_stop_others(void (*park)(void), bool (*away)(void))
{
	stop_park = park;
	stop_away = away;
	return stop_others(&stop);
}

static void stop_interrupt(struct trap_frame *frame)
{
	if (smp_stopping())
		smp_stop_here();
}

static void reschedule_interrupt(struct trap_frame *frame)
{
	/* The flag is set already; waking from HLT was the point. */
}

void smp_init(void)
{
	trap_set_handler(VECTOR_STOP, stop_interrupt);
	trap_set_handler(VECTOR_RESCHEDULE, reschedule_interrupt);
	tlb_init();
}
