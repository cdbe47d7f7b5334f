/* What the parts of the exit handling share; for vtx/ alone. */
#ifndef VTX_VCPU_EXITS_H
#define VTX_VCPU_EXITS_H

#include "vtx/vcpu.h"

/*
 * Exceptions that exit: #DB and #AC, which a guest can make come for ever during their own delivery
 * (CVE-2015-5307, CVE-2015-8104), and #MC, which is the host's.
 */
#define VCPU_EXCEPTIONS (1u << EXCEPTION_DB | 1u << EXCEPTION_AC | 1u << EXCEPTION_MC)

/* How a handler ends: the guest goes on, or vcpu_run() returns. */
enum vcpu_next { NEXT_ENTER = -1, NEXT_STOP_BASE = 0 };

/* Control registers: shadow and real value, as VMX wants them. */
uint64_t vcpu_cr0_mask(const struct vcpu *v);
uint64_t vcpu_cr4_mask(const struct vcpu *v);
void vcpu_set_cr0(struct vcpu *v, uint64_t value);
void vcpu_set_cr4(struct vcpu *v, uint64_t value);
void vcpu_set_efer(struct vcpu *v, uint64_t value);
uint64_t vcpu_cr0(const struct vcpu *v); /* as the guest sees it */
uint64_t vcpu_cr4(const struct vcpu *v);
/* DR6 after reset (SDM 3A, table 9-1), and its bits that are always 1. */
#define VCPU_DR6_RESET 0xffff0ff0u
/*
 * The pCPU has the guest's debug registers from here on, and none of them any more. VM entry loads
 * DR7 but not the addresses: where the guest has set breakpoints, they come with it
 * (vcpu->breakpoints), or it would be told where others have set theirs.
 */
void vcpu_debug_load(struct vcpu *v);
void vcpu_debug_put_away(struct vcpu *v);
static inline void vcpu_debug_unload(struct vcpu *v)
{
	if (v->debug_registers)
		vcpu_debug_put_away(v); /* seldom, and each exit to ring 3 comes by */
}
/* Forget the translations of this vCPU's own tables on this pCPU. */
void vcpu_flush(struct vcpu *v);

/* The guest gets a fault for its current instruction. NEXT_ENTER, or VCPU_STOP_SHUTDOWN. */
int vcpu_fault(struct vcpu *v, enum exception vector, uint32_t error);
/* A general register as operand; RSP lives in the VMCS. */
uint64_t vcpu_gpr(const struct vcpu *v, unsigned number);
void vcpu_set_gpr(struct vcpu *v, unsigned number, uint64_t value);

int exit_cr_access(struct vcpu *v);
int exit_mov_dr(struct vcpu *v);
int exit_xsetbv(struct vcpu *v);
int exit_io(struct vcpu *v);
int exit_ept(struct vcpu *v);
int exit_cpuid(struct vcpu *v);
int exit_rdmsr(struct vcpu *v);
int exit_wrmsr(struct vcpu *v);
int exit_exception(struct vcpu *v);

#endif
