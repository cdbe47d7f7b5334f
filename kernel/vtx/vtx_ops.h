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

/* How often this pCPU has executed them, without the VMWRITEs of vtx_enter(). */
struct vtx_counts {
	uint64_t vmreads, vmwrites;
	uint8_t entry_vmwrites; /* of each */
};
struct vtx_counts vtx_counts(void);

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

/* --- the host around the guest --- */

/* What the VMCS says of the host (SDM 3C, 25.5): this pCPU, now. */
struct vtx_host {
	uint64_t cr0, cr3, cr4, efer, pat, rip;
	uint64_t fs_base, gs_base, tr_base, gdtr_base, idtr_base;
	uint64_t sysenter_esp, sysenter_eip, s_cet, ssp_table;
	uint32_t sysenter_cs;
	uint16_t cs, ss, ds, es, fs, gs, tr;
};
void vtx_host_state(struct vtx_host *host);
/* An exit leaves the limits of GDT and IDT at 64 KiB (SDM 28.5.2): put them back. */
void vtx_host_tables(void);
/* Let the host take the interrupts that wait, and come back with interrupts off. */
void vtx_host_interrupts(void);
/* The NMI or machine check that ended the guest's turn was the host's. */
void vtx_host_nmi(void);
void vtx_host_machine_check(void);

/* MSRs that every processor with VMX has; never fails. */
uint64_t vtx_rdmsr(uint32_t msr);
void vtx_wrmsr(uint32_t msr, uint64_t value);
/* Those of a list whose bits are in `which`. */
void vtx_wrmsrs(const uint32_t *msrs, const uint64_t *values, uint32_t which);
uint64_t vtx_rdtsc(void);
/* What this pCPU's TSC lags behind the first one's; below 0: it is ahead. */
int64_t vtx_tsc_lag(void);
/*
 * x87, SSE and what lies beyond (SDM 1, 13). `components` are bits of XCR0, all of them set there;
 * 0 stands for a processor without XSAVE, and for x87 and SSE. An area is aligned to 64 bytes, as
 * large as CPUID says, and no longer one once anything but these has written to it.
 */
#define XCR0_X87    (1ull << 0)
#define XCR0_SSE    (1ull << 1)
#define XCR0_AVX    (1ull << 2)
#define XCR0_AVX512 (7ull << 5)
/* What a host has of it (ring 3 has no more), and what a guest may have. */
#define XCR0_HOST  (XCR0_X87 | XCR0_SSE)
#define XCR0_GUEST (XCR0_HOST | XCR0_AVX | XCR0_AVX512)
/* With both parts of the area that every processor has: SDM 1, 13.4.1, 13.4.2. */
#define XSAVE_BYTES_MIN 576u
void vtx_xsetbv(uint64_t xcr0);
/* As after power-up. */
void vtx_fpu_init(void *area);
void vtx_fpu_save(void *area, uint64_t components);
void vtx_fpu_restore(const void *area, uint64_t components);
/* The registers of these get their initial values; none of XCR0_HOST. */
void vtx_fpu_clear(uint64_t components);
/* DR0 to DR3 and DR6. */
void vtx_debug_save(uint64_t dr[4], uint64_t *dr6);
void vtx_debug_load(const uint64_t dr[4], uint64_t dr6);

#endif
