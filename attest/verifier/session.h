/* What `attest` and `replay` share: policy, host and keys in; appraisal, record and words out. */
#ifndef VERIFIER_SESSION_H
#define VERIFIER_SESSION_H

#include "verifier/client.h"
#include "verifier/options.h"
#include "verifier/store.h"
#include "verifier/verdict.h"

struct session {
	struct store store;
	struct policy policy;
	struct host host;
	struct key ak, ek;
	struct evidence evidence;
	struct wire wire; /* attest: what fetching the evidence took; else zero */
	struct appraisal appraisal;
};

/* Opens the store and loads policy, host and keys. host: the name, for the record to look up. */
bool session_open(struct session *session, const struct options *options, const char *host,
	struct fault *fault);
void session_close(struct session *session);

/*
 * Appraises session->evidence. Unless recorded, what was seen is noted in the host's record and a
 * signed record is appended (check 15); without a record nothing is trusted.
 */
void session_appraise(struct session *session, bool recorded, double boot_seconds);

/* Prints the verdict, writes --out; returns the exit status. */
int session_report(
	struct session *session, const struct options *options, bool recorded, double boot_seconds);

#endif
