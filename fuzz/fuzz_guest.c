/* sources: kernel/vtx/guest_clock.c */
/* sources: kernel/vtx/vcpu_setup.c kernel/vtx/vcpu_run.c kernel/vtx/vcpu_exit.c */
/* sources: kernel/vtx/vcpu_control.c kernel/vtx/vcpu_report.c kernel/vtx/guest_msr.c */
/* sources: kernel/vtx/inject.c kernel/vtx/ept.c kernel/vtx/exits.c kernel/replay/guest.c */
/* sources: kernel/replay/program.c kernel/vtx/guest_fpu.c */
/* plain: fuzz/models/swvmx/instructions.c fuzz/models/swvmx/entry.c */
/* plain: fuzz/models/swvmx/checks.c fuzz/models/swvmx/check_guest.c */
/* plain: fuzz/models/swvmx/cpu_models.c fuzz/models/swvmx/host.c fuzz/models/swvmx/vectors.c */
/* plain: fuzz/models/swvmx/rig.c fuzz/models/swvmx/program.c kernel/vtx/vmcs.c */
/* plain: kernel/vtx/cpuid_policy.c kernel/vtx/capabilities.c kernel/replay/trace.c */
/* plain: fuzz/models/swvmx/host_fpu.c fuzz/lib/figures.c fuzz/lib/trace.c */
/* coverage: edges */
/*
 * A guest's program on the run loop, over a model of the processor that executes it: each operation
 * comes to its end, no entry fails a check, every event is delivered. The input is that of
 * kernel/replay/guest.h, which replays it in the kernel, on a processor.
 */
#include <stdlib.h>
#include <string.h>
#include "fuzz/lib/figures.h"
#include "fuzz/lib/trace.h"
#include "fuzz/models/swvmx/program.h"
#include "fuzz/models/swvmx/rig.h"
#include "replay/guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the host posts is delivered once each: vectors that are posted again meanwhile are one. */
static void check_end(const struct replay_program *program, unsigned ran)
{
	if (ran != program->count || swvmx.failures.count || swvmx_current()->current ||
		swvmx_current()->tables_short)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct replay_program program;
	struct replay_machine machine = {.vm = &rig.vm, .vcpu = &rig.vcpu[0]};
	struct program_guest guest = {.program = &program};

	rig_build(SWVMX_MAXIMAL);
	swvmx.now = 0;
	for (unsigned i = 0; i < REPLAY_FRAMES; i++) {
		machine.frames[i] = rig_frame(i);
		machine.memory[i] = swvmx_at(rig_frame(i));
		memset(machine.memory[i], 0, 4096);
	}
	guest.counters = machine.memory[PAGE_STACK] + REPLAY_COUNTERS % 4096;
	swvmx.chooser.run = program_run;
	swvmx.chooser.context = &guest;
	program_read(&program, data, size);
	figures_operations(program.count);
	check_end(&program, replay_guest(&machine, &program, trace_wanted()));
	return 0;
}
