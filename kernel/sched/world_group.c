#include "sched/world_group.h"

#include "lib/log.h"
#include "mem/heap.h"
#include "sched/listing.h"
#include "sched/pool_spec.h"
#include "sched/world.h"
#include <stdio.h>
#include <string.h>

#define LOG_MODULE "Sched"

struct world_group {
	struct group group;
	struct list all;
	enum world_group_kind kind;
	struct cpu_set affinity;
	bool has_affinity, latency_high;
	uint32_t references;
	uint32_t id; /* of no other group in this boot */
	char path[GROUP_PATH_BYTES];
	uint32_t refusals, needed, available; /* as in its record; under the lock */
	char lacking[GROUP_PATH_BYTES];
};

static struct spinlock groups_lock = SPINLOCK(LOCK_POOLS);
static struct list groups = {&groups, &groups};
static uint32_t last_id;
static unsigned listed; /* how many; atomic, written under the lock */

static struct world_group *group_of(struct list *node)
{
	return list_entry(node, struct world_group, all);
}

/* Pools stay, so what is found may be used without the lock. */
static struct world_group *find_pool(const char *path)
{
	struct world_group *found = NULL;
	uint64_t saved = spin_lock(&groups_lock);

	list_for_each (node, &groups) {
		if (group_of(node)->kind == GROUP_POOL && !strcmp(group_of(node)->path, path))
			found = group_of(node);
	}
	spin_unlock(&groups_lock, saved);
	return found;
}

/* --- their lives */

static bool is_empty(const struct cpu_set *set)
{
	for (unsigned i = 0; i < CPU_SET_WORDS; i++)
		if (set->bits[i])
			return false;
	return true;
}

static enum vmk_status settle(struct world_group *g, const struct world_group_settings *settings,
	struct shortage *shortage)
{
	enum vmk_status status =
		sched_reserve_group(world_sched(), &g->group, settings->reservation, shortage);

	if (status == VMK_OK)
		status = sched_set_limit(world_sched(), &g->group.entity, settings->limit);
	return status;
}

static void discard(struct world_group *g)
{
	struct shortage none;

	sched_reserve_group(world_sched(), &g->group, 0, &none);
	heap_free(g);
}

size_t world_group_bytes(void)
{
	return heap_object_bytes(sizeof(struct world_group));
}

enum vmk_status world_group_create(enum world_group_kind kind, const char *pool, const char *name,
	const struct world_group_settings *settings, struct world_group **created,
	struct shortage *shortage)
{
	struct world_group *parent = find_pool(pool), *g;
	enum vmk_status status;
	uint64_t saved;

	*shortage = (struct shortage){.cpu = CPU_ANY};
	if (!parent && strcmp(pool, POOL_HOST))
		return VMK_NOT_FOUND;
	if (strlen(pool) + strlen(name) + 2 > GROUP_PATH_BYTES)
		return VMK_TOO_LARGE;
	g = heap_alloc(sizeof(*g));
	if (!g)
		return VMK_NO_MEMORY;
	group_init(&g->group, parent ? &parent->group : NULL);
	group_set_shares(&g->group, settings->shares);
	g->group.costart = kind == GROUP_VM;
	g->group.expandable = settings->expandable;
	g->group.parts = settings->vcpus;
	g->group.member_limit = settings->vcpu_limit;
	g->group.least = settings->least;
	g->kind = kind;
	g->affinity = settings->affinity;
	g->has_affinity = !is_empty(&settings->affinity);
	g->latency_high = settings->latency_high;
	g->references = 1;
	snprintf(g->path, sizeof(g->path), "%s/%s", pool, name);
	status = settle(g, settings, shortage);
	if (status != VMK_OK) {
		discard(g);
		return status;
	}
	saved = spin_lock(&groups_lock);
	g->id = ++last_id;
	list_append(&groups, &g->all);
	__atomic_add_fetch(&listed, 1, __ATOMIC_RELAXED);
	spin_unlock(&groups_lock, saved);
	*created = g;
	return VMK_OK;
}

void world_group_put(struct world_group *g)
{
	uint64_t saved;

	if (__atomic_sub_fetch(&g->references, 1, __ATOMIC_ACQ_REL))
		return;
	saved = spin_lock(&groups_lock);
	list_remove(&g->all);
	__atomic_sub_fetch(&listed, 1, __ATOMIC_RELAXED);
	spin_unlock(&groups_lock, saved);
	discard(g);
}

/* --- the pools of the boot */

/* As ESXi's: what VMs share beside what the host's own worlds do. */
static const struct pool_spec standard[] = {
	{.path = POOL_USER, .shares = POOL_SHARES_HIGH, .expandable = true},
	{.path = POOL_VIM, .shares = POOL_SHARES_NORMAL, .expandable = true},
};

