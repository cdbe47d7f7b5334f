/* The VMCS state machine: VMXON to VMWRITE, INVEPT and INVVPID (SDM 3D, chapter 31). */
#include "fuzz/models/swvmx/swvmx.h"
#include <stdlib.h>
#include <string.h>

struct swvmx swvmx;
uint8_t swvmx_memory[SWVMX_FRAMES][4096];

/* Where the field of an encoding is, from 1; 0: there is none. vmcs_field_index() takes longer. */
static uint16_t places[1u << 14];

/* An encoding has bits 14 to 0, and 12 is reserved (SDM 25.11.2). */
static unsigned slot_of(uint32_t encoding)
{
	return (encoding & 0xfff) | (encoding >> 1 & 0x3000);
}

void swvmx_reset(enum swvmx_cpu_kind kind)
{
	memset(&swvmx, 0, sizeof(swvmx));
	swvmx_cpu_fill(&swvmx.cpu, kind);
	swvmx.tsc = 1000;
	for (unsigned i = 0; i < SWVMX_VMCSES; i++)
		swvmx.vmcs[i].pcpu = -1;
	for (unsigned i = 0; i < SWVMX_VPIDS; i++)
		swvmx.vpid_epoch[i] = 1;
	for (unsigned i = 0; i < VMCS_FIELD_COUNT; i++) {
		const enum vmcs_index index = (enum vmcs_index)i;

		places[slot_of(vmcs_field_encoding(index))] = (uint16_t)(i + 1);
		swvmx.has_field[i] = swvmx_has_field(&swvmx.cpu, vmcs_field_condition(index));
	}
}

void *swvmx_at(struct hpa address)
{
	const uint64_t offset = address.v - SWVMX_BASE;

	return offset < sizeof(swvmx_memory) ? (uint8_t *)swvmx_memory + offset : NULL;
}

static uint32_t header_of(struct hpa region)
{
	uint32_t header = 0;

	if (swvmx_at(region))
		memcpy(&header, swvmx_at(region), sizeof(header));
	return header;
}

static bool is_region(struct hpa region)
{
	return swvmx_is_page(&swvmx.cpu, region.v) && swvmx_at(region);
}

/* VMfail: with a current VMCS it has a number. */
static enum vmx_result fail(enum swvmx_error error)
{
	struct swvmx_pcpu *p = swvmx_current();

	if (!p->current)
		return VMX_FAIL_INVALID;
	p->current->f[VMCS_INDEX_INSTRUCTION_ERROR] = error;
	return VMX_FAIL_VALID;
}

/* Outside VMX operation these instructions are #UD: in the kernel a panic. */
static void need_vmx(void)
{
	if (!swvmx_current()->vmxon)
		abort();
}

/* The place of a region's contents; a new one has the state "clear, not active". */
static struct swvmx_vmcs *lookup(struct hpa region)
{
	struct swvmx_vmcs *free_place = NULL;

	for (unsigned i = 0; i < SWVMX_VMCSES; i++) {
		if (swvmx.vmcs[i].region.v == region.v)
			return &swvmx.vmcs[i];
		if (!swvmx.vmcs[i].region.v && !free_place)
			free_place = &swvmx.vmcs[i];
	}
	if (!free_place)
		abort();
	free_place->region = region;
	return free_place;
}

enum vmx_result vtx_vmxon(struct hpa region)
{
	struct swvmx_pcpu *p = swvmx_current();

	if (p->vmxon)
		return fail(SWVMX_ALREADY_ON);
	if (!is_region(region) || header_of(region) != (uint32_t)swvmx.cpu.msrs.basic)
		return VMX_FAIL_INVALID;
	p->vmxon = true;
	p->region = region;
	p->current = NULL;
	return VMX_OK;
}

/* A VMCS that is active when VMX ends is lost: its memory may be given away (SDM 25.11.1). */
enum vmx_result vtx_vmxoff(void)
{
	need_vmx();
	for (unsigned i = 0; i < SWVMX_VMCSES; i++)
		if (swvmx.vmcs[i].region.v && swvmx.vmcs[i].pcpu == (int)swvmx.now)
			abort();
	swvmx_current()->vmxon = false;
	swvmx_current()->current = NULL;
	return VMX_OK;
}

enum vmx_result vtx_vmclear(struct hpa region)
{
	struct swvmx_pcpu *p = swvmx_current();
	struct swvmx_vmcs *vmcs;

	need_vmx();
	if (!is_region(region))
		return fail(SWVMX_VMCLEAR_ADDRESS);
	if (region.v == p->region.v)
		return fail(SWVMX_VMCLEAR_VMXON);
	vmcs = lookup(region);
	/* Another pCPU still caches it: what is in memory now is undefined. */
	if (vmcs->pcpu >= 0 && vmcs->pcpu != (int)swvmx.now)
		abort();
	vmcs->pcpu = -1;
	vmcs->launched = false;
	if (p->current == vmcs)
		p->current = NULL;
	return VMX_OK;
}

