/* vmk sched pool, vmk sched skew */
#include "worlds/libvmk/handlers.h"

#include <stdio.h>
#include <string.h>

#define PER_HUNDREDTH 100u /* millionths of a pCPU */
#define US_PER_MS     1000u

static void add_rate(struct records *out, uint32_t rate)
{
	records_text(out, "%u.%02u", (unsigned)(rate / PER_HUNDREDTH / 100),
		(unsigned)(rate / PER_HUNDREDTH % 100));
}

static void add_group(struct call *call, const struct vmk_info_group *group)
{
	records_text(call->out, "%s", group->path);
	records_text(call->out, group->vm ? "vm" : "pool");
	records_number(call->out, group->shares);
	add_rate(call->out, group->reservation);
	if (group->limit)
		add_rate(call->out, group->limit);
	else
		records_text(call->out, "none");
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
	for (unsigned i = 0; next_record(call, VMK_INFO_GROUP, i, group, sizeof(*group)); i++) {
		if (!strcmp(group->path, call->text[0]))
			return true;
	}
	if (!call->error[0])
		call_fail(call, EXIT_FAILED, "no resource pool '%s'", call->text[0]);
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

int cmd_pool_set(struct call *call)
{
	static const enum vmk_control controls[] = {
		VMK_CONTROL_POOL_SHARES, VMK_CONTROL_POOL_RESERVATION, VMK_CONTROL_POOL_LIMIT};
	struct vmk_info_group group;
	char tried[ERROR_BYTES / 2];
	unsigned given = 0;

	if (!find_group(call, &group))
		return EXIT_FAILED;
	for (unsigned i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		enum vmk_status status;

		if (!call_given(call, i + 1))
			continue;
		given++;
		status = call->host->control(call->context, controls[i],
			(uint64_t)group.id << 32 | (uint32_t)call->number[i + 1]);
		snprintf(tried, sizeof(tried), "%s keeps what it has", group.path);
		if (status != VMK_OK)
			return call_fail_status(call, status, tried);
	}
	if (!given)
		return call_fail(
			call, EXIT_FAILED, "nothing to set: --shares, --reservation, --limit");
	return call_done(call);
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
