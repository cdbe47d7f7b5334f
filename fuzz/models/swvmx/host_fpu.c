/* XCR0, and what each pCPU holds of the FPU: a number a component. */
#include "fuzz/models/swvmx/swvmx.h"
#include <stdlib.h>
#include <string.h>

uint64_t swvmx_components(void)
{
	return swvmx.cpu.xsave ? 0xe7 : 0;
}

bool swvmx_xcr0_is_valid(uint64_t value)
{
	const bool avx = value & 4;

	if ((value & ~swvmx_components()) || !(value & 1) || (avx && !(value & 2)))
		return false;
	return (value >> 5 & 7) == 0 || ((value >> 5 & 7) == 7 && avx);
}

void vtx_xsetbv(uint64_t xcr0)
{
	if (!swvmx_xcr0_is_valid(xcr0))
		abort();
	swvmx_current()->xcr0 = xcr0;
}

/* FXSAVE's two without XSAVE; else what is not in XCR0 would be left out. */
static uint64_t reached(uint64_t components)
{
	if (!components)
		return 3;
	if (!swvmx_components() || (components & ~swvmx_current()->xcr0))
		abort();
	return components;
}

void vtx_fpu_init(void *area)
{
	memset(area, 0, sizeof(swvmx_current()->fpu));
}

void vtx_fpu_save(void *area, uint64_t components)
{
	uint64_t *to = area;

	components = reached(components);
	for (unsigned i = 0; i < SWVMX_COMPONENTS; i++)
		if (components >> i & 1)
			to[i] = swvmx_current()->fpu[i];
}

void vtx_fpu_restore(const void *area, uint64_t components)
{
	const uint64_t *from = area;

	components = reached(components);
	for (unsigned i = 0; i < SWVMX_COMPONENTS; i++)
		if (components >> i & 1)
			swvmx_current()->fpu[i] = from[i];
}

void vtx_fpu_clear(uint64_t components)
{
	if (!components || (components & 3))
		abort();
	components = reached(components);
	for (unsigned i = 0; i < SWVMX_COMPONENTS; i++)
		if (components >> i & 1)
			swvmx_current()->fpu[i] = 0;
}
