/* The inside of virtual machines, for vmkvm/ alone. */
#ifndef VMKVM_STATE_H
#define VMKVM_STATE_H

#include "lib/list.h"
#include "lib/lock.h"
#include "mem/frames.h"
#include "sched/world.h"
#include "vmkuser/budget.h"
#include "vmkvm/image.h"
#include "vmkvm/pcpu.h"
#include "vmkvm/ram.h"
#include "vmkvm/vm.h"
#include "vtx/vcpu.h"
#include "vtx/vioapic.h"
#include "vtx/vlapic.h"

/* Frames of RAM. */
struct vm_memory_policy {
	uint64_t reservation, limit; /* promised; and never more than that */
	uint64_t keep;               /* left for everybody else when it gets more than promised */
	bool large;                  /* 2 MiB pages may be used */
	bool small_code;             /* but not for what the guest executes (speculation.h) */
};
#define VM_STOCK_MAX 32u
/* RAM and what the kernel keeps for it. Counts are frames. Where fewer are there than were
 * promised, the rest of the promise is free memory that nobody else gets (mem/frames.h). */
struct vm_memory {
	struct spinlock lock; /* of all here and of the EPT */
	struct ram ram;
	struct vm_memory_policy policy;
	uint64_t granted;          /* of RAM, those on their way included */
	uint64_t promised;         /* of the reservation: free memory that nobody has claimed */
	uint64_t uncertain;        /* granted beyond what was promised, if the claim succeeds */
	uint64_t overhead, tables; /* promised, and there: of the EPT and the record */
	uint64_t
		views; /* promised for vm_view_tables(), until vm_map(); the VMX world's thread's */
	/* Granted, zero, and nowhere in RAM yet: the next pages that come alone. */
	struct pfn stock[VM_STOCK_MAX];
	unsigned stocked;
	bool rearranging;               /* somebody is in blocks.c; atomic */
	struct frame_shortage shortage; /* why it could not be promised; nothing needed: it was */
};
/* Frames that it may have because somebody asks for the rest, 0: nobody does; and pages that the
 * guest has given up as its VMX world says. Atomic. */
struct vm_balloon {
	uint64_t asked;   /* by an administrator */
	uint64_t pressed; /* by the kernel, which is short of memory */
	uint64_t reported;
	/* Under the VM's lock: what the guest said of its memory, and when it was asked last. */
	struct vmk_vm_stats stats;
	uint64_t stats_asked_ns;
};
/* A range of RAM in the VMX world. */
struct vm_view {
	struct gpa gpa;
	uintptr_t address;
	uint64_t bytes;
};
#define VM_VIEWS_MAX 4u
/* Pages that are given back at once. */
#define VM_GIVE_BACK_MAX VMK_VM_PAGES_MAX

/* What others want of a vCPU; heeded in this order. */
enum {
	ATTEND_END = 1,
	ATTEND_RESET = 2,
	ATTEND_START = 4,
	ATTEND_INIT = 8,
	ATTEND_STARTUP = 16,
	ATTEND_NMI = 32,
};
/* STOPPED: until reset or INIT, whatever comes. */
enum vm_phase { PHASE_WAITS, PHASE_RUNS, PHASE_HALTED, PHASE_STOPPED };
/* The low bits of a vCPU's `ask`; above them the number of its request. */
enum vm_ask { ASK_NONE, ASK_POSTED, ASK_DELIVERED, ASK_ANSWERED, ASK_STATES };

/* Guest RAM below the hole for devices. */
#define VM_LOW_MAX (3ull << 30)

struct vm_vcpu {
	struct vcpu vcpu;
	struct vlapic apic;
	struct pfn fpu; /* what vcpu.fpu is in */
	struct vm *vm;
	struct event event;     /* whatever it may wait for has happened */
	uint32_t attention;     /* ATTEND_*; atomic */
	int32_t running_on;     /* pCPU, -1: none; atomic */
	struct vm_pcpu on;      /* that it entered last; its own thread's */
	uint8_t startup_vector; /* atomic */
	/* Its own thread's. */
	enum vm_phase phase;
	bool halted_with_if;   /* interrupts wake it */
	struct budget reports; /* a guest that dies over and over does not fill the log */
	uint64_t saved;        /* the interrupt flag outside of the guest */
	/*
	 * Atomic, enum vm_ask and a number. The vCPU's world posts where there is nothing, takes
	 * what is answered, and calls off; the VMX world takes what is posted, and answers what it
	 * took. No lock: each step is from one value to the next, and a number does not come back.
	 */
	uint32_t ask;
	struct vmk_vm_exchange request;
	uint64_t answer;
};

