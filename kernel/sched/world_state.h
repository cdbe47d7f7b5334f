/* A world's state, for the files of worlds alone: world.c, world_wait.c, world_ask.c. */
#ifndef SCHED_WORLD_STATE_H
#define SCHED_WORLD_STATE_H

#include "arch/x86/cet.h"
#include "arch/x86/context.h"
#include "arch/x86/fpu.h"
#include "sched/world.h"
#include "sched/world_group.h"

struct world {
	struct task task;
	struct world *lender; /* while it is lent */
	void (*part)(void *argument);
	void *part_argument; /* of a lender */
	struct list all;
	struct world_membership membership;
	struct context context;
	struct fpu_state fpu; /* of a world with a space */
	void *stack_top;      /* NULL: not ours to free */
	struct space *space;
	uint64_t fs_base;
	struct cet_state cet;
	void (*entry)(void *argument);
	void *argument, *owner;
	void (*at_exit)(void *owner);
	uint64_t id;
	uint32_t references;
	bool killed;
	char name[WORLD_NAME_BYTES];
};

extern struct spinlock worlds_lock;
extern unsigned worlds_listed; /* how many; atomic, written under the lock */
extern struct list worlds;     /* all that exist, the idle ones too; under the lock */

/* Of these worlds, which stay where they are meanwhile (world_canaries.c). */
void world_audit_canaries(const struct list *all, struct world_canaries *canaries);
/* The current world waits until it is woken or until then, unless it was woken already. */
void world_wait(uint64_t deadline);
extern unsigned world_check_each; /* switches from one check to the next; 0: never */
/* Panics if an invariant of the queue, whose lock is held, is broken; every so often. */
void world_check(const struct runq *runq);
/* For ring 3: what belongs to this world; with interrupts off. */
void world_load_user_state(struct world *to);

#endif
