/* sources: kernel/vtx/vcpu_setup.c kernel/vtx/vcpu_run.c kernel/vtx/vcpu_exit.c */
/* sources: kernel/vtx/vcpu_control.c kernel/vtx/vcpu_report.c kernel/vtx/guest_msr.c */
/* sources: kernel/vtx/inject.c kernel/vtx/exits.c kernel/vtx/guest_fpu.c */
/* sources: kernel/vtx/guest_clock.c */
/* plain: kernel/vtx/ept.c fuzz/models/swvmx/guest.c */
/* plain: fuzz/models/swvmx/instructions.c fuzz/models/swvmx/entry.c */
/* plain: fuzz/models/swvmx/checks.c fuzz/models/swvmx/check_guest.c */
/* plain: fuzz/models/swvmx/cpu_models.c fuzz/models/swvmx/vectors.c */
/* plain: fuzz/models/swvmx/host.c fuzz/models/swvmx/host_fpu.c */
/* plain: fuzz/models/swvmx/rig.c kernel/vtx/vmcs.c kernel/vtx/cpuid_policy.c */
/* plain: kernel/vtx/capabilities.c fuzz/lib/figures.c */
/* coverage: edges */
/*
 * A guest in any mode writes its control registers, XCR0 and MSRs: the next entry passes every
 * check, what it wrote it sees, and what was refused has changed nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/lib/figures.h"
#include "fuzz/models/swvmx/guest.h"
#include "vtx/exits.h"
#include "vtx/guest_fpu.h"
#include "vtx/vcpu_exits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define F(vmcs, name) (vmcs)->f[VMCS_INDEX_##name]
#define STEPS         32u
#define TABLE_GPA     0x5000u /* of the page-directory-pointer tables */

struct step {
	uint8_t what, number;
	uint16_t more;
	uint32_t low, high;
};
enum { MODE, TO_CR, CR_BIT, OTHER_CR, CR3, PDPTE, XSETBV, WRMSR, RDMSR, MOV_DR, STEP_KINDS };

static const uint8_t *input;
static size_t left;
/* What the last step tried to write, and the registers before it. */
static struct {
	unsigned cr; /* 0, 4; others: none */
	uint64_t value, cr0, cr4, xcr0;
} tried;

static void require(bool condition)
{
	if (!condition)
		abort();
}

static uint64_t word_of(const struct step *s)
{
	return s->low | (uint64_t)s->high << 32;
}

static void move_to_cr(struct swvmx_vmcs *vmcs, struct vtx_registers *r, const struct step *s)
{
	static const uint8_t numbers[] = {0, 4, 8, 3};
	const unsigned number = numbers[s->number & 3];
	uint64_t value = word_of(s);

	/* One bit of what it sees there, as systems do it. */
	if (s->what % STEP_KINDS == CR_BIT)
		value = (number == 4 ? tried.cr4 : tried.cr0) ^ 1ull << (s->low & 31) ^
			(s->high & 1 ? 1ull << 30 : 0);
	r->gpr[RBX] = value;
	tried.cr = number;
	tried.value = value;
	swvmx_exit(vmcs, EXIT_CR_ACCESS, number | RBX << 8);
}

static void other_cr(struct swvmx_vmcs *vmcs, const struct step *s)
{
	const uint64_t quals[] = {8 | 1 << 4 | RBX << 8, 4 | 1 << 4 | RBX << 8, 2 << 4,
		3 << 4 | (uint64_t)s->more << 16};

	swvmx_exit(vmcs, EXIT_CR_ACCESS, quals[s->number & 3]);
}

static void write_table(const struct step *s)
{
	uint64_t *entries = swvmx_at(rig_frame(0));

	entries[s->number & 3] = word_of(s) | (s->more & 1);
}

static void msr(struct swvmx_vmcs *vmcs, struct vtx_registers *r, const struct step *s)
{
	static const uint32_t msrs[] = {0xc0000080, 0xc0000080, 0x10, 0x1b, 0x3a, 0x3b, 0x174,
		0x277, 0x1a0, 0x8b, 0xfe, 0x6e0, 0x808, 0xc0000103};

	r->gpr[RCX] = s->number < 128 ? msrs[s->number % ARRAY_SIZE(msrs)] : s->more;
	r->gpr[RAX] = s->low;
	r->gpr[RDX] = s->high;
	swvmx_exit(vmcs, s->what % STEP_KINDS == WRMSR ? EXIT_WRMSR : EXIT_RDMSR, 0);
}

