/*
 * The per-CPU area, reached through GS while in the kernel. The compiler's stack guard is gs:40
 * (mk/flags.mk), entry assembly knows the offsets below; everything else goes through accessors.
 */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#define PERCPU_SELF         0
#define PERCPU_WORLD        8
#define PERCPU_KERNEL_STACK 16
#define PERCPU_INDEX        32
#define PERCPU_CANARY       40
/* On a page of their own. */
#define PERCPU_ENTRY       4096
#define PERCPU_USER_RSP    (PERCPU_ENTRY + 0)
#define PERCPU_KERNEL_CR3  (PERCPU_ENTRY + 8)
#define PERCPU_USER_CR3    (PERCPU_ENTRY + 16)
#define PERCPU_ENTRY_STACK (PERCPU_ENTRY + 24)

#ifndef __ASSEMBLY__
#include "lib/types.h"
#include <vmkapi/status.h>

struct world;
struct cpu_tables;

/*
 * What the first and last instructions between ring 3 and ring 0 touch. Where ring 3 has tables of
 * its own (mem/gate.h) they have this page, so that who reads it there learns nothing else.
 */
struct percpu_entry {
	uint64_t user_rsp; /* scratch */
	/* 0 where ring 3 has no tables of its own: those of the running world with and without the
	 * kernel, and the top of the stack that entries begin on. */
	uint64_t kernel_cr3, user_cr3, stack;
};

struct percpu {
	struct percpu *self;
	struct world *world;   /* running now; owned by sched/ */
	uint64_t kernel_stack; /* of the world in ring 3 that runs, its top, as in TSS.RSP0 */
	uint32_t reschedule;   /* set by the reschedule IPI and the timer, cleared by sched/ */
	uint32_t irq_depth;    /* > 0 inside an interrupt handler */
	uint32_t index;        /* 0 is the bootstrap CPU; dense */
	uint32_t apic_id;
	uint64_t canary;            /* of the running world: switch_context() changes it */
	void *sched;                /* sched/'s own per-CPU data */
	struct cpu_tables *tables;  /* GDT, TSS, IST stacks */
	volatile uint32_t online;   /* CPU_ONLINE: may be sent IPIs; smp.c has the others */
	uint32_t stop;              /* enum stop_state */
	uint32_t locks_held;        /* bit n: a lock of level n (debug check of lib/lock) */
	uint32_t vmx_on;            /* between VMXON and VMXOFF */
	uint64_t vmreads, vmwrites; /* executed here; vmx.c */
	int64_t tsc_offset;         /* added to this CPU's TSC: what it lags behind the first */
	uint64_t domain;            /* of ring 3 or a guest, the last one here: speculation_cpu.h */
	volatile uint64_t *window_entry; /* mem/window.c */
	void *window;
	struct percpu_entry entry __attribute__((aligned(PERCPU_ENTRY)));
};
STATIC_ASSERT_OFFSET(struct percpu, self, PERCPU_SELF);
STATIC_ASSERT_OFFSET(struct percpu, world, PERCPU_WORLD);
STATIC_ASSERT_OFFSET(struct percpu, kernel_stack, PERCPU_KERNEL_STACK);
STATIC_ASSERT_OFFSET(struct percpu, index, PERCPU_INDEX);
STATIC_ASSERT_OFFSET(struct percpu, canary, PERCPU_CANARY);
STATIC_ASSERT_OFFSET(struct percpu, entry.user_rsp, PERCPU_USER_RSP);
STATIC_ASSERT_OFFSET(struct percpu, entry.kernel_cr3, PERCPU_KERNEL_CR3);
STATIC_ASSERT_OFFSET(struct percpu, entry.user_cr3, PERCPU_USER_CR3);
STATIC_ASSERT_OFFSET(struct percpu, entry.stack, PERCPU_ENTRY_STACK);

#define CPU_ONLINE 1u
/* Does it take part: is it to be interrupted, and waited for? */
static inline bool percpu_is_online(const struct percpu *cpu)
{
	return __atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE) == CPU_ONLINE;
}

/* This CPU's area. Valid until the world may migrate: hold interrupts off across uses. */
static inline struct percpu *percpu(void)
{
	struct percpu *self;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(self));
	return self;
}
/* One load, so no migration can come between. */
static inline struct world *percpu_world(void)
{
	struct world *world;

	__asm__ volatile("movq %%gs:8, %0" : "=r"(world));
	return world;
}
static inline unsigned percpu_index(void)
{
	uint32_t index;

	__asm__ volatile("movl %%gs:32, %0" : "=r"(index));
	return index;
}

/* Make the bootstrap CPU's static area current; before anything that has a stack guard. */
void percpu_init_bootstrap(void);
/* Once there is a heap: give the bootstrap CPU an area and tables at random places of their own, as
 * the others have; what it had in the image is wiped. VMK_NO_MEMORY. */
enum vmk_status percpu_leave_image(void);
/* The area of CPU `index`; NULL if there is no such CPU. */
struct percpu *percpu_of(unsigned index);
/* The stack on which this CPU enters from ring 3: TSS.RSP0 and the SYSCALL entry. */
void percpu_set_kernel_stack(void *top);
/* A fresh area for one more CPU; index is assigned. NULL when memory is out. Smp start only. */
struct percpu *percpu_create(uint32_t apic_id);
/* Give back the index of the last one created: its CPU did not start. The memory stays, should it
 * come late. */
void percpu_forget_last(void);
#endif

#endif
