#include "vmkuser/supervise.h"

#include "arch/x86/time.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "sched/world.h"
#include "vmkuser/login.h"
#include "vmkuser/uworld.h"
#include "vmkvm/vm.h"

#include <string.h>
#include <vmkuser/info.h>

#define LOG_MODULE "vmkuser"

/* The lock covers the list and, of each world, `world`, `ended` and the times; all else belongs to
 * the world's own thread while it lives, and to the supervisor's between two lives. */
static struct spinlock worlds_lock = SPINLOCK(LOCK_UWORLD);
static struct uworld *worlds;
static struct event life_ended;

static struct uworld *find(const char *name)
{
	for (struct uworld *u = worlds; u; u = u->next)
		if (strcmp(WORLD_NAME(u), name) == 0)
			return u;
	return NULL;
}

bool supervise_add(struct uworld *u)
{
	uint64_t saved = spin_lock(&worlds_lock);
	bool fresh = !find(WORLD_NAME(u));

	if (fresh) {
		u->next = worlds;
		worlds = u;
	}
	spin_unlock(&worlds_lock, saved);
	return fresh;
}

void supervise_remove(struct uworld *u)
{
	uint64_t saved = spin_lock(&worlds_lock);

	for (struct uworld **at = &worlds; *at; at = &(*at)->next) {
		if (*at != u)
			continue;
		*at = u->next;
		break;
	}
	spin_unlock(&worlds_lock, saved);
}

void supervise_ended(struct uworld *u)
{
	uint64_t saved = spin_lock(&worlds_lock);

	u->ended = true;
	spin_unlock(&worlds_lock, saved);
	event_signal(&life_ended);
}

void supervise_look(void)
{
	event_signal(&life_ended);
}

/* Under the lock. */
static bool kill(struct uworld *u)
{
	const bool alive = u && u->world && !u->ended;

	if (alive)
		world_kill(u->world);
	return alive;
}

enum vmk_status uworld_kill(const char *name)
{
	uint64_t saved = spin_lock(&worlds_lock);
	const bool killed = kill(find(name));

	spin_unlock(&worlds_lock, saved);
	if (!killed)
		return VMK_NOT_FOUND;
	vmk_log("World %s: is being killed", name);
	return VMK_OK;
}

enum vmk_status uworld_kill_vmx(const struct vm *vm)
{
	uint64_t saved = spin_lock(&worlds_lock);
	struct uworld *u = worlds;
	bool killed;

	while (u && u->vm != vm)
		u = u->next;
	killed = kill(u);
	spin_unlock(&worlds_lock, saved);
	return killed ? VMK_OK : VMK_NOT_FOUND;
}

struct world *supervise_take_thread(struct uworld *u)
{
	uint64_t saved = spin_lock(&worlds_lock);
	struct world *world = u->world;

	u->world = NULL;
	spin_unlock(&worlds_lock, saved);
	return world;
}

/* What the supervisor is to do next. */
struct task {
	struct uworld *u;       /* NULL: nothing */
	struct world *dead;     /* the thread of its ended life, or NULL: it is to be launched */
	uint64_t look_again_ns; /* when there is nothing to do; 0: when a life ends */
};

/* Of two times, where 0 is never. */
static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a && b ? MIN(a, b) : a + b;
}

static void set_restart(struct uworld *u, uint64_t lived_ns, uint64_t now)
{
	/* After a log-out the next to log in is not kept waiting. */
	u->delay_ns = u->session_over ? 0 : backoff_next(u->delay_ns, lived_ns);
	u->restart_ns = now + u->delay_ns;
}

static void consider(struct uworld *u, struct task *task, uint64_t now)
{
	uint64_t when;

	if (u->ended) {
		task->u = u;
		task->dead = u->world;
		u->world = NULL;
		u->ended = false;
		u->ended_ns = now;
		set_restart(u, now - u->started_ns, now);
	} else if (!u->world && u->restart_ns) {
		if (u->restart_ns <= now)
			task->u = u;
		else
			task->look_again_ns = sooner(task->look_again_ns, u->restart_ns);
	} else {
		/* Whatever the world does: the session is over, and it with it. */
		if (login_idles(u, now, &when))
			kill(u);
		task->look_again_ns = sooner(task->look_again_ns, when);
	}
}

static struct task next_task(void)
{
	uint64_t saved = spin_lock(&worlds_lock), now = time_ns();
	struct task task = {0};

	for (struct uworld *u = worlds; u && !task.u; u = u->next)
		consider(u, &task, now);
	spin_unlock(&worlds_lock, saved);
	return task;
}

static void perform(const struct task *task)
{
	struct uworld *u = task->u;

	if (!task->dead) {
		if (uworld_launch(u) != VMK_OK)
			set_restart(u, 0, time_ns());
		return;
	}
	world_put(task->dead);
	if (u->package.restart) {
		vmk_log("World %s: will be restarted in %llu s", WORLD_NAME(u),
			(unsigned long long)(u->delay_ns / BACKOFF_FIRST_NS));
		return;
	}
	supervise_remove(u);
	uworld_discard(u);
}

static void supervisor(void *argument)
{
	struct event *const events[] = {&life_ended, vm_balloon_event()};

	for (;;) {
		const uint64_t seen[] = {event_count(events[0]), event_count(events[1])};
		const uint64_t tend_ns = vm_balloon_tend();
		struct task task = next_task();
		unsigned index;

		if (task.u)
			perform(&task);
		else
			event_wait_any(events, seen, ARRAY_SIZE(events),
				sooner(task.look_again_ns, tend_ns), &index);
	}
}

enum vmk_status supervise_init(void)
{
	struct world *world;
	enum vmk_status status = world_create("supervisor", supervisor, NULL, &world);

	if (status != VMK_OK)
		return status;
	world_start(world);
	world_put(world);
	return VMK_OK;
}

static unsigned count_worlds(void)
{
	unsigned count = 0;

	for (const struct uworld *u = worlds; u; u = u->next)
		count++;
	return count;
}

unsigned supervise_count(void)
{
	uint64_t saved = spin_lock(&worlds_lock);
	unsigned count = count_worlds();

	spin_unlock(&worlds_lock, saved);
	return count;
}

static void describe(const struct uworld *u, struct vmk_info_world *info)
{
	bool lives = u->world && !u->ended;

	memcpy(info->name, u->package.name, sizeof(u->package.name));
	memcpy(info->version, u->package.version, sizeof(u->package.version));
	info->id = lives ? world_id(u->world) : 0;
	info->memory_used = lives ? u->memory_used : 0;
	info->memory_limit = u->memory_limit;
	info->lives = u->lives;
	info->state = VMK_WORLD_STARTING;
	info->since_ns = u->started_ns;
	if (lives)
		info->state = VMK_WORLD_LIVES;
	else if (u->restart_ns || u->ended)
		info->state = VMK_WORLD_RESTARTS;
	if (info->state == VMK_WORLD_RESTARTS)
		info->since_ns = u->ended_ns;
}

bool supervise_describe(unsigned index, struct vmk_info_world *info)
{
	uint64_t saved = spin_lock(&worlds_lock);
	unsigned count = count_worlds(), skip = count - 1 - index; /* the latest comes first */
	const struct uworld *u = worlds;

	while (index < count && skip--)
		u = u->next;
	if (index < count)
		describe(u, info);
	spin_unlock(&worlds_lock, saved);
	return index < count;
}
