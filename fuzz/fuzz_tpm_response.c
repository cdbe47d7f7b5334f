/* sources: kernel/trust/tpm.c kernel/trust/tpm_key.c kernel/trust/quote.c kernel/trust/hash.c */
/* quiet: tests/unit/shim/panic.c */
/* plain: fuzz/models/tpm_model.c */
/* needs: build/fuzz-lib/libmbedtls.a */
/* libs: build/fuzz-lib/libmbedtls.a -ltss2-sys -ltss2-mu */
/* coverage: edges, comparisons, lean */
/*
 * A TPM that answers well, or as the input says: what is given out has its size and place, and
 * whoever asks is told why it failed. Input: {u8 what is asked, u8 of which kind}, then a byte for
 * each command: a good answer, one with a byte changed, a response code, a transport that fails, or
 * an answer of the input's own; good ones when it ends.
 */
#include "fuzz/models/tpm_model.h"
#include "lib/panic.h"
#include "lib/reader.h"
#include "lib/types.h"
#include "trust/hash.h"
#include "trust/quote.h"

#include <string.h>

#define REQUIRE(it) ((it) ? (void)0 : panic("tpm: not so: %s", #it))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* More often than is asked for; hundreds of commands, so for one stuck answer of four, once. */
#define FOREVER 600u

enum asked {
	PCRS = 1,
	RANDOM = 2,
	CERTIFICATE = 4,
	EXTEND = 8,
	KEYS = 16,
	QUOTES = 32,
	LEAVE = 64
};

static struct {
	TSS2_TCTI_CONTEXT_COMMON_V1 common;
	struct reader input;
	uint8_t answer[TPM_MODEL_ROOM];
	size_t bytes;
	unsigned stuck; /* so many answers more are this one: */
	uint32_t stuck_code;
	bool was_stuck; /* for that long; once is enough */
	TSS2_RC broken; /* what receiving ends in */
	unsigned locality_fails;
} tpm_side;

static void answer_code(uint32_t code)
{
	static const uint8_t header[6] = {0x80, 1, 0, 0, 0, 10};

	memcpy(tpm_side.answer, header, sizeof(header));
	for (unsigned i = 0; i < 4; i++)
		tpm_side.answer[6 + i] = (uint8_t)(code >> (24 - 8 * i));
	tpm_side.bytes = 10;
}

static void answer_own(uint8_t how)
{
	const size_t bytes = MIN((size_t)reader_u8(&tpm_side.input), reader_left(&tpm_side.input));

	memset(tpm_side.answer, 0, sizeof(tpm_side.answer));
	reader_copy(&tpm_side.input, tpm_side.answer, bytes);
	tpm_side.bytes = bytes;
	if (how & 1) {
		memset(tpm_side.answer + 2, 0, 4);
		tpm_side.answer[5] = (uint8_t)bytes;
	}
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *context, size_t bytes, uint8_t const *command)
{
	static const uint32_t codes[16] = {TPM2_RC_RETRY, TPM2_RC_YIELDED, TPM2_RC_TESTING,
		TPM2_RC_INITIALIZE, TPM2_RC_DISABLED, TPM2_RC_FAILURE, TPM2_RC_LOCALITY, 0x18b,
		0x28b, 0x184, 0x98e, 0x921, 0x902, 0x149, 0x100 | 0x85, 0xffffffff};
	static const TSS2_RC broken[4] = {TSS2_TCTI_RC_TRY_AGAIN, TSS2_TCTI_RC_NOT_PERMITTED,
		TSS2_TCTI_RC_IO_ERROR, TSS2_TCTI_RC_MALFORMED_RESPONSE};
	const uint8_t how = tpm_side.stuck ? 0 : reader_u8(&tpm_side.input);
	size_t at;

	tpm_side.broken = TSS2_RC_SUCCESS;
	tpm_side.bytes = tpm_model_answer(command, bytes, tpm_side.answer);
	if (tpm_side.stuck) {
		tpm_side.stuck--;
		answer_code(tpm_side.stuck_code);
	} else if (how >= 0x80 && how < 0xa0) {
		at = reader_le16(&tpm_side.input) % tpm_side.bytes;
		tpm_side.answer[at] ^= (uint8_t)(1u << how % 8);
	} else if (how >= 0xa0 && how < 0xb0) {
		answer_code(codes[how & 15]);
	} else if (how >= 0xb0 && how < 0xc0) {
		tpm_side.stuck = (how & 12) == 12 && !tpm_side.was_stuck ? FOREVER : 8;
		tpm_side.was_stuck |= tpm_side.stuck == FOREVER;
		tpm_side.stuck_code = codes[how & 3];
		answer_code(tpm_side.stuck_code);
	} else if (how >= 0xc0 && how < 0xd0) {
		if (how & 4)
			return broken[how & 3];
		tpm_side.broken = broken[how & 3];
	} else if (how >= 0xd0) {
		answer_own(how);
	}
	return TSS2_RC_SUCCESS;
}

