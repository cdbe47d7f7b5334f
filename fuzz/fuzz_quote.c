/* runs: 4000 */
/* sources: attest/verifier/quote.c attest/verifier/key.c attest/verifier/reason.c */
/* sources: attest/verifier/bytes.c attest/verifier/fault.c kernel/lib/hex.c */
/* quiet: fuzz/models/tpm_keys.c */
/* plain: fuzz/models/signature_memo.c */
/* libs: -ltss2-mu -lcrypto -Wl,--wrap=EVP_DigestSign -Wl,--wrap=EVP_DigestVerify */
/* coverage: edges, comparisons, lean */
/*
 * Quotes, honestly signed, that say what the input says: by keys of each kind, with each scheme,
 * and bytes changed before or after signing. Accepted is just what is a good quote of the good key
 * over the right nonce and PCRs, signed as it stands. Input: the options below, then {u8 what, le16
 * offset, u8 change}: bit 0 of what chooses the signature, bit 1 that it be changed before signing.
 */
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "fuzz/models/signature_memo.h"
#include "fuzz/models/tpm_keys.h"
#include "lib/reader.h"
#include "verifier/quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define AK_ATTRIBUTES                                                                       \
	(TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | \
		TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT)
#define PCR_MASK 0x0e0000u

struct options {
	uint8_t key;        /* bits 0, 1: kind; 2: its name is of SHA-384; 3: made by another one */
	uint8_t attributes; /* which bit of them is wrong, from 1 */
	uint8_t scheme;     /* of the signature: the key's own, or another */
	uint8_t hash;
	uint8_t signer; /* 0: the key; 1: the key below its EK; 2: as 1, not expected; 3: some */
	uint8_t nonce;  /* bits 0, 1: version of qualifying data; 2: another; 3: none; 4: long;
			 * 5: longer than any */
	uint8_t digest_size, pcrs, banks;
};

/* What is sent, and what is held against it. */
struct scene {
	struct options o;
	const struct key *key, *parent;
	EVP_PKEY *pair;
	uint8_t extra[QUOTE_EXTRA_MAX];
	size_t extra_size;
	uint8_t attest[sizeof(TPMS_ATTEST)], signature[sizeof(TPMT_SIGNATURE)];
	size_t attest_size, signature_size;
};

#define ATTRIBUTES 33u /* none is wrong, or one of the bits */
static struct key keys[TPM_KEY_COUNT][TPM_KEYS_EACH][ATTRIBUTES][2];

static void load(struct key *key, TPMT_PUBLIC area, unsigned attributes, bool named_by_sha384)
{
	struct fault fault = {0};
	struct bytes encoded;

	if (attributes)
		area.objectAttributes ^= 1u << (attributes - 1);
	if (named_by_sha384)
		area.nameAlg = TPM2_ALG_SHA384;
	encoded = tpm_key_encode(&area);
	if (!key_load(key, &encoded, "key", &fault))
		abort();
	bytes_free(&encoded);
	signature_memo_know(key->pkey);
}

/* All at once: each that came later would be looked at as a leak. */
static void load_all(void)
{
	for (unsigned kind = 0; kind < TPM_KEY_COUNT; kind++)
		for (unsigned number = 0; number < TPM_KEYS_EACH; number++) {
			EVP_PKEY *pair = tpm_key_pair(kind, number);
			const TPMT_PUBLIC area = tpm_key_public(pair, AK_ATTRIBUTES);

			signature_memo_know(pair);
			for (unsigned i = 0; i < ATTRIBUTES * 2; i++)
				load(&keys[kind][number][i / 2][i % 2], area, i / 2, i % 2);
		}
}

static void expect_nonce(struct scene *s)
{
	uint8_t nonce[32] = "nonce", secret[80] = "secret";
	struct bytes shared = {secret, s->o.nonce & 16 ? sizeof(secret) : 32};

	s->extra_size = quote_qualifying_data(
		s->extra, s->o.nonce & 3, nonce, s->o.nonce & 8 ? 0 : sizeof(nonce), &shared);
}

static void put_signer(const struct scene *s, TPM2B_NAME *signer)
{
	switch (s->o.signer % 4) {
	case 0:
		signer->size = (uint16_t)key_qualified_name(s->key, NULL, signer->name);
		break;
	case 1:
	case 2:
		signer->size = (uint16_t)key_qualified_name(s->key, s->parent, signer->name);
		break;
	default:
		signer->size = sizeof(signer->name) - s->o.signer / 4;
	}
}

