/* vmk sched pool, vmk sched skew */
#include "worlds/libvmk/handlers.h"

#define PER_HUNDREDTH 100u /* millionths of a pCPU */
#define US_PER_MS     1000u

static void add_rate(struct records *out, uint32_t rate)
{
	records_text(out, "%u.%02u", (unsigned)(rate / PER_HUNDREDTH / 100),
		(unsigned)(rate / PER_HUNDREDTH % 100));
}

int cmd_pool_list(struct call *call)
{
	struct vmk_info_group group;

	for (unsigned i = 0; next_record(call, VMK_INFO_GROUP, i, &group, sizeof(group)); i++) {
		records_text(call->out, "%s", group.path);
		records_text(call->out, group.vm ? "vm" : "pool");
		records_number(call->out, group.shares);
		add_rate(call->out, group.reservation);
		if (group.limit)
			add_rate(call->out, group.limit);
		else
			records_text(call->out, "none");
		add_rate(call->out, group.promised);
		add_rate(call->out, group.borrowed);
		records_bool(call->out, group.expandable);
	}
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
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