static void make_pool(const struct pool_spec *spec)
{
	struct world_group_settings settings = {.shares = spec->shares,
		.reservation = spec->reservation * (RATE_ONE / 100),
		.limit = spec->limit * (RATE_ONE / 100),
		.expandable = spec->expandable};
	const char *name = strrchr(spec->path, '/');
	char above[GROUP_PATH_BYTES];
	struct world_group *made;
	struct shortage shortage;
	enum vmk_status status;

	if (find_pool(spec->path)) {
		vmk_error("resource pool %s: there is one already", spec->path);
		return;
	}
	snprintf(above, sizeof(above), "%.*s", (int)(name - spec->path), spec->path);
	status = world_group_create(GROUP_POOL, above, name + 1, &settings, &made, &shortage);
	if (status == VMK_NO_RESOURCES)
		vmk_error("resource pool %s: a reservation of %u %% of a pCPU needed, %u %% "
			  "available in %s",
			spec->path, (unsigned)(shortage.needed / (RATE_ONE / 100)),
			(unsigned)(shortage.available / (RATE_ONE / 100)),
			world_group_shortage(&shortage));
	else if (status != VMK_OK)
		vmk_error("resource pool %s: not made in %s: %s", spec->path, above,
			vmk_status_name(status));
}

void pools_init(const char *option)
{
	struct pool_spec spec;
	const char *why;

	for (unsigned i = 0; i < ARRAY_SIZE(standard); i++)
		make_pool(&standard[i]);
	while (option && *option) {
		if (pool_spec_next(&option, &spec, &why))
			make_pool(&spec);
		else
			vmk_error("pools=: %s", why);
	}
}

/* --- members */

static void join(struct world *world, struct world_group *g, enum world_role role)
{
	struct task *task = world_task(world);

	__atomic_add_fetch(&g->references, 1, __ATOMIC_RELAXED);
	*world_membership(world) = (struct world_membership){g, role};
	task->entity.parent = &g->group;
}

enum vmk_status world_join_pool(struct world *world, const char *path)
{
	struct world_group *pool = find_pool(path);

	if (!pool)
		return VMK_NOT_FOUND;
	join(world, pool, ROLE_MEMBER);
	return VMK_OK;
}

void world_set_cpu(struct world *world, uint32_t shares, uint32_t limit)
{
	struct task *task = world_task(world);

	if (shares)
		sched_set_shares(world_sched(), task, shares);
	if (limit)
		sched_set_limit(world_sched(), &task->entity, limit);
}

enum vmk_status world_join(
	struct world *world, struct world_group *g, enum world_role role, struct shortage *shortage)
{
	struct task *task = world_task(world);
	enum vmk_status status = VMK_OK;

	join(world, g, role);
	*shortage = (struct shortage){.cpu = CPU_ANY};
	if (role == ROLE_VCPU)
		group_join(task);
	sched_set_latency(task, role == ROLE_VMX || g->latency_high);
	if (g->has_affinity)
		status = sched_set_affinity(world_sched(), task, &g->affinity, shortage);
	if (status == VMK_OK && role == ROLE_VCPU)
		status = sched_reserve_part(world_sched(), task, shortage);
	return status;
}

void world_leave(struct world *world)
{
	struct world_membership *membership = world_membership(world);
	struct task *task = world_task(world);
	struct shortage none;

	if (!membership->group)
		return;
	group_leave(task);
	/* A vCPU even if it has none: who divides its VM's may be about to promise it a part. */
	if (task->entity.reservation || membership->role == ROLE_VCPU)
		sched_reserve(world_sched(), task, 0, &none);
	world_group_put(membership->group);
	membership->group = NULL;
}

/* --- what others ask */

const char *world_group_name(const struct world_group *g)
{
	return strrchr(g->path, '/') + 1;
}

enum world_group_kind world_group_kind(const struct world_group *g)
{
	return g->kind;
}

const char *world_group_shortage(const struct shortage *shortage)
{
	if (shortage->group)
		return container_of(shortage->group, const struct world_group, group)->path;
	return shortage->cpu == CPU_ANY ? POOL_HOST : "the pCPU that has most left";
}

/* Under the lock. */
static void look_at(const struct world_group *g, struct group_record *out)
{
	const struct group *group = &g->group;

	*out = (struct group_record){.kind = g->kind,
		.id = g->id,
		.shares = group->entity.shares,
		.reservation = group->entity.reservation,
		.limit = group->entity.limit.rate,
		.vcpu_limit = group->member_limit,
		.promised = group->promised,
		.borrowed = group->borrowed,
		.expandable = group->expandable,
		.skew = group->skew,
		.refusals = g->refusals,
		.needed = g->needed,
		.available = g->available};
	memcpy(out->path, g->path, sizeof(out->path));
	memcpy(out->lacking, g->lacking, sizeof(out->lacking));
}

static void tell(void *records, struct list *node, unsigned n)
{
	look_at(group_of(node), (struct group_record *)records + n);
}

