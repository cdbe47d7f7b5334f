/*
 * Does the log explain the quote? The TPM signs one digest over all PCRs; here their values are
 * found, each PCR is compared with its replay, and a gap is named.
 */
#ifndef VERIFIER_COVERS_H
#define VERIFIER_COVERS_H

#include "verifier/appraise.h"

/*
 * Replays the log and looks for PCR values that give the signed digest: the host's unsigned
 * pcr-values, the replay, a replay without the last events of log vmk (logged after the quote;
 * they are then dropped from appraisal->events), all-ones, the policy's. Whatever gives the
 * digest is what the TPM holds, wherever it came from. Returns how many events were dropped.
 */
size_t covers_find_values(struct appraisal *appraisal, const struct appraise_request *request);

/* Check 9: the values that the host sent must be among those that fit, or else none were sent. */
bool covers_check_digest(const struct appraisal *appraisal, const struct appraise_request *request,
	struct fault *fault);

/* Check 12: pcr-not-covered, log-truncated, replay-mismatch, naming PCR and event. */
bool covers_check(const struct appraisal *appraisal, const struct appraise_request *request,
	struct fault *fault);

#endif
