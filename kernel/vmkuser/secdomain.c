#include "vmkuser/secdomain.h"

#include "arch/x86/time.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "mem/heap.h"
#include "trust/audit.h"
#include "vmkuser/call.h"

#include <stdio.h>
#include <string.h>
#include <vmkuser/info.h>

#define LOG_MODULE         "secpolicy"
#define DENIAL_INTERVAL_NS 1000000000ull
#define DENIAL_BURST       8

struct secdomain {
	struct secdomain *next; /* NULL: the latest */
	char name[PACKAGE_NAME_MAX];
	/* Under the lock. */
	struct vmk_grants grants;
	uint64_t denials[VMK_ACTIONS_MAX];
	uint64_t unsaid; /* of them */
	uint32_t worlds;
	struct budget budget; /* of what is said */
};

/* Covers the list, which only grows, and what stands in it. */
static struct spinlock lock = SPINLOCK(LOCK_UWORLD);
static struct secdomain *domains;

static struct secdomain *find(const char *name)
{
	struct secdomain *d = domains;

	while (d && strcmp(d->name, name) != 0)
		d = d->next;
	return d;
}

static void append(struct secdomain *d)
{
	struct secdomain **at = &domains;

	while (*at)
		at = &(*at)->next;
	*at = d;
}

struct secdomain *secdomain_join(const struct package *package)
{
	struct secdomain *fresh = heap_alloc(sizeof(*fresh)), *d;
	uint64_t saved = spin_lock(&lock);

	d = find(package->name);
	if (!d && fresh) {
		d = fresh;
		fresh = NULL;
		memcpy(d->name, package->name, sizeof(d->name));
		d->budget =
			(struct budget){.interval_ns = DENIAL_INTERVAL_NS, .burst = DENIAL_BURST};
		append(d);
	}
	if (d) {
		d->grants = package->grants;
		d->worlds++;
	}
	spin_unlock(&lock, saved);
	heap_free(fresh);
	return d;
}

/* Counts; true if it is to be said, and *unsaid is how many there were since the last that was. */
static bool count(struct secdomain *d, enum vmk_action action, uint64_t *unsaid)
{
	uint64_t saved = spin_lock(&lock);
	bool say = budget_take(&d->budget, time_ns());

	d->denials[action]++;
	*unsaid = d->unsaid;
	d->unsaid = say ? 0 : d->unsaid + 1;
	spin_unlock(&lock, saved);
	return say;
}

/* Static text for people: what the world lacked. */
static const char *describe(const struct domain_request *denied)
{
	const char *name = denied->action == VMK_ACTION_VM
				   ? denied->vm
				   : domain_object_name(denied->action, denied->object);

	switch (denied->action) {
	case VMK_ACTION_HANDLE:
		return "its handle has not that right";
	case VMK_ACTION_MEMORY:
		return "image, stacks and guest RAM stay as they are";
	case VMK_ACTION_EXECUTE:
		return "only what a package brought is executable";
	case VMK_ACTION_SOURCE:
		return "the frame is not from its port's address";
	case VMK_ACTION_OTHER:
		return "refused";
	default:
		return name ? name : "an unknown number";
	}
}

static void say(const struct uworld *u, uint64_t number)
{
	const struct domain_request *denied = &u->denied;
	const char *call = domain_object_name(VMK_ACTION_SYSCALL, number);

	if (denied->action == VMK_ACTION_SYSCALL)
		vmk_warn("World %s: system call %s is not granted by its package", WORLD_NAME(u),
			call);
	else if (denied->action <= VMK_ACTION_VM)
		vmk_warn("World %s: system call %s: %s %s is not granted by its package",
			WORLD_NAME(u), call, domain_action_name(denied->action), describe(denied));
	else
		vmk_warn("World %s: system call %s: %s", WORLD_NAME(u), call, describe(denied));
}

static void say_unsaid(const struct uworld *u, uint64_t unsaid)
{
	if (unsaid)
		vmk_warn("World %s: %llu more denials were counted", WORLD_NAME(u),
			(unsigned long long)unsaid);
}

void secdomain_denied(struct uworld *u, uint64_t number)
{
	uint64_t unsaid;

	u->denials++;
	audit_record(AUDIT_DENIAL, WORLD_NAME(u), "world", WORLD_NAME(u), "domain", u->domain->name,
		"call", domain_object_name(VMK_ACTION_SYSCALL, number), "action",
		domain_action_name(u->denied.action), "why", describe(&u->denied), NULL);
	if (!count(u->domain, u->denied.action, &unsaid))
		return;
	say_unsaid(u, unsaid);
	say(u, number);
}

void secdomain_end_life(struct uworld *u)
{
	uint64_t saved, unsaid;

	if (!u->denials)
		return;
	saved = spin_lock(&lock);
	unsaid = u->domain->unsaid;
	u->domain->unsaid = 0;
	spin_unlock(&lock, saved);
	say_unsaid(u, unsaid);
	vmk_log("World %s: %llu denials in its life", WORLD_NAME(u),
		(unsigned long long)u->denials);
	u->denials = 0;
}

void secdomain_leave(struct secdomain *domain)
{
	uint64_t saved = spin_lock(&lock);

	domain->worlds--;
	spin_unlock(&lock, saved);
}

unsigned secdomain_count(void)
{
	uint64_t saved = spin_lock(&lock);
	unsigned number = 0;

	for (const struct secdomain *d = domains; d; d = d->next)
		number++;
	spin_unlock(&lock, saved);
	return number;
}

bool secdomain_describe(unsigned index, struct vmk_info_domain *info)
{
	uint64_t saved = spin_lock(&lock);
	const struct secdomain *d = domains;

	while (d && index--)
		d = d->next;
	if (d) {
		memcpy(info->name, d->name, sizeof(info->name));
		info->grants = d->grants;
		info->worlds = d->worlds;
		memcpy(info->denials, d->denials, sizeof(info->denials));
	}
	spin_unlock(&lock, saved);
	return d != NULL;
}
