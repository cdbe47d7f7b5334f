/*
 * A guest's control and debug registers. Bits that the guest owns it changes without an exit; of
 * the others it sees a shadow. With unrestricted guests PE and PG are the guest's (SDM
 * 3C, 24.8, 26.3).
 */
#include "vtx/guest_fpu.h"
#include "vtx/vcpu_exits.h"

#define CR0_PE      (1ull << 0)
#define CR0_MP      (1ull << 1)
#define CR0_EM      (1ull << 2)
#define CR0_TS      (1ull << 3)
#define CR0_ET      (1ull << 4)
#define CR0_NE      (1ull << 5)
#define CR0_WP      (1ull << 16)
#define CR0_AM      (1ull << 18)
#define CR0_NW      (1ull << 29)
#define CR0_CD      (1ull << 30)
#define CR0_PG      (1ull << 31)
#define CR0_GUEST   (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_WP | CR0_AM | CR0_PG)
#define CR0_KNOWN   (CR0_GUEST | CR0_ET | CR0_NE | CR0_NW | CR0_CD)

#define CR4_PAE     (1ull << 5)
#define CR4_MCE     (1ull << 6)
#define CR4_LA57    (1ull << 12)
#define CR4_PCIDE   (1ull << 17)
#define CR4_OSXSAVE (1ull << 18)
/* Beyond what CPUID offers: a machine check must find CR4.MCE set, or it stops the machine. */
#define CR4_HOST    CR4_MCE

#define EFER_LME    (1ull << 8)
#define EFER_LMA    (1ull << 10)

#define CS_LONG     (1u << 13)

#define DR7_ENABLED 0xffull /* L0 to G3 */

uint64_t vcpu_cr0_mask(const struct vcpu *v)
{
	return ~CR0_GUEST;
}

uint64_t vcpu_cr4_mask(const struct vcpu *v)
{
	/* With OSXSAVE comes the guest's XCR0. */
	return ~(cpuid_cr4_allowed(&v->vm->cpuid) & ~(CR4_HOST | CR4_OSXSAVE));
}

uint64_t vcpu_cr0(const struct vcpu *v)
{
	const uint64_t mask = vcpu_cr0_mask(v);

	return (vtx_vmread(VMCS_GUEST_CR0) & ~mask) | (vtx_vmread(VMCS_CR0_SHADOW) & mask);
}

uint64_t vcpu_cr4(const struct vcpu *v)
{
	const uint64_t mask = vtx_vmread(VMCS_CR4_MASK);

	return (vtx_vmread(VMCS_GUEST_CR4) & ~mask) | (vtx_vmread(VMCS_CR4_SHADOW) & mask);
}

/* What VMX demands of CR0 in a guest: NE; PE and PG are free, and caches stay on. */
void vcpu_set_cr0(struct vcpu *v, uint64_t value)
{
	const uint64_t fixed = v->vm->controls->cr0_fixed0 & ~(CR0_PE | CR0_PG);

	vtx_vmwrite(VMCS_CR0_SHADOW, value);
	vtx_vmwrite(VMCS_GUEST_CR0,
		((value & ~(CR0_NW | CR0_CD)) | fixed | CR0_ET) & v->vm->controls->cr0_fixed1);
}

void vcpu_set_cr4(struct vcpu *v, uint64_t value)
{
	const struct vtx_controls *c = v->vm->controls;

	guest_fpu_set_osxsave(v, value & CR4_OSXSAVE);
	vtx_vmwrite(VMCS_CR4_SHADOW, value);
	vtx_vmwrite(VMCS_GUEST_CR4, ((value | CR4_MCE) & c->cr4_fixed1) | c->cr4_fixed0);
}

/* The entry control follows EFER.LMA (SDM 27.3.1.1); an exit keeps them the same by itself. */
void vcpu_set_efer(struct vcpu *v, uint64_t value)
{
	uint32_t entry = (uint32_t)vtx_vmread(VMCS_ENTRY_CONTROLS) & ~(uint32_t)ENTRY_GUEST_64;

	v->entry_controls = entry | (value & EFER_LMA ? (uint32_t)ENTRY_GUEST_64 : 0);
	vtx_vmwrite(VMCS_ENTRY_CONTROLS, v->entry_controls);
	vtx_vmwrite(VMCS_GUEST_EFER, value);
}

void vcpu_flush(struct vcpu *v)
{
	if (!v->vpid)
		return; /* every entry and exit flushes */
	if (v->vm->controls->ept_vpid & VPID_CAP_SINGLE)
		vtx_invvpid(INVVPID_SINGLE, v->vpid, 0);
	else
		vtx_invvpid(INVVPID_ALL, 0, 0);
	v->counters[COUNT_INVVPID]++;
}

/* PAE paging: the processor's copies of the four entries (SDM 3A, 4.4.1). False: #GP. */
static bool load_pdptes(struct vcpu *v, uint64_t cr3)
{
	static const enum vmcs_field fields[] = {
		VMCS_GUEST_PDPTE_0, VMCS_GUEST_PDPTE_1, VMCS_GUEST_PDPTE_2, VMCS_GUEST_PDPTE_3};
	const uint64_t reserved = ~0ull << cpuid_physical_bits(&v->vm->cpuid) | 0x1e6;
	uint64_t entries[4];

	if (!v->vm->read_guest(v->vm, (struct gpa){cr3 & 0xffffffe0ull}, entries, sizeof(entries)))
		return false;
	for (unsigned i = 0; i < 4; i++)
		if ((entries[i] & 1) && (entries[i] & reserved))
			return false;
	for (unsigned i = 0; i < 4; i++)
		vtx_vmwrite(fields[i], entries[i]);
	return true;
}

