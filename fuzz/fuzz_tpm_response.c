/* sources: kernel/trust/tpm.c kernel/trust/tpm_key.c kernel/trust/quote.c kernel/trust/hash.c */
/* sources: tests/unit/shim/panic.c */
/* needs: build/fuzz-lib/libmbedtls.a */
/* libs: build/fuzz-lib/libmbedtls.a -ltss2-sys -ltss2-mu */
/*
 * A TPM whose responses are the fuzzer's: {16-bit length, response} in turn. The header's size is
 * set right half of the time, so that what lies behind it is reached.
 */
#include "trust/quote.h"

#include <stdlib.h>
#include <string.h>

struct script {
	TSS2_TCTI_CONTEXT_COMMON_V1 common;
	const uint8_t *data;
	size_t left;
	uint8_t response[4096];
	size_t bytes;
};

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *context, size_t bytes, uint8_t const *command)
{
	struct script *s = (struct script *)context;
	size_t wanted;

	if (s->left < 2)
		return TSS2_TCTI_RC_IO_ERROR;
	wanted = (size_t)(s->data[0] | (s->data[1] & 0x0f) << 8);
	s->bytes = wanted < s->left - 2 ? wanted : s->left - 2;
	memset(s->response, 0, sizeof(s->response));
	memcpy(s->response, s->data + 2, s->bytes);
	if (s->data[1] & 0x80) {
		s->response[2] = s->response[3] = 0;
		s->response[4] = (uint8_t)(s->bytes >> 8);
		s->response[5] = (uint8_t)s->bytes;
	}
	s->data += 2 + s->bytes;
	s->left -= 2 + s->bytes;
	return TSS2_RC_SUCCESS;
}

static TSS2_RC receive(
	TSS2_TCTI_CONTEXT *context, size_t *bytes, uint8_t *response, int32_t timeout)
{
	struct script *s = (struct script *)context;

	if (s->bytes < 10)
		return TSS2_TCTI_RC_IO_ERROR;
	*bytes = s->bytes;
	if (response)
		memcpy(response, s->response, s->bytes);
	return TSS2_RC_SUCCESS;
}

static TSS2_RC set_locality(TSS2_TCTI_CONTEXT *context, uint8_t locality)
{
	return TSS2_RC_SUCCESS;
}

static void no_pause(void)
{
}

/* Keys that the TPM need not make first: what follows is reached by fewer good answers. */
static void use_keys(struct tpm *tpm, const struct tpm_key *ak, const struct tpm_key *ek)
{
	static struct vmk_quote_request request = {.qd_version = 2,
		.pcr_mask = 0xff0000,
		.nonce_size = 8,
		.credential_size = 2,
		.secret_size = 2};
	static struct vmk_quote_reply reply;
	uint8_t buffer[300];
	size_t got = 0;

	memset(buffer, 0, sizeof(buffer));
	quote_make(tpm, ak, &request, buffer, 8, &reply);
	quote_activate(tpm, ak, ek, &request, buffer, &got);
	if (got > QUOTE_SECRET_MAX)
		abort();
}

static void use(struct tpm *tpm, bool has_keys)
{
	static const struct tpm_key held;
	uint8_t values[TPM_PCRS][32], buffer[300];
	struct tpm_key ak, ek;
	size_t got = 0;

	if (has_keys) {
		use_keys(tpm, &held, &held);
		return;
	}
	tpm_pcr_read_all(tpm, values);
	tpm_random(tpm, buffer, sizeof(buffer));
	tpm_ek_certificate(tpm, buffer, sizeof(buffer), &got);
	if (got > sizeof(buffer))
		abort();
	if (tpm_ak_open(tpm, &ak) == VMK_OK && tpm_ek_open(tpm, &ek) == VMK_OK)
		use_keys(tpm, &ak, &ek);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct script script;
	struct tpm tpm;

	script.common = (TSS2_TCTI_CONTEXT_COMMON_V1){.magic = 1,
		.version = 1,
		.transmit = transmit,
		.receive = receive,
		.setLocality = set_locality};
	script.data = data;
	script.left = size;
	if (tpm_open(&tpm, (TSS2_TCTI_CONTEXT *)&script.common, no_pause) == VMK_OK) {
		use(&tpm, script.left && script.data[0] & 1);
		tpm_close(&tpm);
	}
	if (!tpm.why)
		abort();
	return 0;
}
