#include "verifier/quote.h"

#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include <string.h>
#include <tss2/tss2_mu.h>

/* Magic and type alone, so that a structure of another kind is named as what it is. */
static bool check_kind(const struct bytes *attest, struct fault *fault)
{
	const uint8_t *p = attest->data;
	uint32_t magic, type;

	if (attest->size < 6)
		return fault_set(fault, REASON_MALFORMED, "attestation: %zu bytes", attest->size);
	magic = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	type = (uint32_t)p[4] << 8 | p[5];
	if (magic != TPM2_GENERATED_VALUE) {
		fault_set(fault, REASON_BAD_MAGIC, "attestation: magic");
		fault_expected(fault, "0x%08x", TPM2_GENERATED_VALUE);
		return fault_found(fault, "0x%08x", magic);
	}
	if (type != TPM2_ST_ATTEST_QUOTE) {
		fault_set(fault, REASON_NOT_A_QUOTE, "attestation: type");
		fault_expected(fault, "0x%04x", TPM2_ST_ATTEST_QUOTE);
		return fault_found(fault, "0x%04x", type);
	}
	return true;
}

static bool copy_small(uint8_t *to, size_t *to_size, size_t room, const void *from, size_t size)
{
	if (size > room)
		return false;
	memcpy(to, from, size);
	*to_size = size;
	return true;
}

bool quote_parse(struct quote *quote, const struct bytes *attest, struct fault *fault)
{
	TPMS_ATTEST decoded;
	size_t offset = 0;
	TSS2_RC rc;

	memset(quote, 0, sizeof(*quote));
	memset(&decoded, 0, sizeof(decoded));
	rc = Tss2_MU_TPMS_ATTEST_Unmarshal(attest->data, attest->size, &offset, &decoded);
	if (rc == TSS2_RC_SUCCESS && offset != attest->size) {
		fault_set(fault, REASON_TRAILING_BYTES, "attestation");
		fault_expected(fault, "%zu bytes", offset);
		return fault_found(fault, "%zu bytes", attest->size);
	}
	if (!check_kind(attest, fault))
		return false;
	if (rc != TSS2_RC_SUCCESS)
		return fault_set(fault, REASON_MALFORMED, "attestation: not a TPMS_ATTEST");
	quote->clock_ms = decoded.clockInfo.clock;
	quote->reset_count = decoded.clockInfo.resetCount;
	quote->restart_count = decoded.clockInfo.restartCount;
	quote->clock_safe = decoded.clockInfo.safe == TPM2_YES;
	quote->firmware = decoded.firmwareVersion;
	quote->selection = decoded.attested.quote.pcrSelect;
	if (!copy_small(quote->signer, &quote->signer_size, sizeof(quote->signer),
		    decoded.qualifiedSigner.name, decoded.qualifiedSigner.size))
		return fault_set(fault, REASON_MALFORMED, "attestation: qualifiedSigner too long");
	if (!copy_small(quote->extra, &quote->extra_size, sizeof(quote->extra),
		    decoded.extraData.buffer, decoded.extraData.size))
		return fault_set(fault, REASON_MALFORMED, "attestation: extraData too long");
	if (decoded.attested.quote.pcrDigest.size != DIGEST_SIZE) {
		fault_set(fault, REASON_ALGORITHM, "attestation: size of pcrDigest");
		fault_expected(fault, "%u bytes (SHA-256)", DIGEST_SIZE);
		return fault_found(fault, "%u bytes", decoded.attested.quote.pcrDigest.size);
	}
	memcpy(quote->pcr_digest, decoded.attested.quote.pcrDigest.buffer, DIGEST_SIZE);
	return true;
}

static bool signer_is(const struct quote *quote, const struct key *key, const struct key *parent)
{
	uint8_t name[KEY_NAME_MAX];
	size_t size = key_qualified_name(key, parent, name);

	return size && size == quote->signer_size && memcmp(name, quote->signer, size) == 0;
}

bool quote_check_key(const struct quote *quote, const struct key *key,
	const struct key *endorsement, struct fault *fault)
{
	char text[HEX_SIZE(KEY_NAME_MAX)];
	uint8_t name[KEY_NAME_MAX];

	if (!signer_is(quote, key, NULL) && !(endorsement && signer_is(quote, key, endorsement))) {
		fault_set(fault, REASON_UNKNOWN_KEY, "attestation: qualifiedSigner");
		hex_encode(text, name, key_qualified_name(key, NULL, name));
		fault_expected(fault, "%s", text);
		hex_encode(text, quote->signer, quote->signer_size);
		return fault_found(fault, "%s", text);
	}
	return key_check_attestation(key, fault);
}

static bool bad_scheme(const TPMT_SIGNATURE *signature, struct fault *fault)
{
	fault_set(fault, REASON_ALGORITHM, "signature: scheme");
	fault_expected(fault, "ECDSA, RSASSA or RSAPSS of the key's type, with SHA-256 or SHA-384");
	return fault_found(fault, "scheme 0x%x, hash 0x%x", signature->sigAlg,
		signature->signature.any.hashAlg);
}

bool quote_parse_signature(struct quote_signature *signature, const struct bytes *encoded,
	const struct key *key, struct fault *fault)
{
	TPMT_SIGNATURE *tpm = &signature->tpm;
	size_t offset = 0;
	bool ecc;

	memset(signature, 0, sizeof(*signature));
	if (Tss2_MU_TPMT_SIGNATURE_Unmarshal(encoded->data, encoded->size, &offset, tpm) !=
		TSS2_RC_SUCCESS)
		return fault_set(fault, REASON_MALFORMED, "signature: not a TPMT_SIGNATURE");
	if (offset != encoded->size)
		return fault_set(fault, REASON_TRAILING_BYTES, "signature");
	ecc = tpm->sigAlg == TPM2_ALG_ECDSA;
	if (!ecc && tpm->sigAlg != TPM2_ALG_RSASSA && tpm->sigAlg != TPM2_ALG_RSAPSS)
		return bad_scheme(tpm, fault);
	if (ecc != (key->public.type == TPM2_ALG_ECC))
		return bad_scheme(tpm, fault);
	if (!key_hash(tpm->signature.any.hashAlg))
		return bad_scheme(tpm, fault);
	return true;
}