/* False: it is about to go. Under the lock, which it needs for that. */
static bool hold(struct list *node)
{
	uint32_t *references = &group_of(node)->references;

	if (__atomic_fetch_add(references, 1, __ATOMIC_RELAXED))
		return true;
	__atomic_fetch_sub(references, 1, __ATOMIC_RELAXED);
	return false;
}

static void let_go(struct list *node)
{
	world_group_put(group_of(node));
}

unsigned groups_list(unsigned first, struct group_record *records, unsigned room)
{
	static const struct listing all = {&groups_lock, &groups, hold, let_go};

	return listing_walk(&all, first, room, tell, records);
}

unsigned groups_count(void)
{
	return __atomic_load_n(&listed, __ATOMIC_RELAXED);
}

/* --- settings */

/* With a reference for the caller; NULL: there is none, or it is about to go. */
static struct world_group *group_of_id(uint32_t id)
{
	uint64_t saved = spin_lock(&groups_lock);
	struct world_group *found = NULL;

	list_for_each (node, &groups) {
		if (group_of(node)->id != id)
			continue;
		found = hold(node) ? group_of(node) : NULL;
		break;
	}
	spin_unlock(&groups_lock, saved);
	return found;
}

static void note_refusal(struct world_group *g, const struct shortage *shortage)
{
	const char *who = world_group_shortage(shortage);
	uint64_t saved = spin_lock(&groups_lock);

	g->refusals++;
	g->needed = (uint32_t)shortage->needed;
	g->available = (uint32_t)shortage->available;
	snprintf(g->lacking, sizeof(g->lacking), "%s", who);
	spin_unlock(&groups_lock, saved);
	vmk_warn("%s: a reservation of %u %% of a pCPU needed, %u %% available in %s", g->path,
		(unsigned)(shortage->needed / (RATE_ONE / 100)),
		(unsigned)(shortage->available / (RATE_ONE / 100)), who);
}

static enum vmk_status set_reservation(struct world_group *g, uint32_t rate)
{
	struct shortage shortage;
	enum vmk_status status;

	if (g->kind == GROUP_VM)
		status = sched_reserve_vm(world_sched(), &g->group, rate, &shortage);
	else
		status = sched_reserve_group(world_sched(), &g->group, rate, &shortage);
	if (status == VMK_NO_RESOURCES)
		note_refusal(g, &shortage);
	if (rate < g->group.least)
		vmk_warn("%s: a reservation of %u %% of a pCPU refused: latency-sensitivity=high "
			 "needs %u %%",
			g->path, (unsigned)(rate / (RATE_ONE / 100)),
			(unsigned)(g->group.least / (RATE_ONE / 100)));
	return status;
}

static enum vmk_status set_vcpu_limit(struct world_group *g, uint32_t rate)
{
	return g->kind == GROUP_VM ? sched_limit_members(world_sched(), &g->group, rate)
				   : VMK_BAD_PARAM;
}

static enum vmk_status set(struct world_group *g, enum group_setting setting, uint32_t value)
{
	static const uint32_t most[] = {[GROUP_SHARES] = POOL_SHARES_MAX,
		[GROUP_RESERVATION] = POOL_PERCENT_MAX,
		[GROUP_LIMIT] = POOL_PERCENT_MAX,
		[GROUP_VCPU_LIMIT] = 100};

	if (value > most[setting] || (setting == GROUP_SHARES && !value))
		return VMK_BAD_PARAM;
	switch (setting) {
	case GROUP_SHARES:
		group_set_shares(&g->group, value);
		return VMK_OK;
	case GROUP_RESERVATION:
		return set_reservation(g, value * (RATE_ONE / 100));
	case GROUP_VCPU_LIMIT:
		return set_vcpu_limit(g, value * (RATE_ONE / 100));
	default:
		return sched_set_limit(world_sched(), &g->group.entity, value * (RATE_ONE / 100));
	}
}

bool groups_find(uint32_t id, struct group_record *record)
{
	struct world_group *g = group_of_id(id);
	uint64_t saved;

	if (!g)
		return false;
	saved = spin_lock(&groups_lock);
	look_at(g, record);
	spin_unlock(&groups_lock, saved);
	world_group_put(g);
	return true;
}

enum vmk_status groups_set(uint32_t id, enum group_setting setting, uint32_t value)
{
	static const char *const what[] = {[GROUP_SHARES] = "shares",
		[GROUP_RESERVATION] = "reservation, percent of a pCPU:",
		[GROUP_LIMIT] = "limit, percent of a pCPU:",
		[GROUP_VCPU_LIMIT] = "limit of each vCPU, percent of a pCPU:"};
	struct world_group *g = group_of_id(id);
	enum vmk_status status;

	if (!g)
		return VMK_NOT_FOUND;
	status = set(g, setting, value);
	if (status == VMK_OK)
		vmk_log("%s: %s %u", g->path, what[setting], (unsigned)value);
	world_group_put(g);
	return status;
}
