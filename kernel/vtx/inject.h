/*
 * Events for a guest: what has to be delivered at the next entry, and the windows to be asked for
 * while something cannot be (SDM 3C, 27.2.1.3, 27.6, 28.2.4, 28.4.3). Pure over vtx_ops; works on
 * the current VMCS.
 *
 * An event whose delivery an exit interrupted is delivered again before anything else. An exception
 * that came up meanwhile is combined with it as the processor would have (SDM 3A, table 6-5).
 */
#ifndef VTX_INJECT_H
#define VTX_INJECT_H

#include "lib/types.h"
#include "vtx/exits.h"

struct injector {
	uint32_t event;       /* for the next entry, as in ENTRY_EVENT; 0: none */
	uint32_t error;       /* its error code */
	uint32_t length;      /* of the instruction, for software events */
	uint32_t interrupted; /* external interrupt whose delivery an exception cut off; 0: none */
	bool nmi; /* one waits; a second one is lost, as with the processor's own latch */
	bool irq_window, nmi_window; /* as the VMCS has them now */
};

/* Exceptions, SDM 3A, table 6-1. */
enum exception {
	EXCEPTION_DE,
	EXCEPTION_DB,
	EXCEPTION_NMI,
	EXCEPTION_BP,
	EXCEPTION_OF,
	EXCEPTION_BR,
	EXCEPTION_UD,
	EXCEPTION_NM,
	EXCEPTION_DF,
	EXCEPTION_TS = 10,
	EXCEPTION_NP,
	EXCEPTION_SS,
	EXCEPTION_GP,
	EXCEPTION_PF,
	EXCEPTION_MF = 16,
	EXCEPTION_AC,
	EXCEPTION_MC,
	EXCEPTION_XM,
	EXCEPTION_VE,
	EXCEPTION_CP,
	EXCEPTIONS = 32,
};

/* Has this exception an error code in protected mode? */
bool exception_has_error(unsigned vector);

/* After every exit: keep what was being delivered. `reason` is the exit-reason word. */
void inject_after_exit(struct injector *injector, uint32_t reason);
/*
 * A fault for the guest's current instruction. `error` is used where the exception has one; the
 * guest is in protected mode then. False: a triple fault; nothing can be delivered any more.
 */
bool inject_exception(struct injector *injector, unsigned vector, uint32_t error);
/* The #DB of an INT1 that exited; as with any trap, the guest goes on behind the instruction. */
void inject_int1(struct injector *injector);
/* An NMI, when the guest takes it. */
void inject_nmi(struct injector *injector);
/*
 * Before every entry: write the event into the VMCS, or open the windows that tell when it can be.
 * `irq` is the vector that the guest's interrupt controller offers, INJECT_ASK where it has yet to
 * be asked for, or -1. True: it was taken, and the controller has to move it into service; or with
 * INJECT_ASK: it would be taken, nothing else comes first. `proc_controls` are the VMCS's, kept by
 * the caller.
 */
#define INJECT_ASK 256
bool inject_before_entry(struct injector *injector, int irq, uint32_t *proc_controls);
/* Is there something that would wake a guest in HLT? */
static inline bool inject_is_pending(const struct injector *injector)
{
	return injector->event || injector->interrupted || injector->nmi;
}

#endif
