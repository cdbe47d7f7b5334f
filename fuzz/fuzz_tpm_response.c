/* sources: kernel/trust/tpm.c kernel/trust/tpm_key.c kernel/trust/quote.c kernel/trust/hash.c */
/* quiet: tests/unit/shim/panic.c */
/* plain: fuzz/models/tpm_line.c fuzz/models/tpm_model.c fuzz/lib/figures.c */
/* needs: build/fuzz-lib/libtss2.a build/fuzz-lib/libmbedtls.a */
/* libs: build/fuzz-lib/libtss2.a build/fuzz-lib/libmbedtls.a */
/* coverage: edges, comparisons, lean */
/* options: -use_counters=0 */
/*
 * One thing asked of a TPM that is open, with keys, and answers as the input says
 * (models/tpm_line.h), by the tpm2-tss that the kernel has, instrumented: what is given out has its
 * size and place, whoever asks is told why it failed, and once the TPM answers well again it is
 * understood (looked at for one kind of four). Input: {u8 what is asked, u8 of which kind},
 * answers. All commands of a boot are fuzz_tpm_boot's.
 */
#include "fuzz/lib/figures.h"
#include "fuzz/models/tpm_line.h"
#include "lib/panic.h"
#include "lib/types.h"
#include "trust/hash.h"
#include "trust/quote.h"

#include <string.h>

#define REQUIRE(it) ((it) ? (void)0 : panic("tpm: not so: %s", #it))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is open from the first input on: a TPM that has our keys. */
static struct {
	struct tpm_line line;
	struct tpm tpm;
	struct tpm_key ak, ek;
} ready;

static void no_pause(void)
{
}

static void prepare(void)
{
	tpm_model_reset();
	tpm_line_begin(&ready.line, NULL, 0, 0);
	REQUIRE(tpm_open(&ready.tpm, (TSS2_TCTI_CONTEXT *)&ready.line, no_pause) == VMK_OK);
	REQUIRE(tpm_ak_open(&ready.tpm, &ready.ak) == VMK_OK && !ready.ak.transient);
	REQUIRE(tpm_ek_open(&ready.tpm, &ready.ek) == VMK_OK && !ready.ek.transient);
	tpm_model_keep();
}

/* --- what is asked: one command each, where not said otherwise */

static enum vmk_status read_pcr(struct tpm *tpm, uint8_t kind)
{
	uint8_t value[32];

	return tpm_pcr_read(tpm, kind % 26, value);
}

/* Three commands, if each gives as many as it may. */
static enum vmk_status read_pcrs(struct tpm *tpm, uint8_t kind)
{
	uint8_t values[TPM_PCRS][32];

	return tpm_pcr_read_all(tpm, values);
}

static enum vmk_status draw(struct tpm *tpm, uint8_t kind)
{
	uint8_t bytes[32];

	return tpm_random(tpm, bytes, kind % (sizeof(bytes) + 1));
}

static enum vmk_status extend(struct tpm *tpm, uint8_t kind)
{
	static const uint8_t digest[32];

	tpm->sha1 ^= kind & 1;
	return tpm_pcr_extend(tpm, kind % TPM_PCRS, digest, digest);
}

/* Two commands, and up to two more with a certificate in them. */
static enum vmk_status read_nv(struct tpm *tpm, uint8_t kind)
{
	uint8_t buffer[1000];
	const size_t room = kind & 1 ? 100 : sizeof(buffer);
	size_t got = 0;
	enum vmk_status status = tpm_ek_certificate(tpm, buffer, room, &got);

	REQUIRE(got <= room);
	if (status == VMK_OK)
		REQUIRE(got && buffer[0] == 0x30);
	return status;
}

/* What is found is what was kept, or it is made anew, by five commands more. */
static enum vmk_status open_key(struct tpm *tpm, uint8_t kind)
{
	struct tpm_key key, none = {0};
	const enum vmk_status status = kind & 1 ? tpm_ek_open(tpm, &key) : tpm_ak_open(tpm, &key);

	tpm_key_close(tpm, &none);
	if (status != VMK_OK)
		return status;
	REQUIRE(key.origin && key.public_bytes <= sizeof(key.public) && key.handle);
	tpm_key_close(tpm, &key);
	return status;
}

static enum vmk_status quote(struct tpm *tpm, uint8_t kind)
{
	static struct vmk_quote_reply reply;
	static const uint8_t qualifying[32];
	const struct vmk_quote_request request = {.pcr_mask = 1u << kind % TPM_PCRS};
	const enum vmk_status status =
		quote_make(tpm, &ready.ak, &request, qualifying, sizeof(qualifying), &reply);

	if (status == VMK_OK)
		REQUIRE(reply.attest_size <= sizeof(reply.attest) && reply.signature_size &&
			reply.signature_size <= sizeof(reply.signature));
	return status;
}

/* Three commands, and one that ends what does not go well. */
static enum vmk_status activate(struct tpm *tpm, uint8_t kind)
{
	const struct vmk_quote_request request = {
		.credential = {0, 16}, .secret = {0, 16}, .credential_size = 18, .secret_size = 18};
	uint8_t secret[QUOTE_SECRET_MAX];
	size_t bytes;
	const enum vmk_status status =
		quote_activate(tpm, &ready.ak, &ready.ek, &request, secret, &bytes);

	REQUIRE(bytes <= sizeof(secret));
	return status;
}

static enum vmk_status leave(struct tpm *tpm, uint8_t kind)
{
	ready.line.locality_fails = kind & 1;
	if (kind & 2)
		return tpm_locality(tpm, kind % 5);
	return tpm_shutdown(tpm);
}

/* What takes several commands stands once each. */
static enum vmk_status (*const asked[32])(struct tpm *tpm, uint8_t kind) = {read_pcr, draw, extend,
	quote, open_key, leave, read_nv, read_pcrs, read_pcr, draw, extend, quote, open_key, leave,
	activate, read_pcr, read_pcr, draw, extend, quote, open_key, leave, read_pcr, draw, extend,
	quote, open_key, leave, read_pcr, draw, extend, quote};

/* --- */

/* With the wrapper that some makers add, or without: no more than what was given. */
static void find_certificate(const uint8_t *nv, size_t bytes)
{
	size_t offset = 0, length = 0;

	if (tpm_ek_certificate_find(nv, bytes, &offset, &length) == VMK_OK)
		REQUIRE(offset + length <= bytes && nv[offset] == 0x30);
}

/* Whatever it said before: a good answer is taken for one. */
static void check_understood(struct tpm *tpm)
{
	uint8_t value[32];

	tpm_line_begin(&ready.line, NULL, 0, 0);
	REQUIRE(tpm_pcr_read(tpm, 17, value) == VMK_OK && value[0] == 'p' && value[31] == 'p');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tpm tpm;

	if (!ready.tpm.sys) {
		prepare();
		figures_drop_usual_edges();
	}
	if (size < 2)
		return 0;
	tpm_model_reset();
	tpm_line_begin(&ready.line, data + 2, size - 2, 0);
	find_certificate(data + 2, size - 2);
	tpm = ready.tpm;
	asked[data[0] % ARRAY_SIZE(asked)](&tpm, data[1]);
	REQUIRE(tpm.why);
	if (tpm.rc != TSS2_RC_SUCCESS && data[1] % 4 == 0)
		check_understood(&tpm);
	figures_drop_usual_edges();
	return 0;
}