static TSS2_RC receive(
	TSS2_TCTI_CONTEXT *context, size_t *bytes, uint8_t *response, int32_t timeout)
{
	if (tpm_side.broken != TSS2_RC_SUCCESS)
		return tpm_side.broken;
	if (tpm_side.bytes < 10)
		return TSS2_TCTI_RC_IO_ERROR;
	*bytes = tpm_side.bytes;
	if (response)
		memcpy(response, tpm_side.answer, tpm_side.bytes);
	return TSS2_RC_SUCCESS;
}

static TSS2_RC set_locality(TSS2_TCTI_CONTEXT *context, uint8_t locality)
{
	return tpm_side.locality_fails ? TSS2_TCTI_RC_NOT_PERMITTED : TSS2_RC_SUCCESS;
}

static void no_pause(void)
{
}

/* --- */

/* TPM2Bs of 16 bytes; `kind` gets some of it wrong: version in bits 1:0, sizes in 4:2. */
static struct vmk_quote_request make_request(uint8_t kind)
{
	static const uint32_t sizes[8][2] = {{18, 18}, {18, 3}, {19, 18}, {18, 19},
		{VMK_CREDENTIAL_MAX + 1, 18}, {18, VMK_CREDENTIAL_MAX + 1}, {0, 18}, {18, 0}};
	const unsigned which = kind >> 2 & 7;
	struct vmk_quote_request request = {.qd_version = kind % 4,
		.pcr_mask = kind & 0x80   ? 0x1000000u
			    : kind & 0x40 ? 0
					  : 0xff0000,
		.nonce_size = !(kind & 0x20) ? 8
			      : kind & 1     ? 7
					     : VMK_NONCE_MAX + 1};

	if (kind % 4 == 2 || which) {
		request.credential_size = sizes[which][0];
		request.secret_size = sizes[which][1];
	}
	request.credential[1] = request.secret[1] = 16;
	return request;
}

static void ask_quotes(
	struct tpm *tpm, const struct tpm_key *ak, const struct tpm_key *ek, uint8_t kind)
{
	static struct vmk_quote_reply reply;
	const struct vmk_quote_request request = make_request(kind);
	uint8_t secret[QUOTE_SECRET_MAX], qualifying[64];
	size_t secret_bytes = 0, bytes;

	if (quote_check(&request) != VMK_OK)
		return;
	if (request.qd_version == 2 &&
		quote_activate(tpm, ak, ek, &request, secret, &secret_bytes) != VMK_OK)
		return;
	REQUIRE(secret_bytes <= sizeof(secret));
	bytes = quote_qualifying(&request, secret, secret_bytes, qualifying);
	REQUIRE(bytes == (request.qd_version ? 32 : request.nonce_size));
	if (quote_make(tpm, ak, &request, qualifying, bytes, &reply) == VMK_OK)
		REQUIRE(reply.attest_size <= sizeof(reply.attest) && reply.signature_size &&
			reply.signature_size <= sizeof(reply.signature));
	REQUIRE(quote_make(tpm, ak, &request, qualifying, SIZE_MAX, &reply) == VMK_BAD_PARAM);
}