/* Entering or leaving long mode with CR0.PG (SDM 3A, 10.8.5). False: #GP. */
static bool switch_paging(struct vcpu *v, uint64_t cr0)
{
	const uint64_t cr4 = vcpu_cr4(v);
	uint64_t efer = vtx_vmread(VMCS_GUEST_EFER);

	if (!(cr0 & CR0_PG)) {
		if ((cr4 & CR4_PCIDE) ||
			((efer & EFER_LMA) && (vtx_vmread(VMCS_GUEST_CS_ACCESS) & CS_LONG)))
			return false;
		vcpu_set_efer(v, efer & ~EFER_LMA);
		return true;
	}
	if (efer & EFER_LME) {
		if (!(cr4 & CR4_PAE) || (vtx_vmread(VMCS_GUEST_CS_ACCESS) & CS_LONG))
			return false;
		vcpu_set_efer(v, efer | EFER_LMA);
		return true;
	}
	return !(cr4 & CR4_PAE) || load_pdptes(v, vtx_vmread(VMCS_GUEST_CR3));
}

static bool write_cr0(struct vcpu *v, uint64_t value)
{
	const uint64_t old = vcpu_cr0(v);

	if (value >> 32)
		return false;
	value = (value & CR0_KNOWN) | CR0_ET;
	if (((value & CR0_PG) && !(value & CR0_PE)) || ((value & CR0_NW) && !(value & CR0_CD)))
		return false;
	if (((value ^ old) & CR0_PG) && !switch_paging(v, value))
		return false;
	vcpu_set_cr0(v, value);
	vcpu_flush(v);
	return true;
}

static bool write_cr4(struct vcpu *v, uint64_t value)
{
	const uint64_t old = vcpu_cr4(v), efer = vtx_vmread(VMCS_GUEST_EFER);
	const uint64_t paging_bits = CR4_PAE | 1ull << 4 | 1ull << 7 | 1ull << 20;

	if (value & ~cpuid_cr4_allowed(&v->vm->cpuid))
		return false;
	if ((efer & EFER_LMA) && !(value & CR4_PAE))
		return false;
	if ((value & ~old & CR4_PCIDE) &&
		(!(efer & EFER_LMA) || (vtx_vmread(VMCS_GUEST_CR3) & 0xfff)))
		return false;
	if ((vcpu_cr0(v) & CR0_PG) && (value & CR4_PAE) && !(efer & EFER_LMA) &&
		((value ^ old) & paging_bits) && !load_pdptes(v, vtx_vmread(VMCS_GUEST_CR3)))
		return false;
	vcpu_set_cr4(v, value);
	vcpu_flush(v);
	return true;
}

static bool write_cr8(struct vcpu *v, uint64_t value)
{
	if (value > 15)
		return false;
	if (v->apic_ops)
		v->apic_ops->set_tpr(v->apic, (uint8_t)value);
	return true;
}

static bool write_cr(struct vcpu *v, unsigned number, uint64_t value)
{
	switch (number) {
	case 0:
		return write_cr0(v, value);
	case 4:
		return write_cr4(v, value);
	case 8:
		return write_cr8(v, value);
	default:
		return false;
	}
}

int exit_cr_access(struct vcpu *v)
{
	enum { TO_CR, FROM_CR, CLTS, LMSW };
	const uint64_t qual = vtx_vmread(VMCS_EXIT_QUALIFICATION), cr0 = vcpu_cr0(v);
	bool good = true;

	switch (CR_QUAL_TYPE(qual)) {
	case TO_CR:
		good = write_cr(v, CR_QUAL_NUMBER(qual), vcpu_gpr(v, CR_QUAL_REGISTER(qual)));
		break;
	case FROM_CR:
		if (CR_QUAL_NUMBER(qual) != 8)
			return vcpu_fault(v, EXCEPTION_GP, 0);
		vcpu_set_gpr(
			v, CR_QUAL_REGISTER(qual), v->apic_ops ? v->apic_ops->tpr(v->apic) : 0);
		break;
	case CLTS:
		good = write_cr0(v, cr0 & ~CR0_TS);
		break;
	case LMSW: /* sets PE, but never clears it */
		good = write_cr0(v, (cr0 & ~0xeull) | (CR_QUAL_LMSW(qual) & 0xf));
		break;
	}
	if (!good)
		return vcpu_fault(v, EXCEPTION_GP, 0);
	vcpu_skip(v);
	return NEXT_ENTER;
}

/* --- debug registers: the guest's from its first access in a turn on */

void vcpu_debug_load(struct vcpu *v)
{
	vtx_debug_load(v->dr, v->dr6);
	v->debug_registers = true;
	v->proc_controls &= ~(uint32_t)PROC_MOV_DR;
	vtx_vmwrite(VMCS_PROC_CONTROLS, v->proc_controls);
}

void vcpu_debug_put_away(struct vcpu *v)
{
	static const uint64_t none[4];

	vtx_debug_save(v->dr, &v->dr6);
	vtx_debug_load(none, VCPU_DR6_RESET);
	v->debug_registers = false;
	v->breakpoints = vtx_vmread(VMCS_GUEST_DR7) & DR7_ENABLED;
	v->proc_controls |= (uint32_t)PROC_MOV_DR;
	vtx_vmwrite(VMCS_PROC_CONTROLS, v->proc_controls);
}

int exit_mov_dr(struct vcpu *v)
{
	vcpu_debug_load(v);
	return NEXT_ENTER;
}
