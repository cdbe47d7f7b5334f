/*
 * Lays what was measured beside what a policy expects, PCR by PCR, and marks every event: as a
 * person would with two lists, so that one inserted event does not make all later ones "changed".
 */
#ifndef VERIFIER_ALIGN_H
#define VERIFIER_ALIGN_H

#include "verifier/policy.h"

/* X(symbol, mark for people, meaning) */
#define STEP_MARKS(X)                                                        \
	X(STEP_MATCH, "ok", "as the policy expects")                         \
	X(STEP_RUNTIME, "runtime", "allowed after boot")                     \
	X(STEP_CHANGED, "CHANGED", "expected here, with another digest")     \
	X(STEP_RETYPED, "RETYPED", "the expected digest under another type") \
	X(STEP_MOVED, "MOVED", "expected, but at another place")             \
	X(STEP_MISSING, "MISSING", "expected, but not measured")             \
	X(STEP_UNEXPECTED, "UNEXPECTED", "measured, but not expected")       \
	X(STEP_AUDIT, "audit", "a checkpoint of the audit log, which leads to it")

enum step_mark {
#define X(symbol, mark, meaning) symbol,
	STEP_MARKS(X)
#undef X
		STEP_MARK_COUNT
};

struct step {
	uint32_t pcr; /* where it was found; where nothing was, where it was expected */
	enum step_mark mark;
	const struct policy_event *expected; /* NULL when nothing was */
	const struct event *found;           /* NULL when nothing was */
	const struct policy_runtime *runtime;
};

struct steps {
	struct step *items;
	size_t count;
};

/* Points into both arguments, which must outlive the result. */
void align(struct steps *steps, const struct policy *policy, const struct events *events);
void steps_free(struct steps *steps);

/*
 * The difference that explains the others best, or NULL when each step is a match, a checkpoint of
 * the audit log or an allowed run-time event. What is missing, changed or unexpected moves other
 * things, so a moved one counts only where there is nothing else; what boots earlier, in log
 * txt-drtm, comes before log vmk; then the order of the PCRs decides.
 */
const struct step *steps_first_difference(const struct steps *steps);

/* Is it something that a policy does not expect? */
bool step_differs(const struct step *step);

const char *step_mark_name(enum step_mark mark);

#endif