/* TPMS_SIGNATURE_ECC as the DER that OpenSSL wants; -1 when it is none. */
static int ecdsa_der(const TPMS_SIGNATURE_ECC *signature, uint8_t **der)
{
	BIGNUM *r = BN_bin2bn(signature->signatureR.buffer, signature->signatureR.size, NULL);
	BIGNUM *s = BN_bin2bn(signature->signatureS.buffer, signature->signatureS.size, NULL);
	ECDSA_SIG *sig = ECDSA_SIG_new();
	int size = -1;

	if (r && s && sig && ECDSA_SIG_set0(sig, r, s) == 1) {
		r = s = NULL;
		size = i2d_ECDSA_SIG(sig, der);
	}
	ECDSA_SIG_free(sig);
	BN_free(r);
	BN_free(s);
	return size;
}

static bool verify(const struct key *key, const EVP_MD *md, bool pss, const uint8_t *signature,
	size_t size, const struct bytes *message)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	bool ok = ctx && EVP_DigestVerifyInit(ctx, &pctx, md, NULL, key->pkey) == 1;

	if (ok && pss)
		ok = EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_AUTO) == 1;
	ok = ok && EVP_DigestVerify(ctx, signature, size, message->data, message->size) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

bool quote_check_signature(const struct quote_signature *signature, const struct bytes *attest,
	const struct key *key, struct fault *fault)
{
	const TPMT_SIGNATURE *tpm = &signature->tpm;
	const EVP_MD *md = key_hash(tpm->signature.any.hashAlg);
	uint8_t *der = NULL;
	bool ok;
	int size;

	if (tpm->sigAlg == TPM2_ALG_ECDSA) {
		size = ecdsa_der(&tpm->signature.ecdsa, &der);
		ok = size > 0 && verify(key, md, false, der, (size_t)size, attest);
		OPENSSL_free(der);
	} else {
		ok = verify(key, md, tpm->sigAlg == TPM2_ALG_RSAPSS,
			tpm->signature.rsassa.sig.buffer, tpm->signature.rsassa.sig.size, attest);
	}
	if (!ok)
		return fault_set(fault, REASON_BAD_SIGNATURE, "signature over the attestation");
	return true;
}

static void labelled_digest(uint8_t extra[QUOTE_EXTRA_MAX], const char *label, const uint8_t *value,
	size_t value_size, const uint8_t *nonce, size_t nonce_size)
{
	uint8_t head[11 + EVP_MAX_MD_SIZE];
	size_t size = strlen(label);

	memcpy(head, label, size);
	memcpy(head + size, value, value_size);
	sha256_two(extra, head, size + value_size, nonce, nonce_size);
}

size_t quote_qualifying_data(uint8_t extra[QUOTE_EXTRA_MAX], unsigned int qd_version,
	const uint8_t *nonce, size_t nonce_size, const struct bytes *secret)
{
	static const uint8_t no_channel[DIGEST_SIZE];

	switch (qd_version) {
	case 1:
		labelled_digest(
			extra, "merlon-qd-1", no_channel, sizeof(no_channel), nonce, nonce_size);
		return DIGEST_SIZE;
	case 2:
		labelled_digest(extra, "merlon-qd-2", secret->data,
			secret->size > EVP_MAX_MD_SIZE ? EVP_MAX_MD_SIZE : secret->size, nonce,
			nonce_size);
		return DIGEST_SIZE;
	default:
		memcpy(extra, nonce, nonce_size);
		return nonce_size;
	}
}

bool quote_check_nonce(
	const struct quote *quote, const uint8_t *expected, size_t size, struct fault *fault)
{
	char text[HEX_SIZE(QUOTE_EXTRA_MAX)];

	if (size && quote->extra_size == size && CRYPTO_memcmp(quote->extra, expected, size) == 0)
		return true;
	fault_set(fault, REASON_NONCE_MISMATCH, "attestation: extraData");
	hex_encode(text, expected, size);
	fault_expected(fault, "%s", text);
	hex_encode(text, quote->extra, quote->extra_size);
	return fault_found(fault, "%s", text);
}

static bool selection_fault(
	const struct quote *quote, uint32_t wanted, uint32_t signed_mask, struct fault *fault)
{
	fault_set(fault, REASON_SELECTION_MISMATCH, "attestation: pcrSelect");
	fault_expected(fault, "one bank 0x%x, PCR mask 0x%06x", TPM2_ALG_SHA256, wanted);
	return fault_found(fault, "%u banks, the first 0x%x, PCR mask 0x%06x",
		quote->selection.count, quote->selection.pcrSelections[0].hash, signed_mask);
}

bool quote_check_selection(const struct quote *quote, uint32_t pcr_mask, struct fault *fault)
{
	const TPMS_PCR_SELECTION *bank = &quote->selection.pcrSelections[0];
	uint32_t mask = 0;

	for (unsigned int i = 0; i < bank->sizeofSelect && i < sizeof(bank->pcrSelect); i++)
		mask |= (uint32_t)bank->pcrSelect[i] << (8 * i);
	if (quote->selection.count != 1 || bank->hash != TPM2_ALG_SHA256 || mask != pcr_mask)
		return selection_fault(quote, pcr_mask, mask, fault);
	return true;
}
