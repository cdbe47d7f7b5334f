/* Writes a quote in the files that tpm2-tools' tpm2_checkquote reads, for a second opinion. */
#ifndef VERIFIER_CHECKQUOTE_H
#define VERIFIER_CHECKQUOTE_H

#include "verifier/appraise.h"

/*
 * directory/HOST.msg (TPMS_ATTEST), .sig (TPMT_SIGNATURE), .pcrs (tpm2-tools' own structures) and
 * .ak.pem; the event logs beside them as .txt-drtm.log and .vmk.log, or,
 * where the quote does not prove them (check 12), as .txt-drtm.unproven.log ... Fault: state.
 */
bool checkquote_write(const char *directory, const struct appraisal *appraisal,
	const struct appraise_request *request, struct fault *fault);

#endif
