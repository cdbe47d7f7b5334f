/*
 * The VMX instructions as functions: arch/x86 has them for the processor, the host-side model
 * (fuzz/) for tests and fuzzers, chosen at link time. Nothing else in vtx/ touches a processor.
 *
 * Each returns how the instruction ended (SDM 3D, 31.2). VMREAD and VMWRITE of fields that exist
 * cannot fail on a processor that keeps its word; where one does, `vtx_vmread` gives 0.
 */
#ifndef VTX_VTX_OPS_H
#define VTX_VTX_OPS_H

#include "lib/types.h"
#include "vtx/vmcs.h"

enum vmx_result {
	VMX_OK,
	VMX_FAIL_INVALID, /* CF: no current VMCS */
	VMX_FAIL_VALID,   /* ZF: INSTRUCTION_ERROR says why */
};

enum vmx_result vtx_vmxon(struct hpa region);
enum vmx_result vtx_vmxoff(void);
enum vmx_result vtx_vmclear(struct hpa vmcs);
enum vmx_result vtx_vmptrld(struct hpa vmcs);
uint64_t vtx_vmread(enum vmcs_field field);
enum vmx_result vtx_vmwrite(enum vmcs_field field, uint64_t value);

/* INVEPT and INVVPID types, SDM 31.3. */
enum vtx_invept { INVEPT_SINGLE = 1, INVEPT_ALL = 2 };
enum vtx_invvpid {
	INVVPID_ADDRESS = 0,
	INVVPID_SINGLE = 1,
	INVVPID_ALL = 2,
	INVVPID_SINGLE_KEEP_GLOBAL = 3,
};
enum vmx_result vtx_invept(enum vtx_invept type, uint64_t eptp);
enum vmx_result vtx_invvpid(enum vtx_invvpid type, uint16_t vpid, uint64_t address);

/*
 * The guest's general registers while it does not run, in the order of the processor's encoding;
 * RSP's place is unused (the VMCS has it). `launched`: VMRESUME instead of VMLAUNCH.
 */
enum gpr { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, GPRS };
struct vtx_registers {
	uint64_t gpr[GPRS];
	uint64_t cr2;
};
/*
 * Enter the guest of the current VMCS and come back at its exit, with every register that the guest
 * could have written loaded with ours. Interrupts are off; HOST_RSP and HOST_RIP are set by this.
 * Anything but VMX_OK: the guest was not entered.
 */
enum vmx_result vtx_enter(struct vtx_registers *registers, bool launched);

#endif