static void act(struct swvmx_vmcs *vmcs, struct vtx_registers *r, const struct step *s)
{
	F(vmcs, EXIT_INSTRUCTION_LENGTH) = 1 + s->more % 15;
	switch (s->what % STEP_KINDS) {
	case MODE: /* virtual-8086 code has no such instructions */
		guest_set_mode(vmcs, (enum guest_mode)(s->number % GUEST_V86), s->low & 1);
		break;
	case CR3:
		F(vmcs, GUEST_CR3) =
			s->number & 1 ? TABLE_GPA | (s->more & 0xfff) : s->low & 0x1ffff000;
		break;
	case PDPTE:
		write_table(s);
		break;
	case TO_CR:
	case CR_BIT:
		move_to_cr(vmcs, r, s);
		return;
	case OTHER_CR:
		other_cr(vmcs, s);
		return;
	case XSETBV:
		r->gpr[RCX] = s->number < 240 ? 0 : s->number;
		r->gpr[RAX] = s->low;
		r->gpr[RDX] = s->high;
		swvmx_exit(vmcs, EXIT_XSETBV, 0);
		return;
	case MOV_DR:
		if (F(vmcs, PROC_CONTROLS) & PROC_MOV_DR) {
			swvmx_exit(vmcs, EXIT_MOV_DR, 0);
			return;
		}
		break;
	default:
		msr(vmcs, r, s);
		return;
	}
	swvmx_exit(vmcs, EXIT_EXTERNAL_INTERRUPT, 0);
}

/* What came of the step before. */
static void check_last(const struct swvmx_vmcs *vmcs)
{
	const struct vcpu *v = &rig.vcpu[0];
	const bool refused = F(vmcs, ENTRY_EVENT) & EVENT_VALID;

	if (tried.cr == 0)
		require(refused ? vcpu_cr0(v) == tried.cr0
				: ((vcpu_cr0(v) ^ tried.value) & 0xe005002f & ~0x30ull) == 0);
	/* The rig's CPUID shows bits that the minimal processor's CR4 does not take. */
	if (tried.cr == 4)
		require(((vcpu_cr4(v) ^ (refused ? tried.cr4 : tried.value)) &
				rig.controls.cr4_fixed1) == 0);
	if (refused)
		require(v->xcr0 == tried.xcr0);
	require(v->xcr0 == XCR0_X87 || swvmx_xcr0_is_valid(v->xcr0));
}

static void run_guest(void *context, struct swvmx_vmcs *vmcs, struct vtx_registers *r)
{
	const struct vcpu *v = &rig.vcpu[0];
	struct step s;

	check_last(vmcs);
	tried.cr = 1;
	tried.cr0 = vcpu_cr0(v);
	tried.cr4 = vcpu_cr4(v);
	tried.xcr0 = v->xcr0;
	if (left < sizeof(s)) {
		*(uint32_t *)context = 1;
		swvmx_exit(vmcs, EXIT_EXTERNAL_INTERRUPT, 0);
		return;
	}
	memcpy(&s, input, sizeof(s));
	input += sizeof(s);
	left -= sizeof(s);
	act(vmcs, r, &s);
}

static bool read_msr(void *apic, uint32_t number, uint64_t *value)
{
	*value = number;
	return number & 1;
}
static bool write_msr(void *apic, uint32_t number, uint64_t value)
{
	return number & 1;
}
static int pending(void *apic)
{
	return -1;
}
static void accept(void *apic, uint8_t vector)
{
	abort();
}
static uint8_t tpr(void *apic)
{
	return 5;
}
static void set_tpr(void *apic, uint8_t cr8)
{
	require(cr8 <= 15);
}
static const struct vcpu_apic_ops apic = {pending, accept, read_msr, write_msr, tpr, set_tpr, NULL};

/* --- afterwards */

