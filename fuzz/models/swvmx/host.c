/* The host around the guest: what each pCPU's registers are, and the MSRs that are switched. */
#include "fuzz/models/swvmx/swvmx.h"
#include <stdlib.h>
#include <string.h>

#define KERNEL 0xffffffff80000000ull

void vtx_host_state(struct vtx_host *h)
{
	const uint64_t base = KERNEL + 0x10000ull * swvmx.now;
	const bool cet = swvmx.cpu.msrs.cr4_fixed1 & 1ull << 23;

	*h = (struct vtx_host){
		.cr0 = 0x80050033,
		.cr3 = 0x1000,
		.cr4 = 0x26e0 | (cet ? 1ull << 23 : 0),
		.efer = 0xd01,
		.pat = 0x0007040600070406ull,
		.rip = KERNEL + 0x1234,
		.gs_base = base,
		.tr_base = base + 0x1000,
		.gdtr_base = base + 0x2000,
		.idtr_base = KERNEL + 0x3000,
		.sysenter_cs = 8,
		.s_cet = cet ? 5 : 0,
		.cs = 8,
		.ss = 16,
		.tr = 40,
	};
}

void vtx_host_tables(void)
{
	swvmx_current()->tables_short = false;
}

void vtx_host_interrupts(void)
{
	swvmx.host_interrupts++;
}

void vtx_host_nmi(void)
{
	swvmx.host_nmis++;
}

void vtx_host_machine_check(void)
{
	swvmx.machine_checks++;
}

static uint64_t *msr_of(uint32_t msr)
{
	struct swvmx_pcpu *p = swvmx_current();

	switch (msr) {
	case 0xc0000081:
		return &p->star;
	case 0xc0000082:
		return &p->lstar;
	case 0xc0000083:
		return &p->cstar;
	case 0xc0000084:
		return &p->fmask;
	case 0xc0000102:
		return &p->kernel_gs_base;
	case 0xc0000103:
		return &p->tsc_aux;
	default:
		return NULL;
	}
}

/* An MSR that the model does not have would be #GP in the kernel. */
uint64_t vtx_rdmsr(uint32_t msr)
{
	const uint64_t *at = msr_of(msr);

	if (!at)
		abort();
	return *at;
}

/* WRMSR of an address that is not canonical, or of a reserved bit, is #GP, in the host too. */
void vtx_wrmsr(uint32_t msr, uint64_t value)
{
	const bool address = msr == 0xc0000082 || msr == 0xc0000083 || msr == 0xc0000102;
	uint64_t *at = msr_of(msr);

	if ((msr == 0xc0000084 || msr == 0xc0000103) && value >> 32)
		abort();
	if (!at || (address && !swvmx_canonical(&swvmx.cpu, value)))
		abort();
	*at = value;
}

void vtx_wrmsrs(const uint32_t *msrs, const uint64_t *values, uint32_t which)
{
	for (; which; which &= which - 1)
		vtx_wrmsr(msrs[__builtin_ctz(which)], values[__builtin_ctz(which)]);
}

/* As if some had been switched on later than the first, and some sooner. */
int64_t vtx_tsc_lag(void)
{
	const int64_t apart = 1000ll * swvmx.now;

	return swvmx.now & 1 ? apart : -apart;
}

uint64_t vtx_rdtsc(void)
{
	swvmx.tsc += 7;
	return swvmx.tsc - (uint64_t)vtx_tsc_lag();
}

void vtx_debug_save(uint64_t dr[4], uint64_t *dr6)
{
	memcpy(dr, swvmx_current()->dr, sizeof(swvmx_current()->dr));
	*dr6 = swvmx_current()->dr6;
}

/* MOV to DR6 with a bit of its upper half is #GP. */
void vtx_debug_load(const uint64_t dr[4], uint64_t dr6)
{
	if (dr6 >> 32)
		abort();
	memcpy(swvmx_current()->dr, dr, sizeof(swvmx_current()->dr));
	swvmx_current()->dr6 = dr6;
}
