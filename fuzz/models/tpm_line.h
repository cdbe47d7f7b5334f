/*
 * The line to a TPM that answers well (models/tpm_model.h), or as an input says: a byte of it for
 * each command, {good answer; one with a byte changed; a response code, once or for several
 * commands; a transport that fails; an answer of the input's own}. Good ones when it ends.
 */
#ifndef FUZZ_MODELS_TPM_LINE_H
#define FUZZ_MODELS_TPM_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tss2/tss2_tcti.h>

#include "fuzz/models/tpm_model.h"
#include "lib/reader.h"

struct tpm_line {
	TSS2_TCTI_CONTEXT_COMMON_V1 common; /* first: it is what tpm2-tss is given */
	struct reader input;
	unsigned longest; /* how often one code is answered at most, and that once; else 8 times */
	bool locality_fails;
	unsigned stuck; /* so many answers more are this one: */
	uint32_t stuck_code;
	TSS2_RC broken; /* what receiving ends in */
	size_t bytes;
	uint8_t answer[TPM_MODEL_ROOM];
};

/* `longest` 0: no code is answered more than 8 times. */
void tpm_line_begin(struct tpm_line *line, const uint8_t *data, size_t size, unsigned longest);

#endif
