/*
 * A guest's x87, SSE and extended state, and its XCR0. The registers are the guest's while its vCPU
 * is loaded and not aside; else they hold nothing of it beyond SSE, and XCR0 is the host's. For
 * vtx/ alone, but guest_fpu_power_on().
 */
#ifndef VTX_GUEST_FPU_H
#define VTX_GUEST_FPU_H

#include "vtx/vcpu.h"

/* XCR0 and all state as after power-up; INIT leaves both (SDM 3A, table 10-1). Not loaded, or
 * aside. */
void guest_fpu_power_on(struct vcpu *vcpu);
void guest_fpu_load(struct vcpu *vcpu);
void guest_fpu_unload(struct vcpu *vcpu);
/* CR4.OSXSAVE is what it is now. */
void guest_fpu_set_osxsave(struct vcpu *vcpu, bool osxsave);
/* XSETBV of XCR0. False: #GP. */
bool guest_fpu_set_xcr0(struct vcpu *vcpu, uint64_t value);

#endif