/* Why: vm_pause(), vm_reset(). */
enum { VM_HELD_PAUSED = 1, VM_HELD_RESETTING = 2 };

struct vm {
	struct vtx_vm vtx; /* first */
	const char *name;  /* the package's */
	struct vm_image image;
	struct vm_memory memory;
	uint64_t low_bytes, high_bytes;
	struct vm_balloon balloon;
	struct vm_view views[VM_VIEWS_MAX]; /* the VMX world's thread alone sets and uses them */
	unsigned view_count;
	bool views_lacked;   /* memory or a place, which the log has */
	struct list node;    /* of all VMs that are made; vm.c */
	uint32_t references; /* vCPU worlds and the VMX world; atomic */
	uint32_t held;       /* VM_HELD_*: no vCPU enters the guest; atomic */
	struct vm_owner owner;
	uint64_t domain; /* the VMX world's, which maps its RAM: speculation_enter_guest() */
	struct spinlock lock;
	struct vioapic ioapic;     /* under the lock */
	uint32_t asked_for;        /* bit n: VMK_VM_REQUEST_*; under the lock */
	uint32_t posted;           /* vCPUs whose request nobody has taken; atomic */
	uint32_t next_vcpu;        /* whose request comes next */
	struct vmk_vm_entry entry; /* of vCPU 0; under the lock */
	struct event requests;
	struct world *world;            /* the VMX world; one reference */
	struct world_group *group;      /* of its vCPUs and its VMX world */
	struct vm_kernel_memory kernel; /* taken so far, without tables of its RAM */
	uint32_t vcpu_count;
	struct vm_vcpu *vcpus[VM_VCPUS_MAX];
};

/* The same request in another state. */
static inline uint32_t vm_ask_to(uint32_t ask, enum vm_ask state)
{
	return ask - ask % ASK_STATES + state;
}

/* memory.c */
extern const struct ept_ops vm_ept_ops;
/* Frames that the kernel needs beside RAM of that many pages. */
uint64_t vm_memory_overhead(uint64_t pages);
/* view.c: frames for page tables by which its VMX world sees all of its RAM. */
uint64_t vm_view_tables(const struct vm *vm);
/* The reservation, the overhead and the VMX world's tables are promised to it: VMK_NO_MEMORY if
 * they are not there. No RAM has a frame yet. */
enum vmk_status vm_memory_create(struct vm *vm, const struct vm_memory_policy *policy);
bool vm_memory_is_ram(const struct vm *vm, struct gpa gpa);
/* The page at gpa has a frame, zeroed if it had none; a large one if it may be. VMK_NOT_FOUND: no
 * RAM. VMK_NO_RESOURCES: its limit is reached. VMK_NO_MEMORY: the machine has no more. */
enum vmk_status vm_memory_supply(struct vm *vm, struct gpa gpa, bool large);
/* The same for a vCPU in the guest, with interrupts off. VMK_BUSY: a large page is due, which takes
 * its time. */
enum vmk_status vm_memory_supply_at_once(struct vm *vm, struct gpa gpa);
/* The guest may execute the page at gpa, which is there. VMK_NO_MEMORY. */
enum vmk_status vm_memory_execute(struct vm *vm, struct gpa gpa);
/* What the guest never wrote of one of its large pages is free again: how many frames; 0: there is
 * nothing of that kind. Waits for pCPUs: without locks. */
size_t vm_memory_trim(struct vm *vm);
/* The frame of the page at gpa, for the VMX world to map; *whole: it is to map all of its 2 MiB,
 * which are consecutive. What it maps stays where it is until it is given back. False: it has none.
 */
bool vm_memory_find(struct vm *vm, struct gpa gpa, struct hpa *at, bool *whole);
/* Takes away the frames of these pages, of VM_GIVE_BACK_MAX at most; how many had one. The VMX
 * world has no mapping of them (vm_give_back()). Waits for pCPUs: without locks. */
size_t vm_memory_give_back(struct vm *vm, const struct gpa *pages, size_t count);
/* Adds what its EPT maps. In pieces: no lock is held for more than 1,023 pages and the tables on
 * the way to them. What changes meanwhile is seen as it was or as it is. */
