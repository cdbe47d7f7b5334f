/*
 * What the audit log proves (vmkapi/audit.h): each checkpoint that a quoted PCR holds gives a
 * number of records and the head that they lead to, so that up to the last one no record was
 * dropped, altered or put elsewhere. What comes after it is the host's word.
 */
#ifndef VERIFIER_AUDIT_H
#define VERIFIER_AUDIT_H

#include "trust/audit_read.h"
#include "verifier/events.h"

struct audit {
	bool shown;           /* the host sent a log */
	uint64_t records;     /* that could be read */
	uint64_t proven;      /* of them, by the last checkpoint */
	size_t proven_bytes;  /* of the log */
	uint64_t checkpoints; /* in the event log */
	const char *rest;     /* what ails the log behind what is proven; NULL: nothing */
	uint64_t counts[AUDIT_KIND_END], first[AUDIT_KIND_END]; /* and the first record's index */
	uint64_t suppressed; /* events that were counted, but not recorded */
};

/*
 * Checks the log against the checkpoints of events, whose digests are proven. Faults:
 * audit-altered, audit-missing, audit-order, audit-truncated, naming the record; event-semantics
 * for checkpoints that contradict each other.
 */
bool audit_check(struct audit *audit, const struct events *events, const struct bytes *log,
	struct fault *fault);

/*
 * Is there a record of one of these kinds (bit n: enum audit_kind n), or of suppressed ones, proven
 * or not? Fault: audit-forbidden, naming the first.
 */
bool audit_check_forbidden(const struct bytes *log, uint32_t kinds, struct fault *fault);

/* Is it of a kind that a good host makes seldom? */
bool audit_remarkable(enum audit_kind kind);

#endif
