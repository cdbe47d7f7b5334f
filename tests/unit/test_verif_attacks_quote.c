/* sources: kernel/trust/evlog_read.c attest/verifier/reason.c */
/* sources: tests/vectors/fixture.c tests/vectors/attack.c */
/* sources: attest/verifier/fault.c attest/verifier/bytes.c attest/verifier/evidence.c */
/* sources: kernel/lib/hex.c kernel/lib/keyval.c kernel/trust/audit_read.c */
/* sources: attest/verifier/events.c attest/verifier/replay.c attest/verifier/semantics.c */
/* sources: attest/verifier/policy.c attest/verifier/key.c attest/verifier/quote.c */
/* sources: attest/verifier/host.c attest/verifier/align.c attest/verifier/explain.c */
/* sources: attest/verifier/hints.c attest/verifier/covers.c attest/verifier/appraise.c */
/* sources: attest/verifier/cpu.c attest/verifier/audit.c attest/verifier/firmware.c */
/* libs: -ltss2-mu -lcrypto -ljansson */
/* Ways to cheat with the quote, its values and its key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include "tests/vectors/attack.h"

/* --- the quote */

static void wrong_magic(struct fixture *f)
{
	f->quote.magic = 0xff544348;
}
static void certify(struct fixture *f)
{
	f->quote.type = TPM2_ST_ATTEST_CERTIFY;
}
static void trailing(struct fixture *f)
{
	f->quote.trailing = 4;
}
static void cut_attest(struct fixture *f)
{
	f->evidence.attest.size -= 1;
}
static void empty_attest(struct fixture *f)
{
	f->evidence.attest.size = 0;
}
static void signature_trailing(struct fixture *f)
{
	f->quote.signature_trailing = 1;
}
static void bend_signature(struct fixture *f)
{
	f->quote.bend_signature = true;
}
static void bend_attest(struct fixture *f)
{
	f->evidence.attest.data[f->evidence.attest.size - 1] ^= 1;
}
static void sha1_signature(struct fixture *f)
{
	f->quote.hash = TPM2_ALG_SHA1;
}
static void old_nonce(struct fixture *f)
{
	f->quote.extra[0] ^= 1;
}
static void short_nonce(struct fixture *f)
{
	f->quote.extra_size = 16;
}
static void no_nonce(struct fixture *f)
{
	f->quote.extra_size = 0;
}
static void channel_binding_unasked(struct fixture *f)
{
	f->evidence.qd_version = 1;
}
static void answered_before(struct fixture *f)
{
	host_use_nonce(&f->host, f->evidence.nonce, f->evidence.nonce_size, 999000, 60000);
}
static void answered_late(struct fixture *f)
{
	f->evidence.answered_ms = f->evidence.requested_ms + APPRAISE_MAX_AGE_MS + 1;
}
static void answered_in_the_past(struct fixture *f)
{
	f->evidence.answered_ms = f->evidence.requested_ms - 1;
}
static void fewer_pcrs(struct fixture *f)
{
	f->quote.pcr_mask = 0x060000;
}
static void two_banks(struct fixture *f)
{
	f->quote.banks = 2;
}
static void no_bank(struct fixture *f)
{
	f->quote.banks = 0;
}
static void sha1_bank(struct fixture *f)
{
	f->quote.sha1_bank = true;
}
static void challenge_other_pcrs(struct fixture *f)
{
	f->quote.pcr_mask = 0x1e0000;
	f->evidence.pcr_mask = 0x1e0000;
}
/* PCR 23 can be reset at will: golden PCR 17 is replayed into it and offered as PCR 17. */
static void relabel_23(struct fixture *f)
{
	memcpy(f->pcrs[23], f->pcrs[17], DIGEST_SIZE);
	memset(f->pcrs[17], 0xff, DIGEST_SIZE);
	f->quote.pcr_mask = (FIXTURE_PCR_MASK & ~(1u << 17)) | 1u << 23;
}
static void relabel_23_values(struct fixture *f)
{
	memcpy(f->evidence.logs[LOG_PCR_VALUES].data + 17 * DIGEST_SIZE, f->pcrs[23], DIGEST_SIZE);
}
static void invent_values(struct fixture *f)
{
	f->pcrs[19][0] ^= 1;
}
static void restore_values(struct fixture *f)
{
	f->evidence.logs[LOG_PCR_VALUES].data[19 * DIGEST_SIZE] ^= 1;
}
static void drop_values(struct fixture *f)
{
	bytes_free(&f->evidence.logs[LOG_PCR_VALUES]);
}

/* --- the key */

static EVP_PKEY *stranger;
static struct bytes stranger_public;