static void use_keys(struct tpm *tpm, uint8_t asked, uint8_t kind)
{
	struct tpm_key ak, ek, none = {0};

	tpm_key_close(tpm, &none);
	if (tpm_ak_open(tpm, &ak) != VMK_OK)
		return;
	REQUIRE(ak.origin && ak.public_bytes <= sizeof(ak.public) && ak.handle);
	if (tpm_ek_open(tpm, &ek) == VMK_OK) {
		if (asked & QUOTES)
			ask_quotes(tpm, &ak, &ek, kind);
		tpm_key_close(tpm, &ek);
	}
	tpm_key_close(tpm, &ak);
}

/* With the wrapper that some makers add, or without: no more than what was given. */
static void find_certificate(const uint8_t *nv, size_t bytes)
{
	size_t offset = 0, length = 0;

	if (tpm_ek_certificate_find(nv, bytes, &offset, &length) == VMK_OK)
		REQUIRE(offset + length <= bytes && nv[offset] == 0x30);
}

static void read_certificate(struct tpm *tpm, uint8_t kind)
{
	uint8_t buffer[1000];
	size_t got = 0;
	const size_t room = kind & 1 ? 100 : sizeof(buffer);

	if (tpm_ek_certificate(tpm, buffer, room, &got) != VMK_OK)
		REQUIRE(!got || got <= room);
	REQUIRE(got <= room);
}

static void use(struct tpm *tpm, uint8_t asked, uint8_t kind)
{
	uint8_t values[TPM_PCRS][32], buffer[300], sha1[SHA1_BYTES];

	if (asked & PCRS) {
		tpm_pcr_read_all(tpm, values);
		tpm_pcr_read(tpm, kind % 26, values[0]);
	}
	if (asked & RANDOM)
		tpm_random(tpm, buffer, sizeof(buffer));
	if (asked & CERTIFICATE)
		read_certificate(tpm, kind);
	if (asked & EXTEND) {
		hash_sha1("x", 1, sha1);
		tpm->sha1 ^= kind & 1;
		tpm_pcr_extend(tpm, 12, sha1, values[0]);
	}
	if (asked & (KEYS | QUOTES))
		use_keys(tpm, asked, kind);
	if (asked & LEAVE)
		tpm_shutdown(tpm);
	tpm_wipe(tpm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t asked = size > 0 ? data[0] : 0, kind = size > 1 ? data[1] : 0;
	struct tpm tpm;

	memset(&tpm_side, 0, sizeof(tpm_side));
	tpm_model_reset();
	if (asked & 0x80 && kind & 2) { /* other keys where ours should be */
		tpm_model_hold(TPM_AK_HANDLE);
		tpm_model_hold(TPM_EK_HANDLE);
	}
	tpm_side.common = (TSS2_TCTI_CONTEXT_COMMON_V1){.magic = asked & 0x80 && !kind ? 0 : 1,
		.version = asked & 0x80 && !kind ? 0 : 1,
		.transmit = transmit,
		.receive = receive,
		.setLocality = set_locality};
	tpm_side.input = reader_of(size > 2 ? data + 2 : NULL, size > 2 ? size - 2 : 0);
	find_certificate(tpm_side.input.data, tpm_side.input.size);
	tpm_side.locality_fails = asked & 0x80 && kind == 1;
	if (tpm_open(&tpm, (TSS2_TCTI_CONTEXT *)&tpm_side.common, no_pause) == VMK_OK) {
		use(&tpm, asked, kind);
		tpm_close(&tpm);
	}
	REQUIRE(tpm.why);
	tpm_wipe(&tpm);
	return 0;
}
