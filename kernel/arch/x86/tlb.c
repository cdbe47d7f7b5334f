/*
 * TLB maintenance on all CPUs. The requester holds LOCK_TLB, marks every other CPU, interrupts them
 * and waits for the marks to go. CPUs that wait for any lock serve requests (tlb_serve() is part of
 * the lock's waiting turn), so that waiting with interrupts off cannot dead-lock.
 */
#include "arch/x86/tlb.h"
#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/paging.h"
#include "arch/x86/percpu.h"
#include "arch/x86/smp.h"
#include "arch/x86/trap.h"
#include "lib/lock.h"

#define SINGLE_PAGES_MAX 32 /* above that, forgetting everything is cheaper */
#define CR4_PGE          0x80ull

static struct spinlock lock = SPINLOCK(LOCK_TLB);
static uintptr_t request_start;
static size_t request_bytes;
static volatile uint8_t pending[CPUS_MAX];

static void flush_everything(void)
{
	uint64_t cr4 = read_cr4();

	/* A change of PGE drops global translations too (SDM 3A, 4.10.4.1). */
	if (cr4 & CR4_PGE) {
		write_cr4(cr4 & ~CR4_PGE);
		write_cr4(cr4);
	} else {
		write_cr3(read_cr3());
	}
}

void tlb_flush_local(uintptr_t start, size_t bytes)
{
	uintptr_t end = start + bytes;

	if (bytes > SINGLE_PAGES_MAX * PAGE_SIZE) {
		uint64_t saved = irq_save();

		flush_everything();
		irq_restore(saved);
		return;
	}
	for (start = ALIGN_DOWN(start, PAGE_SIZE); start < end; start += PAGE_SIZE)
		__asm__ volatile("invlpg (%0)" : : "r"(start) : "memory");
}

void tlb_serve(void)
{
	unsigned self = percpu_index();

	if (!__atomic_load_n(&pending[self], __ATOMIC_ACQUIRE))
		return;
	tlb_flush_local(request_start, request_bytes);
	__atomic_store_n(&pending[self], 0, __ATOMIC_RELEASE);
}

static void tlb_interrupt(struct trap_frame *frame)
{
	tlb_serve();
}

void tlb_come_online(void)
{
	uint64_t saved = irq_save();

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	flush_everything();
	irq_restore(saved);
}

void tlb_init(void)
{
	trap_set_handler(VECTOR_TLB, tlb_interrupt);
}

void tlb_flush_all_cpus(uintptr_t start, size_t bytes)
{
	uint64_t saved = spin_lock(&lock);
	const struct percpu *cpu;
	unsigned self = percpu_index(), count;

	request_start = start;
	request_bytes = bytes;
	/* The tables' change is seen by all before this asks who is online: who is not yet forgets
	 * everything after it is (tlb_come_online()). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (count = 0; (cpu = percpu_of(count)); count++) {
		if (count == self || !percpu_is_online(cpu))
			continue;
		__atomic_store_n(&pending[count], 1, __ATOMIC_RELEASE);
		apic_send(cpu->apic_id, VECTOR_TLB);
	}
	tlb_flush_local(start, bytes);
	for (unsigned i = 0; i < count; i++)
		while (__atomic_load_n(&pending[i], __ATOMIC_ACQUIRE) && !smp_stopping())
			cpu_pause();
	spin_unlock(&lock, saved);
}
