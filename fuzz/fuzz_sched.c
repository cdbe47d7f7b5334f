/* sources: kernel/sched/runq.c kernel/sched/sched.c kernel/sched/event.c kernel/lib/lock.c */
/* sources: tests/unit/shim/sched_sim.c tests/unit/shim/panic.c */
/* Any order of steps of up to four CPUs: no world lost or run twice, no wake-up lost, no CPU asleep
 * while work waits, every deadline with a timer. The invariants are in sched_sim.c. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "tests/unit/shim/sched_sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

_Noreturn void sim_fail(const char *what)
{
	fprintf(stderr, "sched: %s\n", what);
	abort();
}

static void do_operation(unsigned cpus, uint8_t what, uint8_t detail)
{
	unsigned cpu = (what >> 4) % cpus;

	switch (what % 9) {
	case 0:
	case 1:
	case 2:
		sim_step(cpu);
		break;
	case 3:
		sim_task_start(detail % SIM_TASKS);
		break;
	case 4:
		sim_signal(detail % SIM_EVENTS);
		break;
	case 5:
		sim_wait(cpu, detail & 15,
			detail & 16 ? sim_now + (detail >> 5) * 3000000ull : SCHED_NEVER);
		break;
	case 6:
		sim_advance(detail * 100000ull);
		break;
	case 7:
		sim_yield(cpu);
		break;
	default:
		if (detail < 64)
			sim_exit(cpu);
		else
			sim_settle();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned cpus;

	if (!size)
		return 0;
	cpus = 1 + data[0] % SIM_CPUS;
	sim_start(cpus);
	for (size_t i = 1; i + 1 < size && i < 600; i += 2) {
		do_operation(cpus, data[i], data[i + 1]);
		sim_check();
	}
	/* Let every deadline pass: then nobody with one may still wait. */
	sim_settle();
	sim_advance(100000000);
	sim_settle();
	sim_check();
	for (unsigned i = 0; i < SIM_TASKS; i++) {
		if (sim_tasks[i].started && sim_tasks[i].task.state == TASK_WAITING &&
			sim_tasks[i].deadline != SCHED_NEVER)
			sim_fail("a deadline was missed");
	}
	return 0;
}
