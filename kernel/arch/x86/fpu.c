/* x87 and SSE for ring 3, and what guests have beyond them: vtx_fpu_*() of vtx/vtx_ops.h. */
#include "arch/x86/fpu.h"
#include "arch/x86/cpu.h"
#include "arch/x86/features.h"
#include "vtx/vtx_ops.h"
#include <string.h>

#define CR0_MP         0x2ull
#define CR0_EM         0x4ull
#define CR0_TS         0x8ull
#define CR0_NE         0x20ull
#define CR4_OSFXSR     0x200ull
#define CR4_OSXMMEXCPT 0x400ull

/* FXSAVE layout: SDM 1, table 10-2. Reset values: SDM 1, 8.1.5 and 10.2.3. */
#define FCW_OFFSET   0
#define MXCSR_OFFSET 24
#define FCW_RESET    0x037f
#define MXCSR_RESET  0x1f80

#define XSAVE_LEAF   0xdu

/* A header of zeros: every component is in its initial state (SDM 1, 13.4.2). */
struct xsave_area {
	struct fpu_state legacy;
	uint64_t header[8];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct xsave_area) == XSAVE_BYTES_MIN, "SDM 1, 13.4.2");

/* What firmware or a launcher left in registers that ring 3 does not reach. */
static void forget_former_owner(void)
{
	uint32_t r[4];
	uint64_t all;

	cpuid(XSAVE_LEAF, 0, r);
	all = r[CPUID_EAX] & XCR0_GUEST;
	vtx_xsetbv(all);
	if (all & ~XCR0_HOST)
		vtx_fpu_clear(all & ~XCR0_HOST);
	vtx_xsetbv(XCR0_HOST);
}

void fpu_init_cpu(void)
{
	write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	if (cpu_has(CPU_XSAVE))
		forget_former_owner();
}

void fpu_state_init(struct fpu_state *state)
{
	uint16_t fcw = FCW_RESET;
	uint32_t mxcsr = MXCSR_RESET;

	memset(state, 0, sizeof(*state));
	memcpy(state->area + FCW_OFFSET, &fcw, sizeof(fcw));
	memcpy(state->area + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
}

/* --- guests */

void vtx_xsetbv(uint64_t xcr0)
{
	__asm__ volatile("xsetbv" : : "a"((uint32_t)xcr0), "d"((uint32_t)(xcr0 >> 32)), "c"(0));
}

void vtx_fpu_init(void *area)
{
	struct xsave_area *x = area;

	fpu_state_init(&x->legacy);
	memset(x->header, 0, sizeof(x->header));
}

static void xrstor(const void *area, uint64_t components)
{
	__asm__ volatile("xrstor64 (%0)"
		:
		: "r"(area), "a"((uint32_t)components), "d"((uint32_t)(components >> 32))
		: "memory");
}

void vtx_fpu_save(void *area, uint64_t components)
{
	const uint32_t low = (uint32_t)components, high = (uint32_t)(components >> 32);

	if (!components)
		fpu_save(area);
	else if (cpu_has(CPU_XSAVEOPT))
		__asm__ volatile("xsaveopt64 (%0)" : : "r"(area), "a"(low), "d"(high) : "memory");
	else
		__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(low), "d"(high) : "memory");
}

void vtx_fpu_restore(const void *area, uint64_t components)
{
	if (components)
		xrstor(area, components);
	else
		fpu_restore(area);
}

void vtx_fpu_clear(uint64_t components)
{
	static const struct xsave_area initial = {
		.legacy.area = {[MXCSR_OFFSET] = MXCSR_RESET & 0xff, MXCSR_RESET >> 8}};

	xrstor(&initial, components);
}
