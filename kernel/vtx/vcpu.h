/*
 * One virtual processor: its VMCS, its registers, and the loop that runs it until something has to
 * be done elsewhere. Pure over vtx_ops. All calls but vcpu_init(), vcpu_reset() and vcpu_kick's
 * flag are made on one pCPU with interrupts off, between vcpu_load() and vcpu_unload().
 */
#ifndef VTX_VCPU_H
#define VTX_VCPU_H

#include "lib/types.h"
#include "vtx/capabilities.h"
#include "vtx/cpuid_policy.h"
#include "vtx/ept.h"
#include "vtx/guest_clock.h"
#include "vtx/inject.h"
#include "vtx/vtx_ops.h"
#include <vmkapi/status.h>

#define VTX_CPUS_MAX 1024u

/* What all vCPUs of a VM share. Its owner fills it in before the first vcpu_init(). */
struct vtx_vm {
	const struct vtx_controls *controls;
	struct ept ept;
	struct cpuid_policy cpuid;
	struct guest_clock clock; /* scaled only if PROC2_TSC_SCALING is settled on */
	struct hpa msr_bitmap;    /* 4 KiB, filled by msr_bitmap_fill() */
	struct hpa io_bitmap;     /* of vcpu_io_bitmap */
	/* Copies guest memory; false where there is none. */
	bool (*read_guest)(struct vtx_vm *vm, struct gpa gpa, void *to, size_t bytes);
	/* The guest touched this, or fetched from it: it is mapped now; false: it is no memory, or
	 * that takes its time. NULL: nobody maps in place. */
	bool (*touch)(struct vtx_vm *vm, struct gpa gpa, bool fetch);
	uint64_t seen[VTX_CPUS_MAX]; /* the EPT generation for which a pCPU has run INVEPT */
};

/* Both I/O bitmaps of every VM (SDM 25.6.4): a bit for each of 8000H ports, 1 = it exits. */
extern const uint8_t vcpu_io_bitmap[4096];

/* The interrupt controller of a vCPU; in-kernel (vlapic.h) or none. */
struct vcpu_apic_ops {
	/* The vector that would be delivered now, INJECT_ASK if that is not known yet, or -1. */
	int (*pending)(void *apic);
	/* It is delivered. */
	void (*accept)(void *apic, uint8_t vector);
	/* MSRs 0x1b, 0x6e0 and 0x800 to 0x8ff. False: #GP. */
	bool (*read_msr)(void *apic, uint32_t msr, uint64_t *value);
	bool (*write_msr)(void *apic, uint32_t msr, uint64_t value);
	/* The task priority, as in CR8. */
	uint8_t (*tpr)(void *apic);
	void (*set_tpr)(void *apic, uint8_t cr8);
	/* The guest has moved its TSC forward by so much (modulo 2^64). NULL: it has no timer. */
	void (*tsc_moved)(void *apic, uint64_t by);
};

/* Why vcpu_run() came back. */
enum vcpu_stop {
	VCPU_STOP_HOST, /* the host wants the pCPU, or the guest's timer has moved: call again when
			   it is your turn */
	VCPU_STOP_HALT, /* HLT: until an event is pending */
	VCPU_STOP_IO,   /* vcpu->request: a port; then vcpu_complete() */
	VCPU_STOP_MEMORY, /* vcpu->request.gpa: not mapped, or not so; map it and call again, or
			     emulate */
	VCPU_STOP_ACKNOWLEDGE, /* the controller's INJECT_ASK would be delivered now: find out */
	VCPU_STOP_SHUTDOWN,    /* triple fault: what a board answers with a reset */
	VCPU_STOP_FAILED,      /* vcpu_report() says what; only vcpu_reset() may follow */
};

struct vcpu_request {
	bool write, string, rep;
	uint8_t bytes; /* of one access: 1, 2, 4 */
	uint16_t port;
	uint32_t value;  /* VCPU_STOP_IO without `string`: what is written */
	struct gpa gpa;  /* VCPU_STOP_MEMORY */
	uint64_t linear; /* and its linear address, if linear_valid */
	bool linear_valid, fetch;
};

/* X(symbol, name): what is counted for each vCPU. */
#define VCPU_COUNTERS(X)                       \
	X(COUNT_ENTRIES, "entries")            \
	X(COUNT_INTERRUPTS, "host interrupts") \
	X(COUNT_INJECTED, "events injected")   \
	X(COUNT_INVEPT, "INVEPT")              \
	X(COUNT_INVVPID, "INVVPID")            \
	X(COUNT_UNKNOWN_MSR, "unknown MSRs")   \
	X(COUNT_VMREAD, "VMREADs")             \
	X(COUNT_VMWRITE, "VMWRITEs")
enum vcpu_counter {
#define X(symbol, name) symbol,
	VCPU_COUNTERS(X)
#undef X
		VCPU_COUNTERS_COUNT
};

