/* The VMCS state machine: VMXON to VMWRITE, INVEPT and INVVPID (SDM 3D, chapter 31). */
#include "fuzz/models/swvmx/swvmx.h"
#include <stdlib.h>
#include <string.h>

struct swvmx swvmx;
uint8_t swvmx_memory[SWVMX_FRAMES][4096];

/* Where the field of half an encoding is, from 1; 0: there is none. vmcs_field_index() takes
 * longer. An encoding has bits 14 to 0; 12 is reserved, and 0 says that it is the high half of a
 * field (SDM 25.11.2). */
static uint8_t places[1u << 14];
#define NO_ENCODING (~0x6ffeu)
_Static_assert(VMCS_FIELD_COUNT < UINT8_MAX, "a place is a byte");
/* What of a value a field keeps, by place. */
static uint64_t masks[VMCS_FIELD_COUNT + 1];

static uint64_t mask_of(enum vmcs_field field)
{
	switch (vmcs_width(field)) {
	case VMCS_16:
		return 0xffff;
	case VMCS_32:
		return 0xffffffff;
	default:
		return ~0ull;
	}
}

/* Fields of the host and of controls are checked before any entry; what the host is checked for
 * depends on two of the controls, too. Whether an event has an error code depends on the guest's
 * mode. Offsets, masks and shadows can be anything. */
static uint8_t effect_of(enum vmcs_field field)
{
	switch (vmcs_kind(field)) {
	case VMCS_READ_ONLY:
		return SWVMX_READ_ONLY_FIELD;
	case VMCS_GUEST:
		return field == VMCS_GUEST_CR0 ? SWVMX_EVENT_CHANGES : 0;
	case VMCS_HOST:
		return SWVMX_HOST_CHANGES;
	default:
		break;
	}
	switch (field) {
	case VMCS_EXIT_CONTROLS:
	case VMCS_ENTRY_CONTROLS:
		return SWVMX_ALL_UNCHECKED;
	case VMCS_ENTRY_EVENT:
	case VMCS_ENTRY_EVENT_ERROR:
	case VMCS_ENTRY_INSTRUCTION_LENGTH:
		return SWVMX_EVENT_CHANGES;
	case VMCS_TSC_OFFSET:
	case VMCS_CR0_MASK:
	case VMCS_CR4_MASK:
	case VMCS_CR0_SHADOW:
	case VMCS_CR4_SHADOW:
		return 0;
	default:
		return SWVMX_CONTROLS_CHANGE;
	}
}

void swvmx_reset(enum swvmx_cpu_kind kind)
{
	memset(&swvmx, 0, sizeof(swvmx));
	swvmx_forget_known();
	swvmx_cpu_fill(&swvmx.cpu, kind);
	swvmx.tsc = 1000;
	for (unsigned i = 0; i < SWVMX_VMCSES; i++)
		swvmx.vmcs[i].pcpu = -1;
	for (unsigned i = 0; i < SWVMX_VPIDS; i++)
		swvmx.vpid_epoch[i] = 1;
	swvmx.effect[0] = SWVMX_NO_SUCH_FIELD;
	for (unsigned i = 0; i < VMCS_FIELD_COUNT; i++) {
		const enum vmcs_index index = (enum vmcs_index)i;
		const enum vmcs_field field = vmcs_field_encoding(index);

		places[field / 2] = (uint8_t)(i + 1);
		masks[i + 1] = mask_of(field);
		swvmx.effect[i + 1] = swvmx_has_field(&swvmx.cpu, vmcs_field_condition(index))
					      ? effect_of(field)
					      : SWVMX_NO_SUCH_FIELD;
	}
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
	free_place->unchecked = SWVMX_ALL_UNCHECKED;
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
	p->current = vmcs;
	return VMX_OK;
}

/* A field's place, or 0: no encoding. Where both are linked as a whole, the compiler knows the
 * field that a caller names. */
static inline unsigned place_of(enum vmcs_field field)
{
	if (__builtin_constant_p(field)) {
		switch (field) {
#define X(symbol, encoding, exists) \
	case VMCS_##symbol:         \
		return VMCS_INDEX_##symbol + 1;
			VMCS_FIELDS(X)
#undef X
		}
		return 0;
	}
	return (uint32_t)field & NO_ENCODING ? 0 : places[field / 2];
}

struct vtx_counts vtx_counts(void)
{
	struct vtx_counts counts = swvmx_current()->counts;

	counts.entry_vmwrites = 1;
	return counts;
}

uint64_t vtx_vmread(enum vmcs_field field)
{
	struct swvmx_pcpu *p = swvmx_current();
	const unsigned place = place_of(field);

	p->counts.vmreads++;
	if (!p->current)
		abort(); /* vcpu_load() comes first */
	if (swvmx.effect[place] == SWVMX_NO_SUCH_FIELD) {
		fail(SWVMX_NO_FIELD);
		return 0;
	}
	return p->current->f[place - 1];
}

enum vmx_result vtx_vmwrite(enum vmcs_field field, uint64_t value)
{
	struct swvmx_pcpu *p = swvmx_current();
	struct swvmx_vmcs *vmcs = p->current;
	const unsigned place = place_of(field);
	const uint8_t effect = swvmx.effect[place];
	uint64_t *at;

	p->counts.vmwrites++;
	if (!vmcs) {
		need_vmx(); /* without it none is current */
		return VMX_FAIL_INVALID;
	}
	if (effect & (SWVMX_NO_SUCH_FIELD | SWVMX_READ_ONLY_FIELD))
		return fail(effect == SWVMX_NO_SUCH_FIELD ? SWVMX_NO_FIELD : SWVMX_READ_ONLY);
	at = &vmcs->f[place - 1];
	value &= __builtin_constant_p(field) ? mask_of(field) : masks[place];
	if (*at == value)
		return VMX_OK; /* it was checked with this value */
	*at = value;
	if (effect)
		vmcs->unchecked |= effect;
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
	if (type == INVEPT_ALL)
		p->tlb_used = 0;
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
