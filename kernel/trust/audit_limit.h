/*
 * Who makes how many audit records: nobody can flush or fill the log by doing the same thing again
 * and again, and nothing goes uncounted. Pure.
 *
 * For each kind and subject so many records are written at once as vmkapi/audit.h says. What comes
 * after is counted. The count is told AUDIT_TELL_FIRST_NS later, then at intervals that double up
 * to AUDIT_TELL_MAX_NS; after AUDIT_QUIET_NS without an event it starts anew, AUDIT_BURSTS_MAX
 * times in a boot: patience does not fill the log either. Subjects beyond AUDIT_SUBJECTS share one
 * count per kind.
 */
#ifndef TRUST_AUDIT_LIMIT_H
#define TRUST_AUDIT_LIMIT_H

#include "lib/types.h"
#include <vmkapi/audit.h>

#define AUDIT_SUBJECTS      64u
#define AUDIT_SUBJECT_MAX   31u
#define AUDIT_BURSTS_MAX    16u
#define AUDIT_TELL_FIRST_NS 4000000000ull
#define AUDIT_TELL_MAX_NS   4096000000000ull
#define AUDIT_QUIET_NS      3600000000000ull

struct audit_counter {
	enum audit_kind kind;                /* AUDIT_NONE: not in use */
	char subject[AUDIT_SUBJECT_MAX + 1]; /* empty: the kernel itself */
	bool shared;                         /* stands for all that found no counter */
	uint32_t left;                       /* records that may still be written */
	uint32_t written;                    /* in this boot */
	uint64_t suppressed;                 /* since last told */
	uint64_t last_ns, tell_ns, delay_ns;
};

struct audit_limit {
	struct audit_counter counters[AUDIT_SUBJECTS];
	struct audit_counter shared[AUDIT_KIND_END];
};

/* May this be written? If not it is counted. */
bool audit_limit_allow(
	struct audit_limit *limit, enum audit_kind kind, const char *subject, uint64_t now_ns);
/* A counter whose count is due, or NULL; audit_limit_told() then begins a new count. */
struct audit_counter *audit_limit_due(struct audit_limit *limit, uint64_t now_ns);
void audit_limit_told(struct audit_counter *counter, uint64_t now_ns);
/* Records in a row of a kind, from the table of kinds. */
uint32_t audit_kind_burst(enum audit_kind kind);

#endif
