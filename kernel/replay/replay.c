#include "replay/replay.h"

#include <string.h>
#include "boot/boot_info.h"
#include "boot/options.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "mem/heap.h"
#include "replay/machine.h"
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

static void run_sched(const uint8_t *input, size_t bytes, struct replay_trace *trace)
{
	replay_sched(input, bytes, &replay_sched_short, trace);
	free_sched_space();
}

static void run_sched_long(const uint8_t *input, size_t bytes, struct replay_trace *trace)
{
	replay_sched(input, bytes, &replay_sched_long, trace);
	free_sched_space();
}

static void run_guest(const uint8_t *input, size_t bytes, struct replay_trace *trace)
{
	struct replay_program *program = heap_alloc(sizeof(*program));
	enum vmk_status status = VMK_NO_MEMORY;
	unsigned done = 0, count = 0;

	if (program) {
		program_read(program, input, bytes);
		count = program->count;
		status = machine_run(program, trace, &done);
	}
	heap_free(program);
	if (status != VMK_OK)
		vmk_error("the guest cannot run: %s", vmk_status_name(status));
	else if (done < count)
		panic("replay: guest: it stopped at operation %u of %u", done + 1, count);
}

/* By the name of the fuzz target. */
static const struct {
	const char *name;
	void (*run)(const uint8_t *input, size_t bytes, struct replay_trace *trace);
} targets[] = {{"sched", run_sched}, {"sched_long", run_sched_long}, {"guest", run_guest}};

void replay_boot(void)
{
	struct replay_trace trace = trace_to(log_line);
	const uint8_t *input;
	char what[16] = "";
	size_t bytes;

	if (!option_has(boot_info->cmdline, "replay"))
		return;
	option_get(boot_info->cmdline, "replay", what, sizeof(what));
	input = modules_replay(&bytes);
	for (size_t i = 0; input && i < ARRAY_SIZE(targets); i++) {
		if (strcmp(targets[i].name, what))
			continue;
		vmk_log("%zu bytes for %s", bytes, what);
		targets[i].run(input, bytes, &trace);
		vmk_log("the end after %u steps", trace.steps);
		return;
	}
	vmk_error("replay=%s: expected sched, sched_long or guest, and a package of kind replay",
		what);
}