enum vmx_result vtx_vmptrld(struct hpa region)
{
	struct swvmx_pcpu *p = swvmx_current();
	struct swvmx_vmcs *vmcs;

	need_vmx();
	if (!is_region(region))
		return fail(SWVMX_VMPTRLD_ADDRESS);
	if (region.v == p->region.v)
		return fail(SWVMX_VMPTRLD_VMXON);
	if (header_of(region) != (uint32_t)swvmx.cpu.msrs.basic)
		return fail(SWVMX_VMPTRLD_REVISION);
	vmcs = lookup(region);
	if (vmcs->pcpu >= 0 && vmcs->pcpu != (int)swvmx.now)
		abort(); /* active on two pCPUs */
	vmcs->pcpu = (int)swvmx.now;
	vmcs->host_side_checked = false;
	p->current = vmcs;
	return VMX_OK;
}

/* A field's place, or -1 with the VMfail noted: an encoding that this processor does not have. */
static int place_of(enum vmcs_field field)
{
	const int index = (uint32_t)field & ~0x6fffu ? -1 : places[slot_of(field)] - 1;

	if (index >= 0 && swvmx.has_field[index])
		return index;
	fail(SWVMX_NO_FIELD);
	return -1;
}

struct vtx_counts vtx_counts(void)
{
	return swvmx_current()->counts;
}

uint64_t vtx_vmread(enum vmcs_field field)
{
	struct swvmx_pcpu *p = swvmx_current();
	int index;

	need_vmx();
	p->counts.vmreads++;
	if (!p->current)
		abort(); /* vcpu_load() comes first */
	index = place_of(field);
	return index < 0 ? 0 : p->current->f[index];
}

static uint64_t truncate(enum vmcs_field field, uint64_t value)
{
	switch (vmcs_width(field)) {
	case VMCS_16:
		return value & 0xffff;
	case VMCS_32:
		return value & 0xffffffff;
	default:
		return value;
	}
}

enum vmx_result vtx_vmwrite(enum vmcs_field field, uint64_t value)
{
	struct swvmx_pcpu *p = swvmx_current();
	int index;

	need_vmx();
	p->counts.vmwrites++;
	if (!p->current)
		return VMX_FAIL_INVALID;
	index = place_of(field);
	if (index < 0)
		return VMX_FAIL_VALID;
	if (vmcs_kind(field) == VMCS_READ_ONLY)
		return fail(SWVMX_READ_ONLY);
	p->current->f[index] = truncate(field, value);
	if (vmcs_kind(field) != VMCS_GUEST)
		p->current->host_side_checked = false;
	return VMX_OK;
}

enum vmx_result vtx_invept(enum vtx_invept type, uint64_t eptp)
{
	struct swvmx_pcpu *p = swvmx_current();
	const uint64_t caps = swvmx.cpu.msrs.ept_vpid;

	need_vmx();
	if (type == INVEPT_SINGLE ? !(caps & EPT_CAP_INVEPT_SINGLE) : !(caps & EPT_CAP_INVEPT_ALL))
		return fail(SWVMX_INVALIDATE);
	for (unsigned i = 0; i < SWVMX_TLB; i++)
		if (type == INVEPT_ALL || (p->tlb[i].eptp ^ eptp) >> 12 == 0)
			p->tlb[i].entry = 0;
	/* Combined mappings go with it (SDM 29.4.3.1). */
	memset(p->linear_epoch, 0, sizeof(p->linear_epoch));
	return VMX_OK;
}

enum vmx_result vtx_invvpid(enum vtx_invvpid type, uint16_t vpid, uint64_t address)
{
	struct swvmx_pcpu *p = swvmx_current();
	const uint64_t caps = swvmx.cpu.msrs.ept_vpid;

	need_vmx();
	if (!(caps & VPID_CAP_INVVPID) || !(caps & VPID_CAP_ADDRESS << type) ||
		(type != INVVPID_ALL && (vpid == 0 || vpid >= SWVMX_VPIDS)))
		return fail(SWVMX_INVALIDATE);
	if (type == INVVPID_ALL)
		memset(p->linear_epoch, 0, sizeof(p->linear_epoch));
	else if (type != INVVPID_ADDRESS)
		p->linear_epoch[vpid] = 0;
	return VMX_OK;
}

bool swvmx_read_capability(uint32_t msr, uint64_t *value)
{
	const struct vtx_capability_msrs *m = &swvmx.cpu.msrs;
	const uint64_t values[] = {m->basic, m->pin, m->proc, m->exit, m->entry, m->misc,
		m->cr0_fixed0, m->cr0_fixed1, m->cr4_fixed0, m->cr4_fixed1, 0, m->proc2,
		m->ept_vpid, m->pin, m->proc, m->exit, m->entry, m->vmfunc};

	if (msr < MSR_VMX_BASIC || msr - MSR_VMX_BASIC >= ARRAY_SIZE(values))
		return false;
	*value = values[msr - MSR_VMX_BASIC];
	return true;
}
