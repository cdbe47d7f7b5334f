/*
 * A guest's MSRs: which it may touch without an exit, which are switched with it, which are
 * emulated; everything else does not exist. One table. Pure over vtx_ops.
 */
#ifndef VTX_GUEST_MSR_H
#define VTX_GUEST_MSR_H

#include "lib/types.h"

struct vcpu;
struct vtx_controls;

/* The 4 KiB MSR bitmap (SDM 25.6.9) of a VM: 1 = exit, for everything that is not in the table. */
void msr_bitmap_fill(uint8_t bitmap[4096], const struct vtx_controls *controls);

void guest_msr_reset(struct vcpu *vcpu);
/* The switched ones as after power-up (SDM 3A, table 9-1); not loaded, or aside. */
void guest_msr_power_on(struct vcpu *vcpu);
/* The guest's switched MSRs into the processor, and back; and once more, where the host's are the
 * same as at the last load. */
void guest_msr_load(struct vcpu *vcpu);
void guest_msr_unload(struct vcpu *vcpu);
void guest_msr_reload(struct vcpu *vcpu);
/* RDMSR and WRMSR that exited. False: the guest gets #GP. */
bool guest_msr_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value);
bool guest_msr_write(struct vcpu *vcpu, uint32_t msr, uint64_t value);
/* A write may move what the guest's timer is due at, or the clock that it goes by. */
bool guest_msr_is_of_time(uint32_t msr);

#endif
