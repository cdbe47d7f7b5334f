/* sources: kernel/vtx/guest_clock.c */
/* sources: kernel/vtx/vcpu_setup.c kernel/vtx/vcpu_run.c kernel/vtx/vcpu_exit.c */
/* sources: kernel/vtx/vcpu_control.c kernel/vtx/vcpu_report.c kernel/vtx/guest_msr.c */
/* sources: kernel/vtx/inject.c kernel/vtx/ept.c kernel/vtx/exits.c */
/* plain: fuzz/models/swvmx/instructions.c fuzz/models/swvmx/entry.c */
/* plain: fuzz/models/swvmx/checks.c fuzz/models/swvmx/check_guest.c */
/* plain: fuzz/models/swvmx/cpu_models.c fuzz/models/swvmx/vectors.c */
/* plain: fuzz/models/swvmx/host.c fuzz/models/swvmx/host_fpu.c */
/* plain: fuzz/models/swvmx/guest.c fuzz/models/swvmx/moves.c */
/* plain: fuzz/models/swvmx/rig.c kernel/vtx/vmcs.c kernel/vtx/cpuid_policy.c */
/* sources: kernel/vtx/guest_fpu.c */
/* plain: kernel/vtx/capabilities.c */
/* plain: fuzz/lib/figures.c */
/* coverage: edges, comparisons, bare */
/* options: -use_counters=0 -reduce_inputs=0 */
/* vCPUs that move between pCPUs, with events and EPT changes between their turns. */
#include "fuzz/lib/figures.h"
#include "fuzz/models/swvmx/moves.h"
#include "fuzz/models/swvmx/swvmx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(const uint8_t *data, size_t size)
{
	figures_operations(moves_run(data, size));
	figures_checks(swvmx_seen, SWVMX_CHECK_COUNT, swvmx_check_name);
	figures_drop_usual(swvmx_seen, SWVMX_CHECK_COUNT);
	figures_drop_usual_edges();
}

/* First what next to every input does: turns of a vCPU in 64-bit mode on two pCPUs, that end with
 * an interrupt of the host, its timer or CPUID, and a page that is mapped. */
static const uint8_t usual[] = {SWVMX_TIGERLAKE, 3, 3, 3, /* modes */
	3, 0, 1, 1,                                       /* the page */
	7, 0, 0, 0, 0, 0, 0, 4, 0,                        /* turns: n, pCPU; acts, exit, blocking */
	7, 0, 1, 0, 6, 0, 0, 1, 0, 0, 4, 0};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;

	if (!started)
		run(usual, sizeof(usual));
	started = true;
	run(data, size);
	return 0;
}
