/* A vCPU's VMCS: controls, the host's part, the guest's reset state, and its turns on a pCPU. */
#include "vtx/guest_fpu.h"
#include "vtx/guest_msr.h"
#include "vtx/vcpu.h"
#include "vtx/vcpu_exits.h"
#include <string.h>

#define CR0_PE   (1ull << 0)
#define CR0_ET   (1ull << 4)
#define CR0_NE   (1ull << 5)
#define CR0_NW   (1ull << 29)
#define CR0_CD   (1ull << 30)
#define CR0_PG   (1ull << 31)
#define CR4_PAE  (1ull << 5)
#define EFER_LME (1ull << 8)
#define EFER_LMA (1ull << 10)

/* Segment access rights, SDM table 25-2. */
#define ACCESS_CODE16   0x9bu
#define ACCESS_DATA16   0x93u
#define ACCESS_CODE32   0xc09bu
#define ACCESS_CODE64   0xa09bu
#define ACCESS_DATA32   0xc093u
#define ACCESS_LDT      0x82u
#define ACCESS_TSS      0x8bu
#define ACCESS_UNUSABLE 0x10000u

#define RFLAGS_FIXED    2u
#define DR7_RESET       0x400u
#define PAT_RESET       0x0007040600070406ull

/* SDM 25.6.13: a loop of PAUSEs less than GAP apart that lasts longer than WINDOW. */
#define PAUSE_GAP    128u
#define PAUSE_WINDOW 4096u

/* Where the processor takes no bitmaps, unconditional exiting says the same. */
const uint8_t vcpu_io_bitmap[4096] __attribute__((aligned(4096))) = {[0 ... 4095] = 0xff};

struct segment_fields {
	enum vmcs_field selector, base, limit, access;
};