/* Whatever the VMCS has of a host, it has this one's after a load. */
static void other_host(struct vcpu *v)
{
	struct vtx_host host;

	vcpu_unload(v);
	memset(&v->host, 0x5a, sizeof(v->host));
	require(vcpu_load(v, 0) == VMK_OK);
	vtx_host_state(&host);
	require(vtx_vmread(VMCS_HOST_CR3) == host.cr3 && vtx_vmread(VMCS_HOST_CR4) == host.cr4 &&
		vtx_vmread(VMCS_HOST_EFER) == host.efer && vtx_vmread(VMCS_HOST_RIP) == host.rip &&
		vtx_vmread(VMCS_HOST_GS_BASE) == host.gs_base &&
		vtx_vmread(VMCS_HOST_TR_BASE) == host.tr_base &&
		vtx_vmread(VMCS_HOST_GDTR_BASE) == host.gdtr_base &&
		vtx_vmread(VMCS_HOST_IDTR_BASE) == host.idtr_base);
}

/* A region that the processor refuses, and a pCPU that there is not. */
static void bad_load(struct vcpu *v, bool region)
{
	const struct hpa vmcs = v->vmcs;
	uint32_t *revision = swvmx_at(vmcs), saved = *revision;

	vcpu_unload(v);
	require(vcpu_load(v, VTX_CPUS_MAX) == VMK_BAD_PARAM);
	if (region)
		v->vmcs.v |= 1;
	else
		*revision = ~saved;
	require(vcpu_load(v, 0) == VMK_INTERNAL);
	*revision = saved;
	v->vmcs = vmcs;
	require(vcpu_load(v, 0) == VMK_OK);
}

static void switch_task(void *context, struct swvmx_vmcs *vmcs, struct vtx_registers *r)
{
	swvmx_exit(vmcs, EXIT_TASK_SWITCH, 0);
}

static void count_line(void *context, const char *text)
{
	require(*text);
	++*(unsigned *)context;
}

/* An exit that nothing is known to do about: the guest is stopped, and people are told why. */
static void unknown_exit(struct vcpu *v)
{
	const uint32_t stay = 0;
	unsigned lines = 0;

	swvmx.chooser.run = switch_task;
	require(vcpu_run(v, &stay, 1000) == VCPU_STOP_FAILED && v->failed);
	vcpu_report(v, count_line, &lines);
	require(lines > 8);
}

static void finish(struct vcpu *v, unsigned how)
{
	switch (how) {
	case 1:
		other_host(v);
		break;
	case 2:
	case 3:
		bad_load(v, how & 1);
		break;
	case 4:
		unknown_exit(v);
		break;
	}
	vcpu_unload(v);
}

/* Exit reasons have names, whichever there are. */
static void check_names(uint32_t reason)
{
	require(*vtx_exit_name(reason));
	require(*vcpu_counter_name(reason % VCPU_COUNTERS_COUNT));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum swvmx_base bases[] = {BASE_LONG, BASE_FLAT, BASE_REAL, BASE_MINIMAL};
	struct vcpu *v = &rig.vcpu[0];
	uint32_t leave = 0;
	enum vcpu_stop stop;

	if (size < 2)
		return 0;
	check_names(data[1]);
	rig_start(bases[data[0] & 3]);
	swvmx.chooser = (struct swvmx_chooser){.run = run_guest, .context = &leave};
	v->apic_ops = data[0] & 4 ? &apic : NULL;
	memset(swvmx_at(rig_frame(0)), 0, 64);
	if (data[0] & 8)
		ept_map(&rig.vm.ept, (struct gpa){TABLE_GPA}, rig_frame(0), 4096,
			EPT_ACCESS | EPT_WRITE_BACK);
	if (data[0] & 16)
		rig.controls.ept_vpid &= ~VPID_CAP_SINGLE;
	tried.cr = 1;
	tried.xcr0 = v->xcr0;
	input = data + 2;
	left = MIN(size - 2, STEPS * sizeof(struct step));
	figures_operations((unsigned)(left / sizeof(struct step)));
	for (unsigned i = 0; !leave && i < 2 * STEPS; i++) {
		stop = vcpu_run(v, &leave, 1000);
		require(stop != VCPU_STOP_FAILED);
	}
	finish(v, data[0] >> 5);
	return 0;
}