static void make_attest(struct scene *s)
{
	TPMS_ATTEST a = {.magic = TPM2_GENERATED_VALUE, .type = TPM2_ST_ATTEST_QUOTE};
	TPMS_QUOTE_INFO *quote = &a.attested.quote;

	put_signer(s, &a.qualifiedSigner);
	memcpy(a.extraData.buffer, s->extra, s->extra_size);
	a.extraData.size = (uint16_t)s->extra_size;
	a.extraData.buffer[0] ^= s->o.nonce & 4;
	if (s->o.nonce & 32)
		a.extraData.size = sizeof(a.extraData.buffer);
	quote->pcrDigest.size = (uint16_t)(s->o.digest_size ? s->o.digest_size % 65 : DIGEST_SIZE);
	quote->pcrSelect.count = 1 + s->o.banks % 3;
	for (unsigned i = 0; i < quote->pcrSelect.count; i++) {
		quote->pcrSelect.pcrSelections[i] = (TPMS_PCR_SELECTION){
			.hash = s->o.banks & 4 ? TPM2_ALG_SHA1 : TPM2_ALG_SHA256,
			.sizeofSelect = s->o.banks & 8 ? 4 : 3,
			.pcrSelect = {0, s->o.pcrs, PCR_MASK >> 16}};
	}
	if (Tss2_MU_TPMS_ATTEST_Marshal(&a, s->attest, sizeof(s->attest), &s->attest_size) != 0)
		abort();
}

static const TPMI_ALG_SIG_SCHEME schemes[] = {
	TPM2_ALG_ECDSA, TPM2_ALG_RSASSA, TPM2_ALG_RSAPSS, TPM2_ALG_ECSCHNORR, TPM2_ALG_SM2};
static const TPMI_ALG_HASH hashes[] = {
	TPM2_ALG_SHA256, TPM2_ALG_SHA384, TPM2_ALG_SHA1, TPM2_ALG_SHA512};

static TPMI_ALG_SIG_SCHEME scheme_of(const struct scene *s)
{
	unsigned own = s->key->public.type == TPM2_ALG_RSA;

	return schemes[(own + s->o.scheme) % (sizeof(schemes) / sizeof(*schemes))];
}

/* The hash that is named is the one that is used, where OpenSSL knows it. */
static TPMI_ALG_HASH hash_of(const struct scene *s)
{
	return hashes[s->o.hash % (sizeof(hashes) / sizeof(*hashes))];
}

static size_t sign_digest(const struct scene *s, uint8_t *der, size_t room)
{
	static const char *const names[] = {"SHA256", "SHA384", "SHA1", "SHA512"};
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	size_t size = room;

	if (EVP_DigestSignInit_ex(ctx, &pctx, names[s->o.hash % 4], NULL, NULL, s->pair, NULL) != 1)
		abort();
	if (scheme_of(s) == TPM2_ALG_RSAPSS && EVP_PKEY_get_base_id(s->pair) == EVP_PKEY_RSA)
		EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING);
	if (EVP_DigestSign(ctx, der, &size, s->attest, s->attest_size) != 1)
		abort();
	EVP_MD_CTX_free(ctx);
	return size;
}

static void put_ecdsa(TPMS_SIGNATURE_ECC *to, const uint8_t *der, size_t size)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)size);

	to->signatureR.size = (uint16_t)BN_bn2bin(ECDSA_SIG_get0_r(sig), to->signatureR.buffer);
	to->signatureS.size = (uint16_t)BN_bn2bin(ECDSA_SIG_get0_s(sig), to->signatureS.buffer);
	ECDSA_SIG_free(sig);
}

static void sign(struct scene *s)
{
	TPMT_SIGNATURE tpm = {.sigAlg = scheme_of(s)};
	uint8_t der[512];
	size_t size = sign_digest(s, der, sizeof(der));

	tpm.signature.any.hashAlg = hash_of(s);
	if (s->key->public.type == TPM2_ALG_ECC) {
		put_ecdsa(&tpm.signature.ecdsa, der, size);
	} else if (tpm.sigAlg == TPM2_ALG_RSASSA || tpm.sigAlg == TPM2_ALG_RSAPSS) {
		tpm.signature.rsassa.sig.size = (uint16_t)size;
		memcpy(tpm.signature.rsassa.sig.buffer, der, size);
	}
	if (Tss2_MU_TPMT_SIGNATURE_Marshal(
		    &tpm, s->signature, sizeof(s->signature), &s->signature_size) != 0)
		abort();
}

