#include "vtx/guest_msr.h"
#include "lib/nospec.h"
#include "vtx/vcpu.h"
#include "vtx/vcpu_exits.h"
#include <string.h>

#define MSR_TSC            0x10u
#define MSR_PLATFORM_ID    0x17u
#define MSR_APIC_BASE      0x1bu
#define MSR_TSC_ADJUST     0x3bu
#define MSR_BIOS_SIGN      0x8bu
#define MSR_MTRR_CAP       0xfeu
#define MSR_MCG_CAP        0x179u
#define MSR_MCG_STATUS     0x17au
#define MSR_PERF_STATUS    0x198u
#define MSR_MISC_ENABLE    0x1a0u
#define MSR_DEBUGCTL       0x1d9u
#define MSR_MTRR_VAR       0x200u /* base and mask, 8 pairs */
#define MSR_MTRR_FIXED     0x250u
#define MSR_MTRR_DEFAULT   0x2ffu
#define MSR_TSC_DEADLINE   0x6e0u
#define MSR_X2APIC         0x800u
#define MSR_X2APIC_INITIAL 0x838u
#define MSR_X2APIC_LAST    0x8ffu
#define MSR_EFER           0xc0000080u
#define MSR_STAR           0xc0000081u
#define MSR_LSTAR          0xc0000082u
#define MSR_CSTAR          0xc0000083u
#define MSR_FMASK          0xc0000084u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_TSC_AUX        0xc0000103u

/* MTRRCAP: 8 variable ranges, fixed ranges, write-combining (SDM 3A, 12.11.1). */
#define MTRR_CAP    0x508u
#define MTRR_VARS   16u
#define MTRR_FIXEDS 11u
/* BTS and PEBS are not there. */
#define MISC_ENABLE_RESET (1ull << 0 | 1ull << 11 | 1ull << 12)

/* A guest reads and writes these without an exit: the VMCS has its values. */
static const uint32_t held_msrs[] = {
	0x174,      /* SYSENTER_CS */
	0x175,      /* SYSENTER_ESP */
	0x176,      /* SYSENTER_EIP */
	0x277,      /* PAT */
	0xc0000100, /* FS_BASE */
	0xc0000101, /* GS_BASE */
};
/*
 * These are switched, and read without an exit. Writes exit, so that what the guest has is known
 * without reading it back each time: it writes them once, but for the first, which SWAPGS changes.
 */
static const uint32_t switched_msrs[] = {
	MSR_KERNEL_GS_BASE, MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_FMASK,
	MSR_TSC_AUX, /* the last: only with RDTSCP */
};

/* X(fixed-range MSR): the 11 of SDM 3A, table 12-9. */
static const uint16_t fixed_mtrrs[MTRR_FIXEDS] = {
	0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f};

static void allow(uint8_t bitmap[4096], uint32_t msr, bool write)
{
	uint32_t base = (msr & 0x1fff) / 8 + (msr >= 0xc0000000u ? 1024 : 0) + (write ? 2048 : 0);

	bitmap[base] &= (uint8_t)~(1u << (msr & 7));
}

void msr_bitmap_fill(uint8_t bitmap[4096], const struct vtx_controls *controls)
{
	memset(bitmap, 0xff, 4096);
	for (size_t i = 0; i < ARRAY_SIZE(held_msrs); i++) {
		allow(bitmap, held_msrs[i], false);
		allow(bitmap, held_msrs[i], true);
	}
	for (size_t i = 0;
		i < ARRAY_SIZE(switched_msrs) - !(controls->word[WORD_PROC2] & PROC2_RDTSCP); i++)
		allow(bitmap, switched_msrs[i], false);
	allow(bitmap, MSR_KERNEL_GS_BASE, true);
	allow(bitmap, MSR_TSC, false);
}

static bool has_tsc_aux(const struct vcpu *v)
{
	return v->vm->controls->word[WORD_PROC2] & PROC2_RDTSCP;
}

