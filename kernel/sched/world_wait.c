/* Waiting for events. */
#include "arch/x86/percpu.h"
#include "arch/x86/time.h"
#include "sched/event.h"
#include "sched/sched.h"
#include "sched/service.h"
#include "sched/world_state.h"

static void wake(struct task *task)
{
	sched_wake(world_sched(), task);
	service_claim(percpu()->sched, task, time_ns);
}

void sched_interrupt_begins(void)
{
	struct runq *runq = percpu()->sched;

	if (runq)
		service_begin(runq, time_ns());
}

void sched_interrupt_ends(void)
{
	struct runq *runq = percpu()->sched;

	if (runq)
		service_end(runq, time_ns());
}

void event_signal(struct event *event)
{
	event_raise(event, wake);
}

void event_own(struct event *event, struct world *world)
{
	event_set_owner(event, &world->task);
}

/* One turn: VMK_WOULD_BLOCK when the world was woken and has to look again. */
static enum vmk_status wait_once(struct event *const *events, const uint64_t *seen, unsigned count,
	uint64_t deadline, unsigned *index)
{
	struct world *self = world_current();
	UNINITIALIZED struct event_waiter waiters[EVENTS_MAX];
	enum vmk_status status = VMK_WOULD_BLOCK;
	unsigned registered;

	sched_prepare_wait(&self->task);
	for (registered = 0; registered < count; registered++) {
		waiters[registered].task = &self->task;
		if (!event_register(events[registered], &waiters[registered], seen[registered])) {
			*index = registered;
			status = VMK_OK;
			break;
		}
	}
	if (world_killed(self))
		status = VMK_KILLED;
	else if (status != VMK_OK && deadline != SCHED_NEVER && time_ns() >= deadline)
		status = VMK_TIMEOUT;
	else if (status != VMK_OK)
		world_wait(deadline);
	/* What it was woken for, most of the time: it need not prepare for another wait to see it.
	 */
	for (unsigned i = 0; status == VMK_WOULD_BLOCK && i < count; i++) {
		if (event_count(events[i]) != seen[i]) {
			*index = i;
			status = VMK_OK;
		}
	}
	for (unsigned i = 0; i < registered; i++)
		event_unregister(events[i], &waiters[i]);
	return status;
}

enum vmk_status event_wait_any(struct event *const *events, const uint64_t *seen, unsigned count,
	uint64_t deadline_ns, unsigned *index)
{
	enum vmk_status status;

	if (count > EVENTS_MAX)
		return VMK_BAD_PARAM;
	do {
		status = wait_once(
			events, seen, count, deadline_ns ? deadline_ns : SCHED_NEVER, index);
	} while (status == VMK_WOULD_BLOCK);
	return status;
}

void world_sleep(uint64_t nanoseconds)
{
	uint64_t now = time_ns();
	unsigned index;

	event_wait_any(NULL, NULL, 0,
		nanoseconds < SCHED_NEVER - now ? now + nanoseconds : SCHED_NEVER, &index);
}