void vm_memory_audit(struct vm *vm, struct vm_audit *audit);
/* Wipes and frees all of it, and the EPT. No vCPU is left. Gives way to others: without locks. */
void vm_memory_destroy(struct vm *vm);
/* For vCPUs in the guest, too: no clearing of large pages, no waiting. */
bool vm_memory_read(struct vtx_vm *vtx, struct gpa gpa, void *to, size_t bytes);
bool vm_memory_write(struct vtx_vm *vtx, struct gpa gpa, const void *from, size_t bytes);

/* For one reason, `why`, or no longer for it. Who is in the guest goes on: vm_kick(). */
static inline void vm_hold(struct vm *vm, uint32_t why, bool held)
{
	if (held)
		__atomic_fetch_or(&vm->held, why, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&vm->held, ~why, __ATOMIC_SEQ_CST);
}

/* route.c: interrupts on their way to vCPUs. */
extern const struct vcpu_apic_ops vm_apic_ops;
extern const struct vlapic_ops vm_vlapic_ops;
void vm_ioapic_send(void *context, const struct apic_message *message);
/* Have a vCPU look at what is new, wherever it runs or waits. */
void vm_kick(struct vm_vcpu *v);
void vm_attend(struct vm_vcpu *v, uint32_t attention);

/* run.c: a vCPU's world. */
void vm_vcpu_main(void *vcpu);
/* Take the pCPU for this vCPU, and give it back. */
void vm_vcpu_enter(struct vm_vcpu *v);
void vm_vcpu_leave(struct vm_vcpu *v);
/* Until it is not in the guest, or has seen that generation of the EPT. Kick it before. */
void vm_vcpu_await(const struct vm_vcpu *v, uint64_t generation);
#define VM_OUT UINT64_MAX /* no generation: until it is not in the guest */
/*
 * A request to the VMX world, for a vCPU that has entered: false if it was called off. The vCPU may
 * have left meanwhile, and has entered again then, perhaps elsewhere.
 */
bool vm_ask(struct vm_vcpu *v, const struct vmk_vm_exchange *request, uint64_t *answer);
/* The vCPU cannot go on. */
void vm_fail(struct vm_vcpu *v, const char *why);

/* summary.c: to the log, when it is gone. */
void vm_log_life(struct vm *vm);

/* balloon.c: pages of RAM that the guest is to give up. */
uint64_t vm_balloon_target(const struct vm *vm);
/* To the log: what its guest said last of its memory, if anything. */
void vm_balloon_log(struct vm *vm);
/* `wanted` frames are missing: VMs are asked for some of what they were not promised. How much all
 * of them could give. Without locks. */
uint64_t vm_balloon_press(uint64_t wanted);
/* frames_promise(), waited for as long as balloons could give what is missing: what has come is
 * taken in the same step. Without locks. */
enum vmk_status vm_balloon_promise(
	enum frame_side side, uint64_t frames, uint64_t keep, struct frame_shortage *shortage);
/* Want of memory: how long is waited for balloons, and how often it is looked what they gave. */
#define VM_PATIENCE_NS (5ull * 1000000000)
#define VM_LOOK_NS     (10ull * 1000000)
/* What must be left for everybody else when a VM has its memory, in frames. */
#define VM_KEEP_FREE ((16ull << 20) >> PAGE_SHIFT)
/* vm.c: all VMs, one after the other: the one after `vm`, whose reference is given back; NULL: the
 * first. With a reference for the caller. NULL: there are no more. Without locks. */
struct vm *vm_after(struct vm *vm);

/* touch.c: what comes at once, for a vCPU in the guest (vtx_vm). */
bool vm_touch_in_place(struct vtx_vm *vtx, struct gpa gpa, bool fetch);
/* The rest: a vCPU that has entered touched RAM, or fetched from it; it gets what is there, or the
 * VM fails: false. */
bool vm_touch(struct vm_vcpu *v, struct gpa gpa, bool fetch);
/* The VMX world touches RAM, and waits for others' balloons where memory is short; its own VM's it
 * serves itself, so that beyond the limit there is nothing to wait for. As vm_memory_supply(). */
enum vmk_status vm_touch_for_devices(struct vm *vm, struct gpa gpa);

/* emulate.c: exits whose instruction is carried out here, for a vCPU that has entered. */
void vm_emulate_io(struct vm_vcpu *v);
void vm_emulate_memory(struct vm_vcpu *v);

#endif
