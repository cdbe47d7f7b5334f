/*
 * Processors with VMX, as a model on the host behind kernel/vtx/vtx_ops.h: several pCPUs over a
 * small physical memory, the VMCS state machine (SDM 3C, 25.1, 25.11), VM entry with every check,
 * exits that a chooser decides, and what a processor remembers of translations. It aborts where
 * software breaks a rule that no result code tells, also at an entry with a translation that is
 * stale, whether the guest uses it or not.
 */
#ifndef FUZZ_SWVMX_H
#define FUZZ_SWVMX_H

#include "fuzz/models/swvmx/checks.h"
#include "fuzz/models/swvmx/cpu_models.h"
#include "vtx/vtx_ops.h"

#define SWVMX_PCPUS  4u
#define SWVMX_VMCSES 8u
#define SWVMX_FRAMES 64u
#define SWVMX_BASE   0x100000ull /* of physical memory */
#define SWVMX_VPIDS  16u
#define SWVMX_TLB    16u
/* Of XCR0: x87, SSE, AVX, none, none, the three of AVX-512. */
#define SWVMX_COMPONENTS 8u

/* VM-instruction errors, SDM table 31-1. */
enum swvmx_error {
	SWVMX_VMCLEAR_ADDRESS = 2,
	SWVMX_VMCLEAR_VMXON = 3,
	SWVMX_LAUNCH_NOT_CLEAR = 4,
	SWVMX_RESUME_NOT_LAUNCHED = 5,
	SWVMX_CONTROLS = 7,
	SWVMX_HOST = 8,
	SWVMX_VMPTRLD_ADDRESS = 9,
	SWVMX_VMPTRLD_VMXON = 10,
	SWVMX_VMPTRLD_REVISION = 11,
	SWVMX_NO_FIELD = 12,
	SWVMX_READ_ONLY = 13,
	SWVMX_ALREADY_ON = 15,
	SWVMX_BLOCKED_BY_MOV_SS = 26,
	SWVMX_INVALIDATE = 28,
};

struct swvmx_vmcs {
	struct hpa region; /* 0: this place is free */
	int pcpu;          /* where it is active, -1: nowhere */
	bool launched;
	uint8_t unchecked; /* enum swvmx_effect: what the last successful entry has not checked */
	uint64_t f[VMCS_FIELD_COUNT];
};

/* What a VMWRITE of a field does to what has been checked of its VMCS. */
enum swvmx_effect {
	SWVMX_CONTROLS_CHANGE = 1,
	SWVMX_HOST_CHANGES = 2,
	SWVMX_EVENT_CHANGES = 4, /* of the controls, the event alone */
	SWVMX_READ_ONLY_FIELD = 0x40,
	SWVMX_NO_SUCH_FIELD = 0x80, /* this processor does not have it */
};
#define SWVMX_ALL_UNCHECKED (SWVMX_CONTROLS_CHANGE | SWVMX_HOST_CHANGES)

struct swvmx_translation {
	uint64_t eptp, page, entry; /* entry 0: none */
};

struct swvmx_pcpu {
	bool vmxon;
	struct hpa region;
	struct swvmx_vmcs *current;
	uint64_t dr[4], dr6;
	uint64_t xcr0, fpu[SWVMX_COMPONENTS]; /* what each component holds; 0: initial */
	uint64_t star, lstar, cstar, fmask, kernel_gs_base, tsc_aux;
	struct vtx_counts counts;
	bool tables_short; /* GDT and IDT limits are as an exit leaves them */
	struct swvmx_translation tlb[SWVMX_TLB];
	uint16_t tlb_used;                  /* bit n: tlb[n] may be one */
	uint64_t linear_epoch[SWVMX_VPIDS]; /* of the linear translations held here; 0: none */
};

/* What happens in the guest. All may be NULL. */
struct swvmx_chooser {
	/* The entry has succeeded: let the guest run and leave an exit in the VMCS. */
	void (*run)(void *context, struct swvmx_vmcs *vmcs, struct vtx_registers *registers);
	/* Before the checks. */
	void (*entering)(void *context, struct swvmx_vmcs *vmcs, bool launched);
	void *context;
};

struct swvmx {
	struct swvmx_cpu cpu;
	/* enum swvmx_effect, by place: the first is none, then by enum vmcs_index. */
	uint8_t effect[VMCS_FIELD_COUNT + 1];
	unsigned now; /* the pCPU that executes */
	struct swvmx_pcpu pcpu[SWVMX_PCPUS];
	struct swvmx_vmcs vmcs[SWVMX_VMCSES];
	struct swvmx_chooser chooser;
	struct swvmx_failures failures; /* of the last VM entry */
	uint64_t tsc;
	uint64_t vpid_epoch[SWVMX_VPIDS]; /* of the guest's own tables now */
	unsigned entries, host_interrupts, host_nmis, machine_checks;
};

extern struct swvmx swvmx;
static inline struct swvmx_pcpu *swvmx_current(void)
{
	return &swvmx.pcpu[swvmx.now];
}
extern uint8_t swvmx_memory[SWVMX_FRAMES][4096];

/* What of the above this processor's XCR0 takes; 0: it has no XSAVE. */
uint64_t swvmx_components(void);
/* SDM 1, 13.3. */
bool swvmx_xcr0_is_valid(uint64_t value);
/* All pCPUs after power-up, VMX off. Memory keeps what it has. */
void swvmx_reset(enum swvmx_cpu_kind kind);
/* NULL outside of memory. */
static inline void *swvmx_at(struct hpa address)
{
	const uint64_t offset = address.v - SWVMX_BASE;

	return offset < sizeof(swvmx_memory) ? (uint8_t *)swvmx_memory + offset : NULL;
}
static inline struct hpa swvmx_frame(unsigned n)
{
	return hpa(SWVMX_BASE + 4096ull * n);
}
/* vtx_capability_read()'s reader. */
bool swvmx_read_capability(uint32_t msr, uint64_t *value);

/* The exit qualification of an entry that fails at a check of the guest's state (SDM 27.8). */
uint64_t swvmx_guest_qualification(enum swvmx_check check);
/* The list of MSRs to load at entry (SDM 27.4): the first entry that fails, from 1; 0: none. */
unsigned swvmx_check_list(const uint64_t *f, struct swvmx_failures *failures);
/* An exit in the current VMCS; the reason word, and what the SDM says happens at every exit. */
void swvmx_exit(struct swvmx_vmcs *vmcs, uint32_t reason, uint64_t qualification);
/* Does an access to ports exit? SDM 26.1.3; one past the last port does with bitmaps. */
bool swvmx_ports_exit(const struct swvmx_vmcs *vmcs, uint16_t port, unsigned bytes);
bool swvmx_all_ports_exit(const struct swvmx_vmcs *vmcs);
/*
 * The guest touches a page, as the processor would: over the cache of this pCPU, then over the real
 * tables. True with *to: what it reached. False: *qualification of the EPT violation. Aborts at a
 * misconfigured entry, which software must never make.
 */
bool swvmx_touch(struct swvmx_vmcs *vmcs, uint64_t gpa, uint64_t access, struct hpa *to,
	uint64_t *qualification);
/* Under which linear translations are kept: the VPID, or 0 without it. */
unsigned swvmx_vpid(const struct swvmx_vmcs *vmcs);
/* The guest uses a linear translation; aborts if this pCPU holds one older than its tables. */
void swvmx_touch_linear(struct swvmx_vmcs *vmcs);
/* The guest changed its tables and told this pCPU, as INVLPG or MOV to CR3 do. */
void swvmx_change_linear(struct swvmx_vmcs *vmcs);

#endif