_Static_assert(sizeof(((struct vcpu *)0)->switched) / sizeof(uint64_t) >= ARRAY_SIZE(switched_msrs),
	"every switched MSR has a place");

static unsigned switched_count(const struct vcpu *v)
{
	return ARRAY_SIZE(switched_msrs) - !has_tsc_aux(v);
}

/* WRMSR takes longer than to see that it is not needed. */
static void compare(struct vcpu *v, unsigned i)
{
	const uint8_t bit = (uint8_t)(1u << i);

	v->differing = (uint8_t)((v->differing & ~bit) |
				 (v->switched[i] != v->host_switched[i] ? bit : 0));
}

void guest_msr_power_on(struct vcpu *v)
{
	const unsigned count = switched_count(v);

	memset(v->switched, 0, sizeof(v->switched));
	for (unsigned i = 0; i < count; i++)
		compare(v, i);
}

void guest_msr_load(struct vcpu *v)
{
	const unsigned count = switched_count(v);

	for (unsigned i = 0; i < count; i++) {
		v->host_switched[i] = vtx_rdmsr(switched_msrs[i]);
		compare(v, i);
	}
	guest_msr_reload(v);
}

void guest_msr_reload(struct vcpu *v)
{
	vtx_wrmsrs(switched_msrs, v->switched, v->differing);
}

void guest_msr_unload(struct vcpu *v)
{
	v->switched[0] = vtx_rdmsr(MSR_KERNEL_GS_BASE);
	compare(v, 0);
	vtx_wrmsrs(switched_msrs, v->host_switched, v->differing);
}

/* What the processor takes: elsewhere it would be the host that faults (SDM 4, table 2-2). */
static bool switched_is_valid(uint32_t msr, uint64_t value)
{
	switch (msr) {
	case MSR_LSTAR:
	case MSR_CSTAR:
	case MSR_KERNEL_GS_BASE:
		return (uint64_t)((int64_t)(value << 16) >> 16) == value;
	case MSR_FMASK:
	case MSR_TSC_AUX:
		return !(value >> 32);
	default:
		return true;
	}
}

/* The place of a switched MSR in vcpu->switched, or -1. */
static int switched_index(const struct vcpu *v, uint32_t msr)
{
	const int count = (int)switched_count(v);

	for (int i = 0; i < count; i++)
		if (switched_msrs[i] == msr)
			return i;
	return -1;
}

void guest_msr_reset(struct vcpu *v)
{
	v->misc_enable = MISC_ENABLE_RESET;
	v->mtrr_default = 0;
	memset(v->mtrr, 0, sizeof(v->mtrr));
}

/* The place of an MTRR in vcpu->mtrr, or -1. */
static int mtrr_index(uint32_t msr)
{
	if (msr >= MSR_MTRR_VAR && msr < MSR_MTRR_VAR + MTRR_VARS)
		return (int)index_nospec(msr - MSR_MTRR_VAR, MTRR_VARS);
	for (unsigned i = 0; i < MTRR_FIXEDS; i++)
		if (fixed_mtrrs[i] == msr)
			return (int)(MTRR_VARS + i);
	return -1;
}

static bool is_memory_type(uint64_t type)
{
	return type <= 6 && type != 2 && type != 3;
}

/* Reserved bits and types fault (SDM 3A, 12.11.2). Guest memory is write-back whatever they say. */
static bool mtrr_is_valid(int index, uint64_t value)
{
	if (index >= (int)MTRR_VARS) {
		for (unsigned i = 0; i < 8; i++)
			if (!is_memory_type(value >> (8 * i) & 0xff))
				return false;
		return true;
	}
	if (value >> 52)
		return false;
	return index % 2 ? !(value & 0x7ff) : !(value & 0xf00) && is_memory_type(value & 0xff);
}

static bool is_apic(uint32_t msr)
{
	return msr == MSR_APIC_BASE || msr == MSR_TSC_DEADLINE ||
	       (msr >= MSR_X2APIC && msr <= MSR_X2APIC_LAST);
}

