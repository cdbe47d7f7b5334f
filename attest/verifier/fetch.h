/* One challenge: a fresh nonce out, the quote and whole logs back. */
#ifndef VERIFIER_FETCH_H
#define VERIFIER_FETCH_H

#include "verifier/client.h"
#include "verifier/credential.h"

#define FETCH_NONCE_SIZE 32u

struct fetch {
	const char *host;
	uint32_t pcr_mask;                   /* never zero, even for logs alone */
	bool logs_only;                      /* hello: no quote */
	const struct credential *credential; /* qd-version 2 when not NULL */
	uint32_t logs;                       /* bit n: enum log_id n; any of them */
	const struct bytes *audit; /* what is known of the audit log; NULL or empty: nothing */
};

/*
 * Fills evidence, which the caller frees. A log that does not fit into one answer is read on with
 * further requests, and so are more logs than a request has room for. The audit log is read on from
 * what is known of it. Faults: those of client_ask; malformed for an answer that was not asked for.
 */
bool fetch_evidence(struct evidence *evidence, struct client *client, const struct fetch *fetch,
	struct fault *fault);

/*
 * The audit log from its beginning, in the place of what evidence has of it: for where what was
 * known of it is not how the host's log begins, as after another boot.
 */
bool fetch_whole_audit(struct evidence *evidence, struct client *client, const struct fetch *fetch,
	struct fault *fault);

#endif
