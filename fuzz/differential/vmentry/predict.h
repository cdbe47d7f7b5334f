/* How a VM entry has to end, by the model, and whether one that succeeds could be survived. Pure.
 */
#ifndef DIFFERENTIAL_PREDICT_H
#define DIFFERENTIAL_PREDICT_H

#include "fuzz/models/swvmx/swvmx.h"

enum outcome_kind {
	OUTCOME_CONTROLS, /* VMfailValid with error 7 */
	OUTCOME_HOST,     /* with error 8 */
	OUTCOME_GUEST,    /* exit 33 with the failure bit; detail: the exit qualification */
	OUTCOME_MSR,      /* exit 34 with it; detail: which entry of the list, from 1 */
	OUTCOME_ENTERED,  /* detail: the reason of the exit that followed */
	OUTCOME_OTHER,    /* anything else; detail: the error, or the exit reason */
};
struct outcome {
	enum outcome_kind kind;
	uint64_t detail;
};
const char *outcome_name(enum outcome_kind kind);

/* Every check that fails, in the groups between which the order is fixed; within one it is not, nor
 * between the first two (SDM 3C, 27.2). */
struct prediction {
	struct swvmx_failures controls, host, guest, msr;
	unsigned bad_msr; /* of the entry in `msr`, from 1 */
	/* A failure of the guest's state that is reported as exit reason 8 with the failure bit:
	 * never by the SDM (known.c). */
	bool wrong_reason;
	bool also_guest; /* prediction_add() */
};
/* `f`: fields by enum vmcs_index. */
void predict(struct prediction *p, const struct swvmx_cpu *cpu, const uint64_t *f,
	const struct swvmx_referenced *referenced);
bool prediction_allows(const struct prediction *p, const struct outcome *outcome);
enum outcome_kind prediction_kind(const struct prediction *p);
/* Take a failed check back, as of a processor that does not make it. */
void prediction_drop(struct prediction *p, enum swvmx_check check);
/* One failure more, of controls or of the guest's state, with exit qualification 0. */
void prediction_add(struct prediction *p, enum outcome_kind group);

/*
 * Can the payload go on after an entry with these fields that ends like this? The guest executes
 * nothing, as the preemption timer has run out, so it is about the host's state after the exit, and
 * about what entry and exit write to memory. `base` has the payload's own host state.
 */
bool may_end(enum outcome_kind kind, const uint64_t *f, const uint64_t *base);

#endif
