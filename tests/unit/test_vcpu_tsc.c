/* sources: kernel/vtx/guest_clock.c kernel/vtx/exits.c */
/* sources: kernel/vtx/guest_fpu.c */
/* sources: fuzz/models/swvmx/instructions.c fuzz/models/swvmx/entry.c */
/* sources: fuzz/models/swvmx/checks.c fuzz/models/swvmx/check_guest.c */
/* sources: fuzz/models/swvmx/cpu_models.c */
/* sources: fuzz/models/swvmx/host.c fuzz/models/swvmx/host_fpu.c */
/* sources: fuzz/models/swvmx/vectors.c fuzz/models/swvmx/rig.c */
/* sources: kernel/vtx/vcpu_setup.c kernel/vtx/vcpu_run.c kernel/vtx/vcpu_exit.c */
/* sources: kernel/vtx/vcpu_control.c kernel/vtx/guest_msr.c kernel/vtx/cpuid_policy.c */
/* sources: kernel/vtx/capabilities.c kernel/vtx/inject.c kernel/vtx/ept.c kernel/vtx/vmcs.c */
/* A guest's TSC on the processor model: its rate, what it writes, pCPUs and pauses. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "fuzz/models/swvmx/rig.h"
#include "vtx/exits.h"
#include "vtx/guest_msr.h"
#include "vtx/vcpu_exits.h"

static const uint32_t no_leave;

static void one_exit(void *context, struct swvmx_vmcs *vmcs, struct vtx_registers *registers)
{
	swvmx_exit(vmcs, EXIT_PREEMPTION_TIMER, 0);
}

static enum vcpu_stop run(void)
{
	swvmx.chooser.run = one_exit;
	return vcpu_run(&rig.vcpu[0], &no_leave, 1000);
}

static int nothing_pends(void *apic)
{
	return -1;
}

static uint64_t written(enum vmcs_index index)
{
	return swvmx_current()->current->f[index];
}

#define RATE 1000000000ull

static void start_at_rate(uint64_t hz)
{
	rig_build(SWVMX_MAXIMAL);
	swvmx.now = 0;
	guest_clock_init(&rig.vm.clock, RATE, hz, swvmx.tsc);
	assert_int_equal(vcpu_load(&rig.vcpu[0], 0), VMK_OK);
	vcpu_reset(&rig.vcpu[0]);
	vcpu_set_long_entry(&rig.vcpu[0], 0x1000, 0x2000, (struct gpa){0x3000}, 0xff);
}

static void test_tsc_is_scaled_where_asked_for(void **state)
{
	start_at_rate(RATE);
	assert_false(written(VMCS_INDEX_PROC2_CONTROLS) & PROC2_TSC_SCALING);
	assert_int_equal(run(), VCPU_STOP_HOST);
	assert_int_equal(vcpu_tsc(&rig.vcpu[0]), swvmx.tsc + written(VMCS_INDEX_TSC_OFFSET));
	start_at_rate(4 * RATE);
	assert_true(written(VMCS_INDEX_PROC2_CONTROLS) & PROC2_TSC_SCALING);
	assert_int_equal(written(VMCS_INDEX_TSC_MULTIPLIER), 4ull << GUEST_CLOCK_FRACTION_BITS);
	assert_int_equal(run(), VCPU_STOP_HOST);
	assert_int_equal(vcpu_tsc(&rig.vcpu[0]), 4 * swvmx.tsc + written(VMCS_INDEX_TSC_OFFSET));
}

/* What it writes is what it reads, and IA32_TSC_ADJUST tells of it (SDM 3B, 18.17.3). */
static void test_tsc_writes(void **state)
{
	struct vcpu *v = &rig.vcpu[0];
	uint64_t value, adjust;

	start_at_rate(2 * RATE);
	assert_true(guest_msr_write(v, 0x10, 1000000));
	assert_in_range(vcpu_tsc(v), 1000000, 1000100);
	assert_true(guest_msr_read(v, 0x3b, &adjust));
	assert_true(guest_msr_write(v, 0x3b, adjust + 500));
	assert_in_range(vcpu_tsc(v), 1000500, 1000700);
	assert_int_equal(run(), VCPU_STOP_HOST);
	assert_int_equal(
		written(VMCS_INDEX_TSC_OFFSET), guest_clock_offset(&rig.vm.clock) + adjust + 500);
	vcpu_reset(v);
	assert_true(guest_msr_read(v, 0x3b, &value));
	assert_int_equal(value, adjust + 500); /* INIT leaves it */
	vcpu_unload(v);
	vcpu_power_on(v);
	assert_true(guest_msr_read(v, 0x3b, &value));
	assert_int_equal(value, 0);
}

static uint64_t moved;

static void note_move(void *apic, uint64_t by)
{
	moved += by;
}

/* Its APIC's timer is told, whichever way it goes. */
static void test_tsc_writes_are_told(void **state)
{
	static const struct vcpu_apic_ops ops = {.pending = nothing_pends, .tsc_moved = note_move};
	struct vcpu *v = &rig.vcpu[0];

	start_at_rate(RATE);
	v->apic_ops = &ops;
	moved = 0;
	assert_true(guest_msr_write(v, 0x10, 7));
	assert_int_equal(moved, v->tsc_adjust);
	assert_true(guest_msr_write(v, 0x3b, 12));
	assert_int_equal(moved, 12);
}

/* On a pCPU whose TSC is behind or ahead, and after a pause, it goes on where it was. */
static void follow(unsigned pcpu)
{
	struct vcpu *v = &rig.vcpu[0];
	uint64_t before;

	start_at_rate(2 * RATE);
	before = vcpu_tsc(v);
	vcpu_unload(v);
	swvmx.now = pcpu;
	assert_int_equal(vcpu_load(v, pcpu), VMK_OK);
	assert_in_range(vcpu_tsc(v), before, before + 100);
	assert_int_equal(run(), VCPU_STOP_HOST);
	assert_in_range(2 * vtx_rdtsc() + written(VMCS_INDEX_TSC_OFFSET), before, before + 200);
	vcpu_set_aside(v);
	guest_clock_stop(&rig.vm.clock, guest_clock_ticks(&rig.vm.clock, swvmx.tsc, 0), 0);
	before = vcpu_tsc(v);
	swvmx.tsc += 1000000;
	assert_int_equal(vcpu_tsc(v), before);
	guest_clock_go(&rig.vm.clock, guest_clock_ticks(&rig.vm.clock, swvmx.tsc, 0), 0);
	vcpu_take_up(v);
	assert_int_equal(run(), VCPU_STOP_HOST);
	assert_in_range(2 * vtx_rdtsc() + written(VMCS_INDEX_TSC_OFFSET), before, before + 100);
}

static void test_tsc_follows_pcpu_and_pauses(void **state)
{
	follow(1); /* behind */
	follow(2); /* ahead */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tsc_is_scaled_where_asked_for),
		cmocka_unit_test(test_tsc_writes),
		cmocka_unit_test(test_tsc_writes_are_told),
		cmocka_unit_test(test_tsc_follows_pcpu_and_pauses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