#define SEGMENT(name)                                                            \
	{VMCS_GUEST_##name, VMCS_GUEST_##name##_BASE, VMCS_GUEST_##name##_LIMIT, \
		VMCS_GUEST_##name##_ACCESS}
static const struct segment_fields cs_fields = SEGMENT(CS), ldtr_fields = SEGMENT(LDTR),
				   tr_fields = SEGMENT(TR);
static const struct segment_fields data_fields[] = {
	SEGMENT(ES), SEGMENT(SS), SEGMENT(DS), SEGMENT(FS), SEGMENT(GS)};

static void set_segment(const struct segment_fields *f, uint16_t selector, uint64_t base,
	uint32_t limit, uint32_t access)
{
	vtx_vmwrite(f->selector, selector);
	vtx_vmwrite(f->base, base);
	vtx_vmwrite(f->limit, limit);
	vtx_vmwrite(f->access, access);
}

static void set_data_segments(uint16_t selector, uint32_t limit, uint32_t access)
{
	for (size_t i = 0; i < ARRAY_SIZE(data_fields); i++)
		set_segment(&data_fields[i], selector, 0, limit, access);
}

static void set_controls(struct vcpu *v)
{
	const struct vtx_controls *c = v->vm->controls;
	uint32_t proc2 = c->word[WORD_PROC2];

	if (!v->vpid)
		proc2 &= ~(uint32_t)PROC2_VPID;
	if (!v->vm->clock.multiplier)
		proc2 &= ~(uint32_t)PROC2_TSC_SCALING;
	v->proc_controls = c->word[WORD_PROC];
	v->entry_controls = c->word[WORD_ENTRY];
	vtx_vmwrite(VMCS_PIN_CONTROLS, c->word[WORD_PIN]);
	vtx_vmwrite(VMCS_PROC_CONTROLS, v->proc_controls);
	vtx_vmwrite(VMCS_PROC2_CONTROLS, proc2);
	vtx_vmwrite(VMCS_EXIT_CONTROLS, c->word[WORD_EXIT]);
	vtx_vmwrite(VMCS_ENTRY_CONTROLS, v->entry_controls);
	vtx_vmwrite(VMCS_EXCEPTION_BITMAP, VCPU_EXCEPTIONS);
	vtx_vmwrite(VMCS_PF_ERROR_MASK, 0);
	vtx_vmwrite(VMCS_PF_ERROR_MATCH, 0);
	vtx_vmwrite(VMCS_CR3_TARGETS, 0);
	vtx_vmwrite(VMCS_EXIT_MSR_STORE_COUNT, 0);
	vtx_vmwrite(VMCS_EXIT_MSR_LOAD_COUNT, 0);
	vtx_vmwrite(VMCS_ENTRY_MSR_LOAD_COUNT, 0);
	vtx_vmwrite(VMCS_ENTRY_EVENT, 0);
	vtx_vmwrite(VMCS_MSR_BITMAP, v->vm->msr_bitmap.v);
	vtx_vmwrite(VMCS_IO_BITMAP_A, v->vm->io_bitmap.v);
	vtx_vmwrite(VMCS_IO_BITMAP_B, v->vm->io_bitmap.v);
	vtx_vmwrite(VMCS_TSC_OFFSET, v->tsc_offset);
	vtx_vmwrite(VMCS_EPTP, ept_pointer(&v->vm->ept));
	vtx_vmwrite(VMCS_LINK, ~0ull);
	if (proc2 & PROC2_TSC_SCALING)
		vtx_vmwrite(VMCS_TSC_MULTIPLIER, v->vm->clock.multiplier);
	if (proc2 & PROC2_VPID)
		vtx_vmwrite(VMCS_VPID, v->vpid);
	if (proc2 & PROC2_PAUSE_LOOP) {
		vtx_vmwrite(VMCS_PAUSE_GAP, PAUSE_GAP);
		vtx_vmwrite(VMCS_PAUSE_WINDOW, PAUSE_WINDOW);
	}
	if (proc2 & PROC2_ENCLS)
		vtx_vmwrite(VMCS_ENCLS_EXITING, ~0ull);
	if (proc2 & (uint32_t)PROC2_ENCLV)
		vtx_vmwrite(VMCS_ENCLV_EXITING, ~0ull);
}

/* X(field, member of struct vtx_host): what an exit loads, CET's apart. */
#define HOST_FIELDS(X)                \
	X(CR0, cr0)                   \
	X(CR3, cr3)                   \
	X(CR4, cr4)                   \
	X(EFER, efer)                 \
	X(PAT, pat)                   \
	X(RIP, rip)                   \
	X(CS, cs)                     \
	X(SS, ss)                     \
	X(DS, ds)                     \
	X(ES, es)                     \
	X(FS, fs)                     \
	X(GS, gs)                     \
	X(TR, tr)                     \
	X(FS_BASE, fs_base)           \
	X(GS_BASE, gs_base)           \
	X(TR_BASE, tr_base)           \
	X(GDTR_BASE, gdtr_base)       \
	X(IDTR_BASE, idtr_base)       \
	X(SYSENTER_CS, sysenter_cs)   \
	X(SYSENTER_ESP, sysenter_esp) \
	X(SYSENTER_EIP, sysenter_eip)
#define HOST_CET_FIELDS(X) \
	X(S_CET, s_cet)    \
	X(SSP_TABLE, ssp_table)

/* On the pCPU where it was before, next to nothing of it is another. */
static void set_host(struct vcpu *v)
{
	const bool all = !v->host_written;
	struct vtx_host h;

	vtx_host_state(&h);
#define X(field, member)                       \
	if (all || h.member != v->host.member) \
		vtx_vmwrite(VMCS_HOST_##field, h.member);
	HOST_FIELDS(X)
	if (v->vm->controls->word[WORD_EXIT] & EXIT_LOAD_CET) {
		HOST_CET_FIELDS(X)
		/* HOST_SSP, where it matters, is written with HOST_RSP. */
		if (all)
			vtx_vmwrite(VMCS_HOST_SSP, 0);
	}
#undef X
	v->host = h;
	v->host_written = true;
}

/* CR0, CR4, EFER with the bits that VMX fixes; the guest sees what it would without VMX. */
static void set_mode(struct vcpu *v, uint64_t cr0, uint64_t cr3, uint64_t cr4, uint64_t efer)
{
	vcpu_set_cr0(v, cr0);
	vtx_vmwrite(VMCS_GUEST_CR3, cr3);
	vcpu_set_cr4(v, cr4);
	vcpu_set_efer(v, efer);
}

/* SDM 3A, table 9-1. */
void vcpu_reset(struct vcpu *v)
{
	const bool bootstrap = v->index == 0;

	memset(v->registers.gpr, 0, sizeof(v->registers.gpr));
	v->registers.cr2 = 0;
	v->injector = (struct injector){0};
	v->failed = false;
	vcpu_debug_unload(v);
	v->breakpoints = false;
	v->dr6 = VCPU_DR6_RESET;
	memset(v->dr, 0, sizeof(v->dr));
	guest_msr_reset(v);
	set_controls(v);
	vtx_vmwrite(VMCS_CR0_MASK, vcpu_cr0_mask(v));
	vtx_vmwrite(VMCS_CR4_MASK, vcpu_cr4_mask(v));
	set_mode(v, CR0_CD | CR0_NW | CR0_ET, 0, 0, 0);
	set_segment(&cs_fields, 0xf000, 0xffff0000, 0xffff, ACCESS_CODE16);
	set_data_segments(0, 0xffff, ACCESS_DATA16);
	set_segment(&ldtr_fields, 0, 0, 0xffff, ACCESS_LDT);
	set_segment(&tr_fields, 0, 0, 0xffff, ACCESS_TSS);
	vtx_vmwrite(VMCS_GUEST_GDTR_BASE, 0);
	vtx_vmwrite(VMCS_GUEST_GDTR_LIMIT, 0xffff);
	vtx_vmwrite(VMCS_GUEST_IDTR_BASE, 0);
	vtx_vmwrite(VMCS_GUEST_IDTR_LIMIT, 0xffff);
	vtx_vmwrite(VMCS_GUEST_RIP, 0xfff0);
	vtx_vmwrite(VMCS_GUEST_RSP, 0);
	vtx_vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
	vtx_vmwrite(VMCS_GUEST_DR7, DR7_RESET);
	vtx_vmwrite(VMCS_GUEST_DEBUGCTL, 0);
	vtx_vmwrite(VMCS_GUEST_PAT, PAT_RESET);
	vtx_vmwrite(VMCS_GUEST_PENDING_DEBUG, 0);
	vtx_vmwrite(VMCS_GUEST_INTERRUPTIBILITY, 0);
	vtx_vmwrite(VMCS_GUEST_ACTIVITY, ACTIVITY_ACTIVE);
	vtx_vmwrite(VMCS_GUEST_SYSENTER_CS, 0);
	vtx_vmwrite(VMCS_GUEST_SYSENTER_ESP, 0);
	vtx_vmwrite(VMCS_GUEST_SYSENTER_EIP, 0);
	if (v->vm->controls->word[WORD_ENTRY] & ENTRY_LOAD_CET) {
		vtx_vmwrite(VMCS_GUEST_S_CET, 0);
		vtx_vmwrite(VMCS_GUEST_SSP, 0);
		vtx_vmwrite(VMCS_GUEST_SSP_TABLE, 0);
	}
	/* EDX holds the processor's signature (SDM 9.1.2). */
	v->registers.gpr[RDX] = bootstrap ? 0x600 : 0;
	vcpu_flush(v); /* of what was before */
}

void vcpu_set_real_entry(struct vcpu *v, uint16_t cs, uint16_t ip)
{
	set_segment(&cs_fields, cs, (uint64_t)cs << 4, 0xffff, ACCESS_CODE16);
	vtx_vmwrite(VMCS_GUEST_RIP, ip);
	vcpu_set_cr0(v, CR0_ET);
}

void vcpu_set_flat_entry(struct vcpu *v, uint32_t eip)
{
	set_mode(v, CR0_PE | CR0_ET, 0, 0, 0);
	set_segment(&cs_fields, 8, 0, 0xffffffff, ACCESS_CODE32);
	set_data_segments(16, 0xffffffff, ACCESS_DATA32);
	vtx_vmwrite(VMCS_GUEST_RIP, eip);
}

void vcpu_set_long_entry(struct vcpu *v, uint64_t rip, uint64_t cr3, struct gpa gdt, uint16_t limit)
{
	set_mode(v, CR0_PE | CR0_ET | CR0_PG, cr3, CR4_PAE, EFER_LME | EFER_LMA);
	/* Linux' boot protocol: __BOOT_CS 0x10, __BOOT_DS 0x18. */
	set_segment(&cs_fields, 0x10, 0, 0xffffffff, ACCESS_CODE64);
	set_data_segments(0x18, 0xffffffff, ACCESS_DATA32);
	vtx_vmwrite(VMCS_GUEST_GDTR_BASE, gdt.v);
	vtx_vmwrite(VMCS_GUEST_GDTR_LIMIT, limit);
	vtx_vmwrite(VMCS_GUEST_RIP, rip);
}

void vcpu_power_on(struct vcpu *v)
{
	guest_fpu_power_on(v);
	v->tsc_adjust = 0;
	guest_msr_power_on(v);
}

void vcpu_init(struct vcpu *v, struct vtx_vm *vm, uint32_t index, uint16_t vpid, struct hpa vmcs,
	void *fpu)
{
	memset(v, 0, sizeof(*v));
	v->vm = vm;
	v->index = index;
	v->vpid = vm->controls->word[WORD_PROC2] & PROC2_VPID ? vpid : 0;
	v->vmcs = vmcs;
	v->fpu = fpu;
	v->pcpu = v->last_pcpu = -1;
	vcpu_power_on(v);
}

static struct vtx_counts counts(const struct vcpu *v)
{
	struct vtx_counts c = vtx_counts();

	c.vmwrites += c.entry_vmwrites * v->counters[COUNT_ENTRIES];
	return c;
}

enum vmk_status vcpu_load(struct vcpu *v, unsigned pcpu)
{
	if (pcpu >= VTX_CPUS_MAX)
		return VMK_BAD_PARAM;
	if (vtx_vmclear(v->vmcs) != VMX_OK || vtx_vmptrld(v->vmcs) != VMX_OK)
		return VMK_INTERNAL;
	v->pcpu = (int32_t)pcpu;
	v->counted = counts(v);
	v->launched = false;
	set_host(v);
	v->tsc_lag = guest_clock_lag(&v->vm->clock, vtx_tsc_lag());
	guest_msr_load(v);
	guest_fpu_load(v);
	if (v->breakpoints)
		vcpu_debug_load(v);
	/* This pCPU may remember addresses of an earlier turn, and the guest has changed its tables
	 * elsewhere. Where it is the last one that had the vCPU, it was told of all changes. */
	if (v->last_pcpu != v->pcpu)
		vcpu_flush(v);
	v->last_pcpu = v->pcpu;
	return VMK_OK;
}

void vcpu_set_aside(struct vcpu *v)
{
	vcpu_debug_unload(v);
	guest_fpu_unload(v);
	guest_msr_unload(v);
	vtx_host_tables();
	v->aside = true;
}

void vcpu_take_up(struct vcpu *v)
{
	guest_msr_reload(v);
	guest_fpu_load(v);
	if (v->breakpoints)
		vcpu_debug_load(v);
	v->aside = false;
}

static void count(struct vcpu *v)
{
	const struct vtx_counts now = counts(v);

	v->counters[COUNT_VMREAD] += now.vmreads - v->counted.vmreads;
	v->counters[COUNT_VMWRITE] += now.vmwrites - v->counted.vmwrites;
}

void vcpu_unload(struct vcpu *v)
{
	if (!v->aside)
		vcpu_set_aside(v);
	v->aside = false;
	vtx_vmclear(v->vmcs);
	count(v);
	v->pcpu = -1;
}
