#include "tboot-integration/txtsim/model/tpmcmd.h"

#include "lib/reader.h"
#include "tboot-integration/txtsim/model/bytes.h"

enum tpm_tag { TPM_ST_NO_SESSIONS = 0x8001, TPM_ST_SESSIONS = 0x8002 };

enum tpm_cc {
	TPM_CC_HIERARCHY_CONTROL = 0x121,
	TPM_CC_STARTUP = 0x144,
	TPM_CC_NV_READ = 0x14e,
	TPM_CC_NV_READ_PUBLIC = 0x169,
	TPM_CC_GET_RANDOM = 0x17b,
	TPM_CC_PCR_READ = 0x17e,
	TPM_CC_PCR_EXTEND = 0x182,
};

#define TPM_RH_PLATFORM 0x4000000cu
#define TPM_RS_PW       0x40000009u
/* The largest digest of the TPM bounds what one TPM2_GetRandom returns. */
#define RANDOM_MAX 48u

static size_t finish(uint8_t *to, enum tpm_tag tag, enum tpm_cc code, size_t size)
{
	put_be16(to, (uint16_t)tag);
	put_be32(to + 2, (uint32_t)size);
	put_be32(to + 6, (uint32_t)code);
	return size;
}

/* An authorization area with an empty password; returns where the parameters begin. */
static size_t put_password(uint8_t *to, size_t at)
{
	put_be32(to + at, 9);
	put_be32(to + at + 4, TPM_RS_PW);
	memset(to + at + 8, 0, 5);
	return at + 13;
}

size_t tpm_startup(uint8_t *to, enum tpm_startup type)
{
	put_be16(to + 10, (uint16_t)type);
	return finish(to, TPM_ST_NO_SESSIONS, TPM_CC_STARTUP, 12);
}

size_t tpm_pcr_extend(uint8_t *to, unsigned pcr, const struct digests *digests)
{
	size_t at;

	put_be32(to + 10, pcr);
	at = put_password(to, 14);
	put_be32(to + at, 2);
	put_be16(to + at + 4, TPM_ALG_SHA1);
	memcpy(to + at + 6, digests->sha1, 20);
	put_be16(to + at + 26, TPM_ALG_SHA256);
	memcpy(to + at + 28, digests->sha256, 32);
	return finish(to, TPM_ST_SESSIONS, TPM_CC_PCR_EXTEND, at + 60);
}

static size_t pcr_read(uint8_t *to, unsigned pcr, uint16_t bank)
{
	put_be32(to + 10, 1);
	put_be16(to + 14, bank);
	to[16] = 3;
	memset(to + 17, 0, 3);
	to[17 + pcr / 8] = (uint8_t)(1u << pcr % 8);
	return finish(to, TPM_ST_NO_SESSIONS, TPM_CC_PCR_READ, 20);
}

size_t tpm_pcr_read(uint8_t *to, unsigned pcr)
{
	return pcr_read(to, pcr, TPM_ALG_SHA256);
}

size_t tpm_pcr_read_sha1(uint8_t *to, unsigned pcr)
{
	return pcr_read(to, pcr, TPM_ALG_SHA1);
}

size_t tpm_nv_read_public(uint8_t *to, uint32_t index)
{
	put_be32(to + 10, index);
	return finish(to, TPM_ST_NO_SESSIONS, TPM_CC_NV_READ_PUBLIC, 14);
}

size_t tpm_nv_read(uint8_t *to, uint32_t index, uint16_t size)
{
	size_t at;

	put_be32(to + 10, index);
	put_be32(to + 14, index);
	at = put_password(to, 18);
	put_be16(to + at, size);
	put_be16(to + at + 2, 0);
	return finish(to, TPM_ST_SESSIONS, TPM_CC_NV_READ, at + 4);
}

size_t tpm_disable_hierarchy(uint8_t *to, uint32_t hierarchy)
{
	size_t at;

	put_be32(to + 10, TPM_RH_PLATFORM);
	at = put_password(to, 14);
	put_be32(to + at, hierarchy);
	to[at + 4] = 0;
	return finish(to, TPM_ST_SESSIONS, TPM_CC_HIERARCHY_CONTROL, at + 5);
}

uint32_t tpm_response_code(const uint8_t *response, int size)
{
	if (size < (int)TPM_HEADER_SIZE)
		return TPM_RC_FAILURE;
	return be32(response + 6);
}

static bool pcr_value(const uint8_t *response, int size, uint8_t *value, int value_size)
{
	/* header, update counter, selection of one bank, digest count, digest size, digest */
	const int digest_at = 10 + 4 + 10 + 4 + 2;

	if (tpm_response_code(response, size) || size != digest_at + value_size)
		return false;
	memcpy(value, response + digest_at, (size_t)value_size);
	return true;
}

bool tpm_pcr_value(const uint8_t *response, int size, uint8_t value[32])
{
	return pcr_value(response, size, value, 32);
}

bool tpm_pcr_value_sha1(const uint8_t *response, int size, uint8_t value[20])
{
	return pcr_value(response, size, value, 20);
}

const uint8_t *tpm_nv_public(
	const uint8_t *response, int size, uint16_t *public_size, uint16_t *data_size)
{
	struct reader r = reader_of(response, size > 0 ? (size_t)size : 0), area;
	const uint8_t *start;

	if (tpm_response_code(response, size) || !reader_skip(&r, TPM_HEADER_SIZE))
		return NULL;
	*public_size = reader_be16(&r);
	area = reader_sub(&r, *public_size);
	start = area.data;
	/* index, name algorithm, attributes, policy, size of the data */
	reader_skip(&area, 4 + 2 + 4);
	reader_skip(&area, reader_be16(&area));
	*data_size = reader_be16(&area);
	return area.failed ? NULL : start;
}

const uint8_t *tpm_nv_data(const uint8_t *response, int size, uint16_t wanted)
{
	struct reader r = reader_of(response, size > 0 ? (size_t)size : 0);

	if (tpm_response_code(response, size) || !reader_skip(&r, TPM_HEADER_SIZE + 4) ||
		reader_be16(&r) != wanted)
		return NULL;
	return reader_bytes(&r, wanted);
}

unsigned tpm_random_wanted(const uint8_t *command, size_t size)
{
	unsigned wanted;

	if (size != 12 || be32(command + 6) != TPM_CC_GET_RANDOM ||
		command[0] << 8 != (TPM_ST_NO_SESSIONS & 0xff00) || command[1] != 1)
		return 0;
	wanted = (unsigned)command[10] << 8 | command[11];
	return wanted < RANDOM_MAX ? wanted : RANDOM_MAX;
}

int tpm_random_answer(uint8_t *response, size_t max, unsigned wanted,
	void (*random)(void *ctx, uint8_t *to, size_t size), void *ctx)
{
	if (wanted > RANDOM_MAX || 12 + wanted > max)
		return -1;
	put_be16(response + 10, (uint16_t)wanted);
	random(ctx, response + 12, wanted);
	put_be16(response, TPM_ST_NO_SESSIONS);
	put_be32(response + 2, 12 + wanted);
	put_be32(response + 6, 0);
	return (int)(12 + wanted);
}

int tpm_plain_response(uint8_t *response, uint32_t code)
{
	put_be16(response, TPM_ST_NO_SESSIONS);
	put_be32(response + 2, TPM_HEADER_SIZE);
	put_be32(response + 6, code);
	return (int)TPM_HEADER_SIZE;
}
