/*
 * A TPM as far as the kernel's commands go: well-formed answers to each, keys that were made and
 * kept, values that mean nothing (TPM 2.0 part 3). What a fuzzer then changes in them is its own.
 */
#ifndef FUZZ_TPM_MODEL_H
#define FUZZ_TPM_MODEL_H

#include <stddef.h>
#include <stdint.h>

#define TPM_MODEL_ROOM 4096u /* bytes of an answer */

/* It has no keys, or those of tpm_model_keep(). */
void tpm_model_reset(void);
/* Whoever resets it has the keys that there are now. */
void tpm_model_keep(void);
/* Somebody else has kept a key there. */
void tpm_model_hold(uint32_t handle);
/* The answer's length; a command that is not known gets TPM_RC_COMMAND_CODE. */
size_t tpm_model_answer(const uint8_t *command, size_t bytes, uint8_t answer[TPM_MODEL_ROOM]);

#endif