/* True when something is another than it was. */
static bool change(struct scene *s, struct reader in, bool before)
{
	uint8_t attest[sizeof(s->attest)], signature[sizeof(s->signature)];
	size_t sizes = s->attest_size + s->signature_size;

	memcpy(attest, s->attest, sizeof(attest));
	memcpy(signature, s->signature, sizeof(signature));
	while (reader_left(&in) >= 4) {
		uint8_t what = reader_u8(&in);
		uint16_t at = reader_le16(&in);
		uint8_t by = reader_u8(&in);

		if (!(what & 2) == before || (before && what & 1))
			continue;
		if (what & 4 && what & 1)
			s->signature_size = at % (sizeof(s->signature) + 1);
		else if (what & 4)
			s->attest_size = at % (sizeof(s->attest) + 1);
		else if (what & 1)
			s->signature[at % s->signature_size] ^= by;
		else if (s->attest_size)
			s->attest[at % s->attest_size] ^= by;
		if (!s->signature_size)
			break;
	}
	return memcmp(attest, s->attest, sizeof(attest)) != 0 ||
	       memcmp(signature, s->signature, sizeof(signature)) != 0 ||
	       sizes != s->attest_size + s->signature_size;
}

static bool accepted(const struct scene *s, struct fault *fault)
{
	const struct bytes attest = bytes_copy(s->attest, s->attest_size);
	const struct bytes signed_by = bytes_copy(s->signature, s->signature_size);
	struct quote_signature signature;
	struct quote quote;
	bool ok = quote_parse(&quote, &attest, fault) &&
		  quote_check_key(&quote, s->key, s->o.signer & 1 ? s->parent : NULL, fault) &&
		  quote_parse_signature(&signature, &signed_by, s->key, fault) &&
		  quote_check_signature(&signature, &attest, s->key, fault) &&
		  quote_check_nonce(&quote, s->extra, s->extra_size, fault) &&
		  quote_check_selection(&quote, PCR_MASK, fault);

	free(attest.data);
	free(signed_by.data);
	return ok;
}

static bool is_good(const struct scene *s)
{
	static const TPMA_OBJECT checked = AK_ATTRIBUTES | TPMA_OBJECT_DECRYPT;
	const TPMI_ALG_SIG_SCHEME scheme = scheme_of(s);
	const bool ecc = s->key->public.type == TPM2_ALG_ECC;

	if (s->o.attributes && checked >> (s->o.attributes - 1) % 32 & 1)
		return false;
	if (ecc ? scheme != TPM2_ALG_ECDSA : scheme != TPM2_ALG_RSASSA && scheme != TPM2_ALG_RSAPSS)
		return false;
	return s->o.hash % 4 < 2 && s->o.signer % 4 < 2 && s->extra_size &&
	       !(s->o.nonce & (4 | 32)) && (!s->o.digest_size || s->o.digest_size % 65 == 32) &&
	       !s->o.pcrs && s->o.banks % 3 == 0 && !(s->o.banks & 4);
}

static void start(struct scene *s)
{
	const unsigned number = s->o.key >> 3 & 1;
	const unsigned wrong = s->o.attributes ? (s->o.attributes - 1) % 32 + 1 : 0;
	const unsigned kind = s->o.key & 3 ? (s->o.key & 3) - 1 : TPM_KEY_P256;

	s->pair = tpm_key_pair(kind, number);
	s->key = &keys[kind][number][wrong][s->o.key >> 2 & 1];
	s->parent = &keys[TPM_KEY_P256][1][0][0];
	expect_nonce(s);
	make_attest(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of(data, size);
	struct fault fault = {0};
	struct scene s = {0};
	bool forged, other, good;

	if (size < sizeof(s.o))
		return 0;
	if (!keys[0][0][0][0].pkey)
		load_all();
	reader_copy(&in, &s.o, sizeof(s.o));
	start(&s);
	other = change(&s, in, true);
	if (s.attest_size) {
		sign(&s);
		forged = change(&s, in, false);
		good = accepted(&s, &fault);
		if (good && forged)
			abort();
		if (!other && !forged && good != is_good(&s))
			abort();
		if (!good && fault.reason == REASON_NONE)
			abort();
	}
	return 0;
}
