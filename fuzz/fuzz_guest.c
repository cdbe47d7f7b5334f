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
/* plain: fuzz/models/swvmx/host_fpu.c fuzz/lib/figures.c fuzz/lib/trace.c fuzz/lib/records.c */
/* coverage: edges, comparisons, bare */
/* options: -use_counters=0 -reduce_inputs=0 */
/*
 * A guest's program on the run loop, over a model of the processor that executes it: each operation
 * comes to its end, no entry fails a check, every event is delivered. The input is that of
 * kernel/replay/guest.h, which replays it in the kernel, on a processor.
 */
#include <stdlib.h>
#include <string.h>
#include "fuzz/lib/figures.h"
#include "fuzz/lib/records.h"
#include "fuzz/lib/trace.h"
#include "fuzz/models/swvmx/program.h"
#include "fuzz/models/swvmx/rig.h"
#include "replay/guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);
/* Other engines than libFuzzer may have none. */
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);

#define TWICE 51u /* each such size, modulo 128, is run twice */

/* What the host posts is delivered once each: vectors that are posted again meanwhile are one. */
static void check_end(const struct replay_program *program, unsigned ran)
{
	if (ran != program->count || swvmx.failures.count || swvmx_current()->current ||
		swvmx_current()->tables_short)
		abort();
}

static void run(const struct replay_program *program, struct replay_trace *trace)
{
	static bool handlers;
	struct replay_machine machine = {.vm = &rig.vm, .vcpu = &rig.vcpu[0]};
	struct program_guest guest = {.program = program};

	rig_build(SWVMX_MAXIMAL);
	swvmx.now = 0;
	for (unsigned i = 0; i < REPLAY_FRAMES; i++) {
		machine.frames[i] = rig_frame(i);
		machine.memory[i] = swvmx_at(rig_frame(i));
		/* What is in front is code, handlers and tables, which the model does not write. */
		if (i >= PAGE_STACK)
			rig_clear(machine.memory[i], REPLAY_REACHED);
	}
	if (!handlers)
		program_write_handlers(machine.memory);
	handlers = true;
	guest.counters = machine.memory[PAGE_STACK] + REPLAY_COUNTERS % 4096;
	swvmx.chooser.run = program_run;
	swvmx.chooser.context = &guest;
	check_end(program, replay_guest(&machine, program, trace));
}

static void ignore(const char *text)
{
}

/* The kernel's replay has to agree with this one, so two here have to. */
static void run_twice(const struct replay_program *program)
{
	struct replay_trace first = trace_to(ignore), second = trace_to(NULL);

	run(program, &first);
	run(program, &second);
	if (first.hash != second.hash || first.steps != second.steps)
		abort();
}

static void run_input(const uint8_t *data, size_t size, struct replay_trace *trace)
{
	static struct replay_program program;

	program_read(&program, data, size);
	if (size % 128 == TWICE && !trace)
		run_twice(&program);
	else
		run(&program, trace);
	figures_operations(program.count);
	figures_drop_usual(swvmx_seen, SWVMX_CHECK_COUNT);
	figures_drop_usual_edges();
}

/* First one operation that does nothing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;

	if (!started)
		run_input((const uint8_t[]){OP_POST, 32, 0, 0}, REPLAY_OP_BYTES, NULL);
	started = true;
	run_input(data, size, trace_wanted());
	return 0;
}

/* What shows what the operation before it did. */
static const uint8_t shown_by[][2] = {{OP_WRMSR, OP_RDMSR}, {OP_TO_CR0, OP_FROM_CR0},
	{OP_LMSW, OP_FROM_CR0}, {OP_CLTS, OP_FROM_CR0}, {OP_TO_CR3, OP_FROM_CR3},
	{OP_TO_CR4, OP_FROM_CR4}, {OP_TO_DR, OP_FROM_DR}, {OP_STORE, OP_LOAD}, {OP_UNMAP, OP_LOAD},
	{OP_PROTECT, OP_STORE}, {OP_OUT, OP_IN}, {OP_TO_CR4, OP_CPUID}, {OP_POST, OP_STI_HLT},
	{OP_NMI, OP_HLT}, {OP_RELOAD, OP_FROM_DR}, {OP_ASIDE, OP_FROM_DR}};

/* Behind an operation the one that shows what it did, of the same thing. */
static size_t show(uint8_t *data, size_t size, size_t room, uint32_t *state)
{
	const size_t at = records_random(state) % (size / REPLAY_OP_BYTES) * REPLAY_OP_BYTES;
	const size_t first = records_random(state) % ARRAY_SIZE(shown_by);
	uint8_t *next = data + at + REPLAY_OP_BYTES;

	if (size + REPLAY_OP_BYTES > room)
		return size;
	memmove(next + REPLAY_OP_BYTES, next, size - at - REPLAY_OP_BYTES);
	memcpy(next, data + at, REPLAY_OP_BYTES);
	data[at] = shown_by[first][0];
	*next = shown_by[first][1];
	return size + REPLAY_OP_BYTES;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
	uint32_t state = seed * 2654435761u | 1;
	const unsigned changes = 1 + records_random(&state) % 4;

	if (room > REPLAY_OPS_MAX * REPLAY_OP_BYTES)
		room = REPLAY_OPS_MAX * REPLAY_OP_BYTES;
	if (size > room)
		size = room;
	if (LLVMFuzzerMutate && seed % 2)
		return LLVMFuzzerMutate(data, size, room);
	for (unsigned i = 0; i < changes; i++) {
		if (size >= REPLAY_OP_BYTES && records_random(&state) % 4 == 0)
			size = show(data, size - size % REPLAY_OP_BYTES, room, &state);
		else
			size = records_change(data, size, room, REPLAY_OP_BYTES, &state);
	}
	return size;
}