bool guest_msr_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	int mtrr = mtrr_index(msr);

	*value = 0;
	if (mtrr >= 0) {
		*value = v->mtrr[mtrr];
		return true;
	}
	if (is_apic(msr))
		return v->apic_ops && v->apic_ops->read_msr(v->apic, msr, value);
	switch (msr) {
	case MSR_EFER:
		*value = vtx_vmread(VMCS_GUEST_EFER);
		return true;
	case MSR_MISC_ENABLE:
		*value = v->misc_enable;
		return true;
	case MSR_MTRR_CAP:
		*value = MTRR_CAP;
		return true;
	case MSR_MTRR_DEFAULT:
		*value = v->mtrr_default;
		return true;
	case MSR_TSC_ADJUST:
		*value = v->tsc_adjust;
		return true;
	case MSR_PLATFORM_ID:
	case MSR_BIOS_SIGN:
	case MSR_MCG_CAP:
	case MSR_MCG_STATUS:
	case MSR_PERF_STATUS:
	case MSR_DEBUGCTL:
		return true;
	}
	v->counters[COUNT_UNKNOWN_MSR]++;
	return false;
}

/* SDM 3A, 2.2.1: LME only while paging is off, LMA is the processor's. */
static bool write_efer(struct vcpu *v, uint64_t value)
{
	const uint64_t lme = 1ull << 8, lma = 1ull << 10, paging = 1ull << 31;
	uint64_t old = vtx_vmread(VMCS_GUEST_EFER);

	if (value & ~cpuid_efer_allowed(&v->vm->cpuid))
		return false;
	if (((value ^ old) & lme) && (vcpu_cr0(v) & paging))
		return false;
	vcpu_set_efer(v, (value & ~lma) | (old & lma));
	return true;
}

/* IA32_TSC_ADJUST tells of both ways (SDM 3B, 18.17.3). */
static void move_tsc(struct vcpu *v, uint64_t by)
{
	v->tsc_adjust += by;
	if (v->apic_ops && v->apic_ops->tsc_moved)
		v->apic_ops->tsc_moved(v->apic, by);
}

bool guest_msr_is_of_time(uint32_t msr)
{
	return msr == MSR_TSC || msr == MSR_TSC_ADJUST || msr == MSR_TSC_DEADLINE ||
	       msr == MSR_X2APIC_INITIAL;
}

bool guest_msr_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
	const int mtrr = mtrr_index(msr), switched = switched_index(v, msr);

	if (switched >= 0) {
		if (!switched_is_valid(msr, value))
			return false;
		v->switched[switched] = value;
		compare(v, (unsigned)switched);
		vtx_wrmsr(msr, value);
		return true;
	}
	if (mtrr >= 0) {
		if (!mtrr_is_valid(mtrr, value))
			return false;
		v->mtrr[mtrr] = value;
		return true;
	}
	if (is_apic(msr))
		return v->apic_ops && v->apic_ops->write_msr(v->apic, msr, value);
	switch (msr) {
	case MSR_EFER:
		return write_efer(v, value);
	case MSR_TSC:
		move_tsc(v, value - vcpu_tsc(v));
		return true;
	case MSR_TSC_ADJUST:
		move_tsc(v, value - v->tsc_adjust);
		return true;
	case MSR_MISC_ENABLE:
		v->misc_enable = value;
		return true;
	case MSR_MTRR_DEFAULT:
		if ((value & ~0xcffull) || !is_memory_type(value & 0xff))
			return false;
		v->mtrr_default = value;
		return true;
	case MSR_BIOS_SIGN:
		return true; /* starts the reading of the microcode's revision */
	case MSR_MCG_STATUS:
	case MSR_DEBUGCTL:
		return value == 0;
	}
	v->counters[COUNT_UNKNOWN_MSR]++;
	return false;
}
