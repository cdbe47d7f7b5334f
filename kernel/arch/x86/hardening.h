/*
 * What stands in an attacker's way, each as a rule that can be looked at while the kernel runs: the
 * rows of `vmk selftest hardening`. Pure; hardening_cpu.c collects the facts.
 */
#ifndef ARCH_HARDENING_H
#define ARCH_HARDENING_H

#include "arch/x86/features.h"
#include "arch/x86/speculation.h"
#include "mem/audit.h"
#include "mem/gate.h"
#include "mem/heap.h"
#include "sched/world.h"
#include "vmkvm/vm.h"
#include <vmkuser/info.h>

/* X(symbol, name, rule) */
#define HARDENING_RULES(X)                                                                         \
	X(HARDENING_WX, "wx", "no page is both writable and executable")                           \
	X(HARDENING_HALVES, "halves", "ring 3 reaches no page of the kernel's half")               \
	X(HARDENING_PRIVATE, "private",                                                            \
		"ring 0 maps no frame of a user world, and the direct map none of a VM or driver") \
	X(HARDENING_ALIASES, "text-alias", "what executes is writable in no address space")        \
	X(HARDENING_ISOLATION, "isolation",                                                        \
		"ring 3's page tables hold of ring 0 the way in alone, or the CPU keeps it apart") \
	X(HARDENING_GUESTS, "guests", "a guest reaches its own memory and nothing else (EPT)")     \
	X(HARDENING_NULL, "null-page", "nothing is mapped at address 0")                           \
	X(HARDENING_GUARDS, "guards", "unmapped pages surround stacks and large allocations")      \
	X(HARDENING_FREED, "freed", "frames that somebody gave back hold nothing of his")          \
	X(HARDENING_PLACEMENT, "placement",                                                        \
		"regions lie at random places, and none tells where another is")                   \
	X(HARDENING_SEALED, "sealed", "what only start-up writes is read-only")                    \
	X(HARDENING_WP, "write-protect", "ring 0 heeds read-only pages (CR0.WP)")                  \
	X(HARDENING_NX, "nx", "data does not execute (EFER.NXE)")                                  \
	X(HARDENING_SMEP, "smep", "ring 0 runs no page of ring 3 (CR4.SMEP)")                      \
	X(HARDENING_SMAP, "smap", "ring 0 reads ring 3's pages only where it means to (CR4.SMAP)") \
	X(HARDENING_UMIP, "umip", "ring 3 cannot read descriptor tables' addresses (CR4.UMIP)")    \
	X(HARDENING_IBT, "ibt", "indirect branches of ring 0 land on ENDBR64 (S_CET)")             \
	X(HARDENING_USER_IBT, "user-ibt", "indirect branches of ring 3 land on ENDBR64 (U_CET)")   \
	X(HARDENING_SHADOW, "shadow-stack",                                                        \
		"returns of ring 3 go where their calls came from (U_CET)")                        \
	X(HARDENING_KERNEL_SHADOW, "kernel-shadow",                                                \
		"returns of ring 0 go where their calls came from (S_CET)")                        \
	X(HARDENING_PKU, "pku", "ring 3 executes its code but does not read it (CR4.PKE)")         \
	X(HARDENING_LASS, "lass", "no ring probes the other's half (CR4.LASS)")                    \
	X(HARDENING_PKS, "pks", "ring 0's pages have one key, and no other has rights (CR4.PKS)")  \
	X(HARDENING_ENTROPY, "entropy", "addresses and keys come from RDSEED or RDRAND")           \
	X(HARDENING_HEAP, "heap",                                                                  \
		"no heap object was written beyond its ends or after it was freed")                \
	X(HARDENING_HEAP_ORDER, "heap-order", "nobody can tell which heap object comes next")      \
	X(HARDENING_GS, "gs-base", "ring 3 cannot write GS.base (CR4.FSGSBASE off)")               \
	X(HARDENING_CANARY, "canary", "each world has a random stack canary of its own")           \
	X(HARDENING_CODE, "code",                                                                  \
		"calls check the type of what they reach, and nothing runs on behind a return")    \
	X(HARDENING_SPECULATION, "speculation", "IA32_SPEC_CTRL is as was decided")                \
	X(HARDENING_THREADS, "threads", "no core runs two threads where they could read each other")

enum hardening_rule {
#define X(symbol, name, rule) symbol,
	HARDENING_RULES(X)
#undef X
		HARDENING_RULE_COUNT
};

/* What the compiler was to put into a function of the VMkernel, and whether it is there. */
struct hardening_code {
	bool typed;   /* the type for callers in front of it (kCFI); where the compiler has that */
	bool landing; /* ENDBR64 at its start */
	bool stopped; /* INT3 behind its return */
	bool has_types;
};
/* Of the function at `start`, with HARDENING_CODE_BEFORE bytes before it. */
#define HARDENING_CODE_BEFORE 5u
void hardening_read_code(
	const uint8_t *start, size_t bytes, bool has_types, struct hardening_code *code);

struct hardening_facts {
	bool has[CPU_FEATURE_COUNT];
	uint64_t cr0, cr4, efer;
	uint64_t s_cet;     /* 0 where there is no CET */
	uint64_t u_cet;     /* what worlds in ring 3 start with */
	uint64_t spec_ctrl; /* 0 where it is not written */
	struct world_canaries canaries;
	bool sealed;
	bool hardware_entropy;
	struct audit_result audit;
	struct audit_guards guards;
	struct audit_frames frames;
	struct vm_audit guests;
	struct audit_free freed;
	struct audit_places places;
	struct heap_audit heap;
	struct heap_order heap_order;
	struct hardening_code code;
	struct gate_audit gate;
	struct speculation_plan speculation;
	unsigned sharing; /* CPUs that have another one on their core */
};

/* The text of VMK_EV_CPU (vmkapi/events.h). */
void hardening_describe_cpu(const struct hardening_facts *facts, char *to, size_t size);
/* Row `rule`: everything but the head. */
void hardening_describe(const struct hardening_facts *facts, enum hardening_rule rule,
	struct vmk_info_hardening *row);

#endif
