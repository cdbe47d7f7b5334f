/*
 * Worlds: everything that can be scheduled. System worlds run kernel functions; user worlds run in
 * ring 3 and enter through their own kernel stack. User worlds are
 * preempted on their way back to ring 3. How CPUs are divided among worlds: README.md.
 */
#ifndef SCHED_WORLD_H
#define SCHED_WORLD_H

#include "lib/types.h"
#include "sched/stats.h"
#include <vmkapi/status.h>

struct event_waiter;
struct space;
struct world;

enum world_state { WORLD_NEW, WORLD_READY, WORLD_RUNNING, WORLD_WAITING, WORLD_DEAD };
/* A user world has an address space until its end; a VMX world is one. */
enum world_kind { WORLD_SYSTEM, WORLD_USER, WORLD_VCPU, WORLD_IDLE };
#define WORLD_NAME_BYTES 32

/* What `worlds_list` tells of a world. */
struct world_record {
	uint64_t id;
	unsigned cpu;
	enum world_state state;
	enum world_kind kind;
	bool latency_high; /* its turns are short, and come soon (settings.h) */
	char name[WORLD_NAME_BYTES];
	char group[WORLD_NAME_BYTES]; /* the VM that it belongs to; empty: none */
	struct sched_sample sample;   /* sched/stats.h makes columns of two of them */
};

/* On the bootstrap CPU: the caller becomes a system world named "boot", on the stack that it has.
 */
void sched_init(void);
/* On every other CPU: the caller becomes its idle world. */
_Noreturn void sched_cpu_start(void);
/* Of the kernel's memory, for that world: its record, its stacks. */
uint64_t world_bytes(const struct world *world);
/* A new system world that runs entry(argument) and ends when that returns. The name is copied. */
enum vmk_status world_create(
	const char *name, void (*entry)(void *argument), void *argument, struct world **world);
void world_start(struct world *world);
_Noreturn void world_exit(void);
void world_get(struct world *world); /* one more reference */
/* Drop one's reference; a dead world is freed with the last one. */
void world_put(struct world *world);

struct world *world_current(void);
uint64_t world_id(const struct world *world);
const char *world_name(const struct world *world);
enum world_state world_get_state(const struct world *world);
/* Fills up to `room` records from the `first`-th world on, in the order of creation, CPUs' idle
 * worlds included; how many it filled. In pieces (listing.h): without locks. */
unsigned worlds_list(unsigned first, struct world_record *records, unsigned room);
unsigned worlds_count(void);
struct world_canaries {
	uint64_t worlds; /* that are not new to their stack */
	uint64_t shared; /* of these, with the canary of another world */
	uint64_t weak;   /* of these, with one that is zero, or that a string copy could write */
};
/* Looks at the stack canaries of all worlds. */
void worlds_audit_canaries(struct world_canaries *canaries);
/* The user half to load when it runs, NULL for none (at once, if the world is running here); and
 * its owner's pointer. */
void world_set_space(struct world *world, struct space *space);
void world_set_owner(struct world *world, void *owner);
/*
 * Have function(owner) called on the world's own stack as the first thing of its end, whatever ends
 * it: world_exit(), a fault, a kill on its way back to ring 3. User worlds free there what is
 * theirs.
 */
void world_set_at_exit(struct world *world, void (*function)(void *owner));
void *world_owner(const struct world *world);
/* FS base of a user world (saved and restored on switches). */
void world_set_fs_base(struct world *world, uint64_t base);
/* From the end of its shadow stack on (arch/x86/cet.h), returns and branches in ring 3 are guarded.
 */
void world_set_shadow_stack(struct world *world, uintptr_t end);
/* Ask a world to stop: it wakes from any wait with VMK_KILLED and never returns to ring 3. */
void world_kill(struct world *world);
bool world_killed(const struct world *world);
/* The current world has something that others wait for, whose limits are not its: it goes on beyond
 * its own, and does without as much afterwards. */
void world_urgent(bool urgent);
/* What the current world's waits are for from now on; SCHED_WAIT_EVENT at first (stats.h). */
void world_waits_for(enum sched_wait what);

/* Something to wait for. A wake-up that comes before the wait is not lost. Who sees its count move
 * may be ahead of the end of event_signal(): the event outlives that by other means. */
struct event {
	uint64_t count;               /* signals so far; atomic */
	struct event_waiter *waiters; /* sched/event.h */
	struct task *owner;           /* event_own() */
};
#define EVENTS_MAX 32u /* that one world can wait for at a time */
static inline uint64_t event_count(const struct event *event)
{
	return __atomic_load_n(&event->count, __ATOMIC_SEQ_CST);
}
void event_signal(struct event *event); /* from any context, interrupts included */
/*
 * For an event that one world waits for again and again: from now on each signal wakes `world`,
 * which has been started, and need not be linked for that. Others may wait for it as ever. The
 * world outlives the event.
 */
void event_own(struct event *event, struct world *world);
/* A signal that wakes nobody: whoever waits sees it when it looks next. */
void event_note(struct event *event);
/*
 * Wait until any of `count` events has moved past seen[i], or the monotonic time deadline_ns (0:
 * never). Returns VMK_OK and *index, VMK_TIMEOUT, VMK_KILLED, or VMK_BAD_PARAM for more than
 * EVENTS_MAX. Of several events the first in the array is told.
 */
enum vmk_status event_wait_any(struct event *const *events, const uint64_t *seen, unsigned count,
	uint64_t deadline_ns, unsigned *index);
void world_sleep(uint64_t nanoseconds);
void world_yield(void);
/*
 * Ask another world without a queue in between: `to`, if it waits in event_wait_any(), runs at once
 * in the place of the current world and on its time, and when it waits again this call returns
 * true. It also returns, on any CPU, after `to` went on by itself: because it had to give way, or
 * by world_part(); part(argument) was called then, on the CPU of the call, with interrupts off and
 * nothing else run there. False: `to` does not wait, or may not run here.
 * Whoever calls has made sure that `to` finds what it is asked (event_note()), and waits itself for
 * the answer if that is not there.
 */
bool world_lend(struct world *to, void (*part)(void *argument), void *argument);
/* If the current world runs in another's place: from here on in its own. */
void world_part(void);

/* Check the invariants at each so manyth switch (0: never); panics with the name of a broken one.
 */
void sched_check_each(unsigned switches);
/* Called by the timer interrupt. */
void sched_tick(void);
/* Around each interrupt's handler, not around one within another: whose time it is (service.h). */
void sched_interrupt_begins(void);
void sched_interrupt_ends(void);
/* Called on the way back to ring 3 with interrupts off when percpu->reschedule is set; clears it.
 */
void sched_preempt(void);
/* In the midst of long work in ring 0, which nobody preempts: whoever else wants the pCPU has it
 * first. Without locks, with interrupts on; the caller may go on elsewhere. */
void sched_give_way(void);

#endif
