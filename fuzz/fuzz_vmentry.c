/* sources: kernel/vtx/guest_clock.c */
/* sources: kernel/vtx/guest_fpu.c */
/* sources: kernel/vtx/vcpu_setup.c kernel/vtx/vcpu_run.c kernel/vtx/vcpu_exit.c */
/* sources: kernel/vtx/vcpu_control.c kernel/vtx/vcpu_report.c kernel/vtx/guest_msr.c */
/* sources: kernel/vtx/inject.c kernel/vtx/ept.c kernel/vtx/exits.c */
/* plain: fuzz/models/swvmx/instructions.c fuzz/models/swvmx/entry.c */
/* plain: fuzz/models/swvmx/checks.c fuzz/models/swvmx/check_guest.c */
/* plain: fuzz/models/swvmx/cpu_models.c fuzz/models/swvmx/vectors.c */
/* plain: fuzz/models/swvmx/host.c fuzz/models/swvmx/host_fpu.c */
/* plain: fuzz/models/swvmx/rig.c kernel/vtx/vmcs.c kernel/vtx/cpuid_policy.c */
/* plain: kernel/vtx/capabilities.c */
/* plain: fuzz/lib/figures.c */
/* coverage: edges */
/*
 * VM entry with any VMCS: a valid one from the kernel's own set-up, then changed. The run loop must
 * fail exactly where the processor refuses, say why, and never enter a vCPU that failed.
 */
#include <stdlib.h>
#include <string.h>
#include "fuzz/lib/figures.h"
#include "fuzz/models/swvmx/rig.h"
#include "vtx/exits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One change: how, field, value. */
#define RECORD 10u

static void leave_at_once(void *context, struct swvmx_vmcs *vmcs, struct vtx_registers *registers)
{
	swvmx_exit(vmcs, EXIT_PREEMPTION_TIMER, 0);
}

static void change(struct swvmx_vmcs *vmcs, const uint8_t *record)
{
	struct swvmx_change c = {
		.index = (uint16_t)(record[1] % VMCS_FIELD_COUNT), .how = CHANGE_SET};

	memcpy(&c.value, record + 2, sizeof(c.value));
	switch (record[0] % 6) {
	case 0:
		swvmx_vector_apply(&swvmx_vectors[c.value % swvmx_vector_count], vmcs);
		return;
	case 1:
		swvmx_vector_apply(&swvmx_passing[c.value % swvmx_passing_count], vmcs);
		return;
	case 2: /* one bit flips */
		c.value = vmcs->f[c.index] ^ 1ull << (c.value & 63);
		break;
	case 3:
		c.how = CHANGE_OR;
		break;
	case 4:
		c.how = CHANGE_CLEAR;
		break;
	}
	/* Fields are as wide as their encoding says, whoever writes them. */
	if (vmcs_width(vmcs_field_encoding(c.index)) == VMCS_16)
		c.value &= 0xffff;
	if (vmcs_width(vmcs_field_encoding(c.index)) == VMCS_32)
		c.value &= 0xffffffff;
	swvmx_change_apply(&c, vmcs);
}

static void count_line(void *context, const char *text)
{
	if (!*text || strlen(text) > 160)
		abort();
	++*(unsigned *)context;
}

static void report(struct vcpu *v)
{
	unsigned lines = 0;

	vcpu_report(v, count_line, &lines);
	if (!lines)
		abort();
}

/* `fields`: those of a VMCS that enters. */
static void expect_failure(struct vcpu *v, const uint64_t *fields, const uint32_t *leave)
{
	const unsigned entries = swvmx.entries;

	if (!v->failed)
		abort();
	/* It stays failed until it is reset, also when nothing is wrong with it any more. */
	memcpy(swvmx_current()->current->f, fields, sizeof(swvmx_current()->current->f));
	if (vcpu_run(v, leave, 1000) != VCPU_STOP_FAILED || swvmx.entries != entries)
		abort();
	vcpu_reset(v);
	if (vcpu_run(v, leave, 1000) == VCPU_STOP_FAILED && !swvmx.failures.count)
		abort();
}

static void run(const uint8_t *data, size_t size)
{
	const uint32_t leave = 0;
	struct vcpu *v = &rig.vcpu[0];
	static uint64_t fields[VMCS_FIELD_COUNT];
	enum vcpu_stop stop;
	unsigned sum = 0;

	rig_start(data[0] % SWVMX_BASES);
	swvmx.chooser.run = leave_at_once;
	memcpy(fields, swvmx_current()->current->f, sizeof(fields));
	for (size_t at = 1; at + RECORD <= size && at < 16 * RECORD; at += RECORD) {
		change(swvmx_current()->current, data + at);
		sum += data[at + 1] + data[at + 2];
	}
	stop = vcpu_run(v, &leave, 1000);
	if ((stop == VCPU_STOP_FAILED) != (swvmx.failures.count != 0))
		abort();
	/* Printing takes longer than all the rest: one failure of 32 is reported. */
	if (stop == VCPU_STOP_FAILED && sum % 32 == 0)
		report(v);
	if (stop == VCPU_STOP_FAILED)
		expect_failure(v, fields, &leave);
	else if (stop != VCPU_STOP_HOST || swvmx.entries != 1)
		abort();
	vcpu_unload(v);
	if (swvmx_current()->current || swvmx_current()->tables_short)
		abort();
	figures_checks(swvmx_seen, SWVMX_CHECK_COUNT, swvmx_check_name);
	figures_drop_usual(swvmx_seen, SWVMX_CHECK_COUNT);
}

/* First a VMCS that nobody changed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;

	if (!started)
		run((const uint8_t[]){BASE_LONG}, 1);
	started = true;
	if (size)
		run(data, size);
	return 0;
}
