/* vmk world ... */
#include "worlds/libvmk/handlers.h"

#include <stdio.h>
#include <string.h>

#include "sched/stats.h"

static const char *state_name(uint32_t state)
{
	static const char *const names[] = {
#define X(symbol, name) [symbol] = name,
		VMK_WORLD_STATES(X)
#undef X
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

static const char *sched_state_name(uint32_t state)
{
	static const char *const names[] = {
#define X(symbol, name) [symbol] = name,
		VMK_SCHED_STATES(X)
#undef X
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

static const char *kind_name(uint32_t kind)
{
	static const char *const names[] = {
#define X(symbol, name) [symbol] = name,
		VMK_SCHED_KINDS(X)
#undef X
	};

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

/* Of what is scheduled; false: there is no such world any more. */
static bool find_scheduled(struct call *call, uint64_t id, struct vmk_info_sched *world)
{
	for (unsigned i = 0; next_record(call, VMK_INFO_SCHED, i, world, sizeof(*world)); i++) {
		if (world->id == id)
			return true;
	}
	return false;
}

static void add_user_world(
	struct call *call, const struct vmk_info_system *system, const struct vmk_info_world *world)
{
	struct vmk_info_sched scheduled;
	char since[TIME_BYTES];

	format_moment(system, world->since_ns, since);
	records_number(call->out, world->id);
	records_text(call->out, "%s", world->name);
	records_text(call->out, "user");
	records_text(call->out, "%s", world->version);
	records_text(call->out, "%s", state_name(world->state));
	records_text(call->out, "%s", since);
	records_number(call->out, world->lives);
	records_number(call->out, world->memory_used >> 10);
	records_number(call->out, world->memory_limit >> 10);
	records_text(
		call->out, "%s", find_scheduled(call, world->id, &scheduled) ? scheduled.vm : "");
}

/* It has the kernel's memory, no version of its own, and one life. */
static void add_system_world(struct call *call, const struct vmk_info_sched *world)
{
	records_number(call->out, world->id);
	records_text(call->out, "%s", world->name);
	records_text(call->out, "%s", kind_name(world->kind));
	records_text(call->out, "%s", "");
	records_text(call->out, "%s", sched_state_name(world->state));
	records_text(call->out, "%s", "");
	records_number(call->out, 1);
	records_number(call->out, 0);
	records_number(call->out, 0);
	records_text(call->out, "%s", world->vm);
}

static bool is_user_world(struct call *call, uint64_t id)
{
	struct vmk_info_world world;

	for (unsigned i = 0; next_record(call, VMK_INFO_WORLD, i, &world, sizeof(world)); i++) {
		if (world.id == id)
			return true;
	}
	return false;
}

int cmd_world_list(struct call *call)
{
	struct vmk_info_system system;
	struct vmk_info_world world;
	struct vmk_info_sched scheduled;

	if (!read_record(call, VMK_INFO_SYSTEM, 0, &system, sizeof(system)))
		return EXIT_FAILED;
	for (unsigned i = 0; next_record(call, VMK_INFO_WORLD, i, &world, sizeof(world)); i++)
		add_user_world(call, &system, &world);
	for (unsigned i = 0; next_record(call, VMK_INFO_SCHED, i, &scheduled, sizeof(scheduled));
		i++) {
		if (!is_user_world(call, scheduled.id))
			add_system_world(call, &scheduled);
	}
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}

/* --- as in esxtop's CPU panel */

#define WORLDS_MAX  256u
#define INTERVAL_MS 1000u

static struct sched_sample sample_of(const struct vmk_info_sched *world)
{
	return (struct sched_sample){
		.at = world->at,
		.run = world->run,
		.ready = world->ready,
		.parked = world->parked,
		.costop = world->costop,
		.wait = world->wait,
		.idle = world->idle,
		.memory = world->memory,
		.served = world->served,
		.overlap = world->overlap,
		.switches = world->switches,
		.migrations = world->migrations,
	};
}

static void add_percent(struct records *out, uint32_t hundredths)
{
	records_text(out, "%u.%02u", (unsigned)hundredths / 100, (unsigned)hundredths % 100);
}

static void add_stats(
	struct call *call, const struct vmk_info_sched *before, const struct vmk_info_sched *after)
{
	struct sched_sample from = sample_of(before), to = sample_of(after);
	struct sched_columns columns;

	sched_columns(&from, &to, &columns);
	records_number(call->out, after->id);
	records_text(call->out, "%s", after->name);
	records_number(call->out, after->cpu);
	add_percent(call->out, columns.used);
	add_percent(call->out, columns.run);
	add_percent(call->out, columns.sys);
	add_percent(call->out, columns.wait);
	/* Other worlds do not say which of their waits is for something to do. */
	if (after->kind == VMK_SCHED_VCPU)
		add_percent(call->out, columns.vmwait);
	else
		records_text(call->out, "%s", "");
	add_percent(call->out, columns.ready);
	add_percent(call->out, columns.idle);
	add_percent(call->out, columns.overlap);
	add_percent(call->out, columns.costop);
	add_percent(call->out, columns.mlmtd);
	add_percent(call->out, columns.swapwait);
	records_number(call->out, columns.switches);
	records_number(call->out, columns.migrations);
	records_text(call->out, after->latency_high ? "high" : "normal");
	records_text(call->out, "%s", after->vm);
}

/* Worlds that live through the interval; time does not go back in any of them. */
static void add_if_known(struct call *call, const struct vmk_info_sched *before, unsigned count,
	const struct vmk_info_sched *after)
{
	for (unsigned i = 0; i < count; i++) {
		if (before[i].id == after->id && after->at > before[i].at) {
			add_stats(call, &before[i], after);
			return;
		}
	}
}

int cmd_world_stats(struct call *call)
{
	static struct vmk_info_sched before[WORLDS_MAX];
	unsigned seconds = call_given(call, 0) ? (unsigned)call->number[0] : 1, count = 0;
	struct vmk_info_sched after;

	while (count < WORLDS_MAX &&
		next_record(call, VMK_INFO_SCHED, count, &before[count], sizeof(before[count])))
		count++;
	if (!call->host->pause(call->context, seconds * INTERVAL_MS))
		return call_fail(call, EXIT_INTERRUPTED, "interrupted");
	for (unsigned i = 0; next_record(call, VMK_INFO_SCHED, i, &after, sizeof(after)); i++)
		add_if_known(call, before, count, &after);
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}
