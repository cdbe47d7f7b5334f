/* vmk sched pool, vmk sched skew, vmk vm sched */
#include "worlds/libvmk/handlers.h"

#include <stdio.h>
#include <string.h>

#define PER_HUNDREDTH 100u /* millionths of a pCPU */
#define US_PER_MS     1000u
#define PER_PERCENT   10000u

enum { OPTION_GROUP, OPTION_SHARES, OPTION_RESERVATION, OPTION_LIMIT, OPTION_VCPU_LIMIT };

static void add_rate(struct records *out, uint32_t rate)
{
	records_text(out, "%u.%02u", (unsigned)(rate / PER_HUNDREDTH / 100),
		(unsigned)(rate / PER_HUNDREDTH % 100));
}

static void add_limit(struct records *out, uint32_t rate)
{
	if (rate)
		add_rate(out, rate);
	else
		records_text(out, "none");
}

static void add_group(struct call *call, const struct vmk_info_group *group)
{
	records_text(call->out, "%s", group->path);
	records_text(call->out, group->vm ? "vm" : "pool");
	records_number(call->out, group->shares);
	add_rate(call->out, group->reservation);
	add_limit(call->out, group->limit);
	add_rate(call->out, group->promised);
	add_rate(call->out, group->borrowed);
	records_bool(call->out, group->expandable);
}

int cmd_pool_list(struct call *call)
{
	struct vmk_info_group group;

	for (unsigned i = 0; next_record(call, VMK_INFO_GROUP, i, &group, sizeof(group)); i++)
		add_group(call, &group);
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}

/* The one that the path names; false, and said, if there is none. */
static bool find_group(struct call *call, struct vmk_info_group *group)
{
	const char *path = call->text[OPTION_GROUP];

	for (unsigned i = 0; next_record(call, VMK_INFO_GROUP, i, group, sizeof(*group)); i++) {
		if (!strcmp(group->path, path))
			return true;
	}
	if (!call->error[0])
		call_fail(call, EXIT_FAILED, "no resource pool '%s'", path);
	return false;
}

/* That of the VM of the name; false, and said, if there is none. */
static bool find_vm_group(struct call *call, struct vmk_info_group *group)
{
	const char *name = call->text[OPTION_GROUP];

	for (unsigned i = 0; next_record(call, VMK_INFO_GROUP, i, group, sizeof(*group)); i++) {
		const char *last = strrchr(group->path, '/');

		if (group->vm && last && !strcmp(last + 1, name))
			return true;
	}
	if (!call->error[0])
		call_fail(call, EXIT_FAILED,
			"no virtual machine '%s' that is on: 'vm list' shows those there are",
			name);
	return false;
}

int cmd_pool_get(struct call *call)
{
	struct vmk_info_group group;

	if (!find_group(call, &group))
		return EXIT_FAILED;
	add_group(call, &group);
	return EXIT_OK;
}

int cmd_vm_sched_get(struct call *call)
{
	struct vmk_info_group group;

	if (!find_vm_group(call, &group))
		return EXIT_FAILED;
	add_group(call, &group);
	add_limit(call->out, group.vcpu_limit);
	return EXIT_OK;
}

/* If it is for want of resources, its record now says who had how much of what was needed. */
static bool say_shortage(struct call *call, const struct vmk_info_group *before)
{
	struct vmk_info_group now;

	for (unsigned i = 0; next_record(call, VMK_INFO_GROUP, i, &now, sizeof(now)); i++) {
		if (now.id != before->id || now.refusals == before->refusals)
			continue;
		call_fail(call, EXIT_FAILED,
			"%s keeps its reservation: %u %% of a CPU needed, %u %% available in %s",
			now.path, (unsigned)(now.needed / PER_PERCENT),
			(unsigned)(now.available / PER_PERCENT), now.lacking);
		return true;
	}
	return false;
}

static int set_one(struct call *call, const struct vmk_info_group *group, unsigned option)
{
	static const enum vmk_control controls[] = {[OPTION_SHARES] = VMK_CONTROL_POOL_SHARES,
		[OPTION_RESERVATION] = VMK_CONTROL_POOL_RESERVATION,
		[OPTION_LIMIT] = VMK_CONTROL_POOL_LIMIT,
		[OPTION_VCPU_LIMIT] = VMK_CONTROL_POOL_VCPU_LIMIT};
	static const char *const names[] = {[OPTION_SHARES] = "shares",
		[OPTION_RESERVATION] = "reservation",
		[OPTION_LIMIT] = "limit",
		[OPTION_VCPU_LIMIT] = "limit of each vCPU"};
	char tried[ERROR_BYTES / 2];
	enum vmk_status status;

	if (!call_given(call, option))
		return EXIT_OK;
	status = call->host->control(call->context, controls[option],
		(uint64_t)group->id << 32 | (uint32_t)call->number[option]);
	if (status == VMK_OK)
		return EXIT_OK;
	if (status == VMK_NO_RESOURCES && say_shortage(call, group))
		return EXIT_FAILED;
	if (status == VMK_BAD_PARAM && option != OPTION_SHARES)
		return call_fail(call, EXIT_FAILED,
			"%s keeps its %s: a limit is not below the reservation", group->path,
			names[option]);
	snprintf(tried, sizeof(tried), "%s keeps its %s", group->path, names[option]);
	return call_fail_status(call, status, tried);
}

/* Limits are never below the reservation, in between neither. */
static int set_group(struct call *call, const struct vmk_info_group *group)
{
	const bool more = call_given(call, OPTION_RESERVATION) &&
			  call->number[OPTION_RESERVATION] * PER_PERCENT > group->reservation;
	const unsigned order[] = {OPTION_SHARES, more ? OPTION_LIMIT : OPTION_RESERVATION,
		OPTION_VCPU_LIMIT, more ? OPTION_RESERVATION : OPTION_LIMIT};
	unsigned given = 0;

	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const int status = set_one(call, group, order[i]);

		if (status != EXIT_OK)
			return status;
		given += call_given(call, order[i]);
	}
	if (!given)
		return call_fail(call, EXIT_FAILED, "nothing to set: no option says what");
	return call_done(call);
}

int cmd_pool_set(struct call *call)
{
	struct vmk_info_group group;

	return find_group(call, &group) ? set_group(call, &group) : EXIT_FAILED;
}

int cmd_vm_sched_set(struct call *call)
{
	struct vmk_info_group group;

	return find_vm_group(call, &group) ? set_group(call, &group) : EXIT_FAILED;
}

int cmd_skew_list(struct call *call)
{
	struct vmk_info_group group;

	for (unsigned i = 0; next_record(call, VMK_INFO_GROUP, i, &group, sizeof(group)); i++) {
		unsigned us = (unsigned)(group.skew_max / US_PER_MS);

		if (!group.vm)
			continue;
		records_text(call->out, "%s", group.path);
		records_text(call->out, "%u.%03u", us / US_PER_MS, us % US_PER_MS);
		for (unsigned k = 0; k < VMK_INFO_SKEWS; k++)
			records_number(call->out, group.skews[k]);
	}
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}
