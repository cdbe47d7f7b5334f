/* What an appraisal came to, for programs (JSON) and for people (the PCR table, the last line). */
#ifndef VERIFIER_VERDICT_H
#define VERIFIER_VERDICT_H

#include <jansson.h>
#include <stdio.h>

#include "verifier/appraise.h"

/* boot_seconds: from power-on to the first answer; negative when not known. A new object. */
json_t *verdict_to_json(const struct appraisal *appraisal, const struct appraise_request *request,
	double boot_seconds);

/* For a command that failed before there was anything to appraise. A new object. */
json_t *verdict_refusal_to_json(const char *host, const struct fault *fault);

/* Table, differences and notes. */
void verdict_print(
	FILE *out, const struct appraisal *appraisal, const struct appraise_request *request);

/*
 * The last line, for people and scripts alike: TRUSTED host=... or UNTRUSTED host=... A record's
 * verdict says when it was recorded (milliseconds since 1970; 0: now), since it proves nothing of
 * the present. `boot_seconds` below 0: not known.
 */
void verdict_print_trusted(FILE *out, const char *host, enum vmk_launch launch, double boot_seconds,
	uint64_t recorded_ms);
void verdict_print_untrusted(FILE *out, const char *host, const struct fault *fault);

#endif