static void make_stranger(void)
{
	EVP_PKEY_free(stranger);
	bytes_free(&stranger_public);
	stranger = fixture_key(&stranger_public, FIXTURE_AK_ATTRIBUTES);
}
static void other_key_signs(struct fixture *f)
{
	make_stranger();
	f->quote.signing_key = stranger;
}
static void other_key_quotes(struct fixture *f)
{
	struct fault fault;
	struct key key;

	other_key_signs(f);
	assert_true(key_load(&key, &stranger_public, "stranger", &fault));
	f->quote.signer_size = key_qualified_name(&key, NULL, f->quote.signer);
	key_free(&key);
}
static void offer_other_key(struct fixture *f)
{
	make_stranger();
	f->evidence.logs[LOG_AK_PUB] = bytes_copy(stranger_public.data, stranger_public.size);
}
/* An unrestricted key signs whatever it is given, a made-up attestation too. */
static void enroll_with(struct fixture *f, uint32_t attributes)
{
	struct fault fault;

	key_free(&f->ak);
	EVP_PKEY_free(f->ak_private);
	bytes_free(&f->host.ak_public);
	f->ak_private = fixture_key(&f->host.ak_public, attributes);
	assert_true(key_load(&f->ak, &f->host.ak_public, "key", &fault));
	f->quote.signing_key = f->ak_private;
	f->quote.signer_size = key_qualified_name(&f->ak, NULL, f->quote.signer);
}
static void unrestricted_key(struct fixture *f)
{
	enroll_with(f, FIXTURE_AK_ATTRIBUTES & ~TPMA_OBJECT_RESTRICTED);
}
static void imported_key(struct fixture *f)
{
	enroll_with(f, FIXTURE_AK_ATTRIBUTES & ~TPMA_OBJECT_SENSITIVEDATAORIGIN);
}
static void roaming_key(struct fixture *f)
{
	enroll_with(f, FIXTURE_AK_ATTRIBUTES & ~TPMA_OBJECT_FIXEDTPM);
}

/* --- firmware */

static uint64_t allowed_firmware[1] = {0x1234};

static void restrict_firmware(struct fixture *f)
{
	f->policy.firmware = must_alloc(1, sizeof(uint64_t));
	f->policy.firmware[0] = allowed_firmware[0];
	f->policy.firmware_count = 1;
}

static const struct attack attacks[] = {
	{"no unsigned PCR values", NULL, drop_values, REASON_NONE, ""},
	{"wrong magic", wrong_magic, NULL, REASON_BAD_MAGIC, "magic"},
	{"type CERTIFY", certify, NULL, REASON_NOT_A_QUOTE, "type"},
	{"trailing bytes", trailing, NULL, REASON_TRAILING_BYTES, "attestation"},
	{"attestation cut", NULL, cut_attest, REASON_MALFORMED, "attestation"},
	{"attestation empty", NULL, empty_attest, REASON_MALFORMED, "attestation"},
	{"bytes behind the signature", signature_trailing, NULL, REASON_TRAILING_BYTES,
		"signature"},
	{"signature bent", bend_signature, NULL, REASON_BAD_SIGNATURE, "signature"},
	{"attestation bent", NULL, bend_attest, REASON_BAD_SIGNATURE, "signature"},
	{"SHA-1 signature", sha1_signature, NULL, REASON_ALGORITHM, "scheme"},
	{"old nonce", old_nonce, NULL, REASON_NONCE_MISMATCH, "extraData"},
	{"half a nonce", short_nonce, NULL, REASON_NONCE_MISMATCH, "extraData"},
	{"no nonce", no_nonce, NULL, REASON_NONCE_MISMATCH, "extraData"},
	{"another qualifying-data version", NULL, channel_binding_unasked, REASON_NONCE_MISMATCH,
		"extraData"},
	{"a nonce used twice", NULL, answered_before, REASON_NONCE_REUSED, "nonce"},
	{"an answer too late", NULL, answered_late, REASON_NONCE_EXPIRED, "age"},
	{"an answer before its question", NULL, answered_in_the_past, REASON_NONCE_EXPIRED, "age"},
	{"fewer PCRs", fewer_pcrs, NULL, REASON_SELECTION_MISMATCH, "pcrSelect"},
	{"a second bank", two_banks, NULL, REASON_SELECTION_MISMATCH, "pcrSelect"},
	{"no bank", no_bank, NULL, REASON_SELECTION_MISMATCH, "pcrSelect"},
	{"the SHA-1 bank", sha1_bank, NULL, REASON_SELECTION_MISMATCH, "pcrSelect"},
	{"a challenge that is not the policy's", challenge_other_pcrs, challenge_other_pcrs,
		REASON_SELECTION_MISMATCH, "challenge"},
	{"PCR 23 relabelled as 17", relabel_23, relabel_23_values, REASON_SELECTION_MISMATCH,
		"pcrSelect"},
	{"invented PCR values", invent_values, restore_values, REASON_PCR_DIGEST_MISMATCH,
		"pcrDigest"},

	{"another key's signature", other_key_signs, NULL, REASON_BAD_SIGNATURE, "signature"},
	{"another key's quote", other_key_quotes, NULL, REASON_UNKNOWN_KEY, "qualifiedSigner"},
	{"another key on offer", NULL, offer_other_key, REASON_UNKNOWN_KEY, "attestation key"},
	{"an unrestricted key", unrestricted_key, NULL, REASON_KEY_ATTRIBUTES, "attestation key"},
	{"an imported key", imported_key, NULL, REASON_KEY_ATTRIBUTES, "attestation key"},
	{"a key that may leave its TPM", roaming_key, NULL, REASON_KEY_ATTRIBUTES,
		"attestation key"},
	{"firmware not on the list", restrict_firmware, NULL, REASON_FIRMWARE_VERSION, "firmware"},
};

int main(void)
{
	const int failed = attacks_run(fixture_init, attacks, sizeof(attacks) / sizeof(attacks[0]));

	EVP_PKEY_free(stranger);
	bytes_free(&stranger_public);
	return failed;
}
