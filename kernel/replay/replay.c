#include "replay/replay.h"

#include <string.h>
#include "boot/boot_info.h"
#include "boot/options.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "mem/heap.h"
#include "replay/sched.h"
#include "replay/sched_sim.h"
#include "vmkmod/modules.h"

#define LOG_MODULE "Replay"

static struct sim_space sched_space;

_Noreturn void sim_fail(const char *what)
{
	panic("replay: sched: %s", what);
}

struct sim_space sim_space(unsigned cpus, unsigned tasks)
{
	struct sim_space *s = &sched_space;

	s->cpus = heap_alloc(cpus * sizeof(*s->cpus));
	s->tasks = heap_alloc(tasks * sizeof(*s->tasks));
	s->nodes = heap_alloc(tasks * sizeof(*s->nodes));
	s->live = heap_alloc(tasks * sizeof(struct task *));
	if (!s->cpus || !s->tasks || !s->nodes || !s->live)
		sim_fail("no memory");
	return *s;
}

static void free_sched_space(void)
{
	heap_free(sched_space.cpus);
	heap_free(sched_space.tasks);
	heap_free(sched_space.nodes);
	heap_free(sched_space.live);
}

static void log_line(const char *text)
{
	vmk_log("%s", text);
}

void replay_boot(void)
{
	struct replay_trace trace = trace_to(log_line);
	const uint8_t *input;
	size_t bytes;
	char what[16];

	if (!option_has(boot_info->cmdline, "replay"))
		return;
	input = modules_replay(&bytes);
	if (!option_get(boot_info->cmdline, "replay", what, sizeof(what)) ||
		strcmp(what, "sched")) {
		vmk_error("replay=: expected sched");
		return;
	}
	if (!input) {
		vmk_error("replay=%s: there is no package of kind replay", what);
		return;
	}
	vmk_log("%zu bytes for %s", bytes, what);
	replay_sched(input, bytes, &trace);
	free_sched_space();
	vmk_log("the end after %u steps", trace.steps);
}