struct vcpu {
	struct vtx_registers registers; /* first: arch/x86/vmx.S */
	struct vtx_vm *vm;
	const struct vcpu_apic_ops *apic_ops;
	void *apic;
	uint32_t index; /* within the VM; also its APIC id */
	uint16_t vpid;  /* 0: not used */
	bool launched, failed, debug_registers;
	bool aside;        /* loaded, but the host has its MSRs and debug registers back */
	bool host_written; /* `host` is what the VMCS says of the host */
	int32_t pcpu;      /* that has the VMCS, -1: none */
	int32_t last_pcpu; /* that had it last: it was told of every change of the guest's tables */
	struct hpa vmcs;
	struct injector injector;
	uint32_t proc_controls, entry_controls;
	struct vcpu_request request;
	uint32_t exit_reason;      /* of the last exit */
	struct vtx_counts counted; /* when it was loaded */
	struct vtx_host host;
	/* MSRs that are switched with the vCPU, and what is emulated. */
	uint64_t switched[8], host_switched[8];
	uint8_t differing;   /* a bit for each where guest and host have other values */
	uint64_t tsc_offset; /* what the VMCS has */
	uint64_t tsc_lag;    /* of the pCPU it is loaded on, in the guest's ticks */
	uint64_t tsc_adjust; /* IA32_TSC_ADJUST; INIT leaves it */
	uint64_t misc_enable, mtrr_default, mtrr[16 + 11];
	uint64_t dr[4], dr6; /* while others have the pCPU */
	bool breakpoints;    /* that DR7 sets: dr[] comes with each turn */
	/* guest_fpu.h: what is in `fpu`, the guest's XCR0 and, while it has the pCPU, the real one.
	 */
	void *fpu;
	uint64_t components, xcr0, real_xcr0;
	bool osxsave; /* CR4.OSXSAVE */
	uint64_t exits[VTX_EXIT_COUNT], counters[VCPU_COUNTERS_COUNT];
};

/*
 * `vmcs` is a frame of the VM's, zeroed but for the revision at its beginning; `vpid` is this
 * vCPU's alone on the machine, or 0; `fpu` has cpuid_xsave_bytes() zeroed bytes, aligned to 64, and
 * outlives the vCPU. The vCPU is in reset state (SDM 3A, table 9-1) then.
 */
void vcpu_init(struct vcpu *vcpu, struct vtx_vm *vm, uint32_t index, uint16_t vpid, struct hpa vmcs,
	void *fpu);
/* What INIT leaves alone is as after power-up (SDM 3A, table 9-1); not loaded, or aside. */
void vcpu_power_on(struct vcpu *vcpu);
/* Makes it this pCPU's. The VMCS is on no other pCPU: vcpu_unload() ran there. */
enum vmk_status vcpu_load(struct vcpu *vcpu, unsigned pcpu);
/*
 * The host's MSRs and debug registers are back, so that ring 3 can run on this pCPU, but the VMCS
 * stays: no other vCPU may be loaded here until vcpu_take_up() or vcpu_unload().
 */
void vcpu_set_aside(struct vcpu *vcpu);
/* On the same pCPU: the guest's MSRs again. */
void vcpu_take_up(struct vcpu *vcpu);
/* Takes it away, aside or not: VMCLEAR, the host's MSRs and debug registers are back. */
void vcpu_unload(struct vcpu *vcpu);
static inline bool vcpu_is_loaded(const struct vcpu *vcpu)
{
	return vcpu->pcpu >= 0;
}
/* Reset state, on the pCPU that it is loaded on. */
void vcpu_reset(struct vcpu *vcpu);
/* Where a payload begins. Real-mode segments follow from cs. */
void vcpu_set_real_entry(struct vcpu *vcpu, uint16_t cs, uint16_t ip);
/* 32-bit protected mode, flat, paging off: Multiboot, PVH. */
void vcpu_set_flat_entry(struct vcpu *vcpu, uint32_t eip);
/* 64-bit mode, flat, with these page tables: Linux' 64-bit entry. */
void vcpu_set_long_entry(
	struct vcpu *vcpu, uint64_t rip, uint64_t cr3, struct gpa gdt, uint16_t limit);

/*
 * Runs the guest until it stops or *leave is not 0 (set by an interrupt of the host). `ticks` of
 * the TSC is the longest time in the guest.
 */
enum vcpu_stop vcpu_run(struct vcpu *vcpu, const volatile uint32_t *leave, uint64_t ticks);
/* After VCPU_STOP_IO that read: the guest's register gets the value, and the instruction is done.
 */
void vcpu_complete(struct vcpu *vcpu, uint32_t value);
/* The guest's TSC now; interrupts are off, or the thread stays where it is. */
uint64_t vcpu_tsc(const struct vcpu *vcpu);
/* Skips the current instruction, and the same where the exit does not tell its length. */
void vcpu_skip(struct vcpu *vcpu);
void vcpu_advance(struct vcpu *vcpu, uint64_t bytes);
/* A report for people: why it stopped, with all of the guest's state; loaded vCPUs only. Lines go
 * to `line` one by one. */
void vcpu_report(struct vcpu *vcpu, void (*line)(void *context, const char *text), void *context);
const char *vcpu_counter_name(enum vcpu_counter counter);

#endif
