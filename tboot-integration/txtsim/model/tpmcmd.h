/* The few TPM 2.0 commands that the platform itself sends (TPM 2.0 Library, part 3). */
#ifndef TXTSIM_TPMCMD_H
#define TXTSIM_TPMCMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tboot-integration/txtsim/model/digest.h"

#define TPM_ALG_SHA1    0x0004u
#define TPM_ALG_SHA256  0x000bu

#define TPM_HEADER_SIZE 10u
#define TPM_BUFFER_MAX  4096u

#define TPM_RC_NO_INDEX 0x18bu /* TPM_RC_HANDLE, of the first handle */
#define TPM_RC_FAILURE  0x101u

/* Each writes a command to `to` (TPM_COMMAND_MAX bytes) and returns its size. */
#define TPM_COMMAND_MAX 128u
enum tpm_startup { TPM_SU_CLEAR = 0, TPM_SU_STATE = 1 };
size_t tpm_startup(uint8_t *to, enum tpm_startup type);
size_t tpm_pcr_extend(uint8_t *to, unsigned pcr, const struct digests *digests);
/* SHA-256 bank. */
size_t tpm_pcr_read(uint8_t *to, unsigned pcr);
/* SHA-1 bank. */
size_t tpm_pcr_read_sha1(uint8_t *to, unsigned pcr);
/* An NV index: its public area; its data, authorized by the index itself with an empty password. */
size_t tpm_nv_read_public(uint8_t *to, uint32_t index);
size_t tpm_nv_read(uint8_t *to, uint32_t index, uint16_t size);
/* Disables a hierarchy, as firmware does whose setup says "TPM disabled". */
#define TPM_RH_OWNER       0x40000001u
#define TPM_RH_ENDORSEMENT 0x4000000bu
size_t tpm_disable_hierarchy(uint8_t *to, uint32_t hierarchy);

/* The response code; TPM_RC_FAILURE for a response that is none. */
uint32_t tpm_response_code(const uint8_t *response, int size);
/* Takes the one digest out of the answer to tpm_pcr_read(). */
bool tpm_pcr_value(const uint8_t *response, int size, uint8_t value[32]);
bool tpm_pcr_value_sha1(const uint8_t *response, int size, uint8_t value[20]);
/* Out of the answers: TPMS_NV_PUBLIC and how many bytes the index holds; the data. NULL if bad. */
const uint8_t *tpm_nv_public(
	const uint8_t *response, int size, uint16_t *public_size, uint16_t *data_size);
const uint8_t *tpm_nv_data(const uint8_t *response, int size, uint16_t wanted);

/* A whole TPM2_GetRandom command: how many bytes it asks for; 0 if it is another command. */
unsigned tpm_random_wanted(const uint8_t *command, size_t size);
/* Answers it; returns the response's size. `random` fills a buffer. */
int tpm_random_answer(uint8_t *response, size_t max, unsigned wanted,
	void (*random)(void *ctx, uint8_t *to, size_t size), void *ctx);
/* A response of a header alone. */
int tpm_plain_response(uint8_t *response, uint32_t code);

#endif
