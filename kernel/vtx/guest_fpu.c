#include "vtx/guest_fpu.h"

/* While a guest has not set CR4.OSXSAVE it neither sees XCR0 nor depends on it, and the host's
 * spares two changes of it each turn. */
static uint64_t wanted(const struct vcpu *v)
{
	return v->osxsave ? v->xcr0 : XCR0_HOST;
}

static void set_real(struct vcpu *v, uint64_t xcr0)
{
	if (!v->components || v->real_xcr0 == xcr0)
		return;
	v->real_xcr0 = xcr0;
	vtx_xsetbv(xcr0);
}

void guest_fpu_power_on(struct vcpu *v)
{
	const bool xsave = v->vm->cpuid.xcr0;

	v->xcr0 = XCR0_X87;
	v->real_xcr0 = XCR0_HOST;
	v->components = xsave ? XCR0_HOST : 0;
	vtx_fpu_init(v->fpu);
}

void guest_fpu_load(struct vcpu *v)
{
	set_real(v, v->components);
	vtx_fpu_restore(v->fpu, v->components);
	set_real(v, wanted(v));
}

void guest_fpu_unload(struct vcpu *v)
{
	set_real(v, v->components);
	vtx_fpu_save(v->fpu, v->components);
	if (v->components & ~XCR0_HOST)
		vtx_fpu_clear(v->components & ~XCR0_HOST);
	set_real(v, XCR0_HOST);
}

void guest_fpu_set_osxsave(struct vcpu *v, bool osxsave)
{
	v->osxsave = osxsave;
	set_real(v, wanted(v));
}

/* SDM 1, 13.3. */
static bool is_valid(uint64_t value, uint64_t allowed)
{
	if ((value & ~allowed) || !(value & XCR0_X87))
		return false;
	if ((value & XCR0_AVX) && !(value & XCR0_SSE))
		return false;
	if (!(value & XCR0_AVX512))
		return true;
	return (value & XCR0_AVX512) == XCR0_AVX512 && (value & XCR0_AVX);
}

bool guest_fpu_set_xcr0(struct vcpu *v, uint64_t value)
{
	if (!is_valid(value, v->vm->cpuid.xcr0))
		return false;
	v->xcr0 = value;
	/* What it switches off again keeps its contents. */
	v->components |= value;
	set_real(v, wanted(v));
	return true;
}
