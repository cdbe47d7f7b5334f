/* sources: kernel/trust/tpm.c kernel/trust/tpm_key.c kernel/trust/quote.c kernel/trust/hash.c */
/* quiet: tests/unit/shim/panic.c */
/* plain: fuzz/models/tpm_line.c fuzz/models/tpm_model.c */
/* needs: build/fuzz-lib/libtss2-plain.a build/fuzz-lib/libmbedtls.a */
/* libs: build/fuzz-lib/libtss2-plain.a build/fuzz-lib/libmbedtls.a */
/* coverage: edges, comparisons, lean */
/*
 * All commands of a boot and of what follows it, to a TPM that answers well, or as the input says
 * (models/tpm_line.h): what is given out has its size and place, and whoever asks is told why it
 * failed. Input: {u8 what is asked, u8 of which kind}, answers. A single exchange is
 * fuzz_tpm_response's, where tpm2-tss has feedback and sanitizers.
 */
#include "fuzz/models/tpm_line.h"
#include "lib/panic.h"
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

static void no_pause(void)
{
}

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
	static struct tpm_line line;
	const uint8_t asked = size > 0 ? data[0] : 0, kind = size > 1 ? data[1] : 0;
	struct tpm tpm;

	tpm_model_reset();
	if (asked & 0x80 && kind & 2) { /* other keys where ours should be */
		tpm_model_hold(TPM_AK_HANDLE);
		tpm_model_hold(TPM_EK_HANDLE);
	}
	tpm_line_begin(&line, size > 2 ? data + 2 : NULL, size > 2 ? size - 2 : 0, FOREVER);
	if (asked & 0x80 && !kind)
		line.common.magic = line.common.version = 0;
	line.locality_fails = asked & 0x80 && kind == 1;
	if (tpm_open(&tpm, (TSS2_TCTI_CONTEXT *)&line, no_pause) == VMK_OK) {
		use(&tpm, asked, kind);
		tpm_close(&tpm);
	}
	REQUIRE(tpm.why);
	tpm_wipe(&tpm);
	return 0;
}
