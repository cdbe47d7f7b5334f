/* sources: attest/verifier/key.c attest/verifier/quote.c attest/verifier/bytes.c */
/* sources: kernel/lib/hex.c */
/* sources: attest/verifier/fault.c attest/verifier/reason.c */
/* libs: -ltss2-mu -lcrypto */
/* Keys and signatures of each kind that we allow, and the kinds that we do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include <tss2/tss2_mu.h>

#include "verifier/quote.h"

static const struct bytes message = {(uint8_t *)"what the TPM signed", 19};
static struct fault fault;

static struct bytes marshal(const TPMT_PUBLIC *area)
{
	TPM2B_PUBLIC public = {.publicArea = *area};
	uint8_t encoded[1024];
	size_t offset = 0;

	assert_int_equal(
		Tss2_MU_TPM2B_PUBLIC_Marshal(&public, encoded, sizeof(encoded), &offset), 0);
	return bytes_copy(encoded, offset);
}

static TPMT_PUBLIC rsa_public(EVP_PKEY *pkey)
{
	TPMT_PUBLIC area = {.type = TPM2_ALG_RSA,
		.nameAlg = TPM2_ALG_SHA256,
		.parameters.rsaDetail = {.symmetric.algorithm = TPM2_ALG_NULL,
			.scheme.scheme = TPM2_ALG_NULL,
			.keyBits = (uint16_t)EVP_PKEY_get_bits(pkey)}};
	BIGNUM *n = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	area.unique.rsa.size = (uint16_t)BN_bn2bin(n, area.unique.rsa.buffer);
	BN_free(n);
	return area;
}

static TPMT_PUBLIC ecc_public(EVP_PKEY *pkey, size_t coordinate)
{
	TPMT_PUBLIC area = {.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.parameters.eccDetail = {.symmetric.algorithm = TPM2_ALG_NULL,
			.scheme.scheme = TPM2_ALG_NULL,
			.curveID = coordinate == 32 ? TPM2_ECC_NIST_P256 : TPM2_ECC_NIST_P384,
			.kdf.scheme = TPM2_ALG_NULL}};
	TPMS_ECC_POINT *unique = &area.unique.ecc;
	uint8_t point[97];
	size_t size;

	assert_int_equal(EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
				 point, sizeof(point), &size),
		1);
	unique->x.size = unique->y.size = (uint16_t)coordinate;
	memcpy(unique->x.buffer, point + 1, coordinate);
	memcpy(unique->y.buffer, point + 1 + coordinate, coordinate);
	return area;
}

static enum reason load(struct key *key, const TPMT_PUBLIC *area)
{
	struct bytes encoded = marshal(area);

	fault = (struct fault){0};
	if (key_load(key, &encoded, "key", &fault))
		assert_int_equal(key->name_size, 2 + DIGEST_SIZE);
	bytes_free(&encoded);
	return fault.reason;
}

static size_t sign(EVP_PKEY *pkey, const EVP_MD *md, bool pss, uint8_t *out, size_t room)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	size_t size = room;

	assert_int_equal(EVP_DigestSignInit(ctx, &pctx, md, NULL, pkey), 1);
	if (pss) {
		EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST);
	}
	assert_int_equal(EVP_DigestSign(ctx, out, &size, message.data, message.size), 1);
	EVP_MD_CTX_free(ctx);
	return size;
}

static enum reason verify(const TPMT_SIGNATURE *tpm, const struct key *key)
{
	struct quote_signature signature;
	uint8_t encoded[1024];
	struct bytes bytes = {.data = encoded};

	assert_int_equal(
		Tss2_MU_TPMT_SIGNATURE_Marshal(tpm, encoded, sizeof(encoded), &bytes.size), 0);
	fault = (struct fault){0};
	if (quote_parse_signature(&signature, &bytes, key, &fault))
		(void)quote_check_signature(&signature, &message, key, &fault);
	return fault.reason;
}

static TPMT_SIGNATURE rsa_signature(EVP_PKEY *pkey, bool pss)
{
	TPMT_SIGNATURE tpm = {.sigAlg = pss ? TPM2_ALG_RSAPSS : TPM2_ALG_RSASSA};

	tpm.signature.rsassa.hash = TPM2_ALG_SHA256;
	tpm.signature.rsassa.sig.size = (uint16_t)sign(pkey, EVP_sha256(), pss,
		tpm.signature.rsassa.sig.buffer, sizeof(tpm.signature.rsassa.sig.buffer));
	return tpm;
}

static void verifies_rsa(void **state)
{
	EVP_PKEY *pkey = EVP_RSA_gen(2048);
	TPMT_PUBLIC area = rsa_public(pkey);
	TPMT_SIGNATURE tpm;
	struct key key;

	assert_int_equal(load(&key, &area), REASON_NONE);
	for (int pss = 0; pss < 2; pss++) {
		tpm = rsa_signature(pkey, pss);
		assert_int_equal(verify(&tpm, &key), REASON_NONE);
		tpm.signature.rsassa.sig.buffer[7] ^= 1;
		assert_int_equal(verify(&tpm, &key), REASON_BAD_SIGNATURE);
	}
	/* One padding does not pass for the other. */
	tpm = rsa_signature(pkey, true);
	tpm.sigAlg = TPM2_ALG_RSASSA;
	assert_int_equal(verify(&tpm, &key), REASON_BAD_SIGNATURE);
	tpm = (TPMT_SIGNATURE){.sigAlg = TPM2_ALG_HMAC, .signature.hmac.hashAlg = TPM2_ALG_SHA256};
	assert_int_equal(verify(&tpm, &key), REASON_ALGORITHM);
	key_free(&key);
	EVP_PKEY_free(pkey);
}

static TPMT_SIGNATURE ecc_signature(EVP_PKEY *pkey, const EVP_MD *md, TPMI_ALG_HASH hash)
{
	TPMT_SIGNATURE tpm = {.sigAlg = TPM2_ALG_ECDSA};
	TPMS_SIGNATURE_ECC *ecdsa = &tpm.signature.ecdsa;
	uint8_t der[160];
	const uint8_t *p = der;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)sign(pkey, md, false, der, sizeof(der)));

	ecdsa->hash = hash;
	ecdsa->signatureR.size =
		(uint16_t)BN_bn2bin(ECDSA_SIG_get0_r(sig), ecdsa->signatureR.buffer);
	ecdsa->signatureS.size =
		(uint16_t)BN_bn2bin(ECDSA_SIG_get0_s(sig), ecdsa->signatureS.buffer);
	ECDSA_SIG_free(sig);
	return tpm;
}

static void verifies_ecdsa(void **state)
{
	EVP_PKEY *p256 = EVP_EC_gen("P-256"), *p384 = EVP_EC_gen("P-384");
	TPMT_PUBLIC area = ecc_public(p384, 48);
	TPMT_SIGNATURE tpm = ecc_signature(p384, EVP_sha384(), TPM2_ALG_SHA384);
	struct key key;

	assert_int_equal(load(&key, &area), REASON_NONE);
	assert_int_equal(verify(&tpm, &key), REASON_NONE);
	tpm.signature.ecdsa.hash = TPM2_ALG_SHA256;
	assert_int_equal(verify(&tpm, &key), REASON_BAD_SIGNATURE);
	tpm.signature.ecdsa.hash = TPM2_ALG_SHA1;
	assert_int_equal(verify(&tpm, &key), REASON_ALGORITHM);
	tpm = ecc_signature(p256, EVP_sha256(), TPM2_ALG_SHA256);
	assert_int_equal(verify(&tpm, &key), REASON_BAD_SIGNATURE);
	tpm.signature.ecdsa.signatureR.size = tpm.signature.ecdsa.signatureS.size = 0;
	assert_int_equal(verify(&tpm, &key), REASON_BAD_SIGNATURE);
	key_free(&key);
	EVP_PKEY_free(p256);
	EVP_PKEY_free(p384);
}

static void refuses_a_scheme_of_another_key_type(void **state)
{
	EVP_PKEY *ec = EVP_EC_gen("P-256"), *rsa = EVP_RSA_gen(2048);
	TPMT_PUBLIC area = ecc_public(ec, 32);
	TPMT_SIGNATURE tpm = rsa_signature(rsa, false);
	struct key key;

	assert_int_equal(load(&key, &area), REASON_NONE);
	assert_int_equal(verify(&tpm, &key), REASON_ALGORITHM);
	key_free(&key);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(rsa);
}

static void refuses_weak_or_broken_keys(void **state)
{
	EVP_PKEY *rsa = EVP_RSA_gen(1024), *ec = EVP_EC_gen("P-256");
	TPMT_PUBLIC area = rsa_public(rsa);
	struct bytes encoded;
	struct key key;

	assert_int_equal(load(&key, &area), REASON_ALGORITHM);
	area = ecc_public(ec, 32);
	area.nameAlg = TPM2_ALG_SHA1;
	assert_int_equal(load(&key, &area), REASON_ALGORITHM);
	area = ecc_public(ec, 32);
	area.unique.ecc.x.buffer[5] ^= 1; /* no point of the curve */
	assert_int_equal(load(&key, &area), REASON_ALGORITHM);
	area = ecc_public(ec, 32);
	area.parameters.eccDetail.curveID = TPM2_ECC_NIST_P521;
	assert_int_equal(load(&key, &area), REASON_ALGORITHM);
	area = ecc_public(ec, 32);
	encoded = marshal(&area);
	encoded.size--;
	assert_false(key_load(&key, &encoded, "key", &fault));
	assert_int_equal(fault.reason, REASON_MALFORMED);
	encoded.data[1]--;
	assert_false(key_load(&key, &encoded, "key", &fault));
	assert_int_equal(fault.reason, REASON_MALFORMED);
	bytes_free(&encoded);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
}

static void tells_the_hierarchy_by_the_qualified_name(void **state)
{
	EVP_PKEY *a = EVP_EC_gen("P-256"), *b = EVP_EC_gen("P-256");
	TPMT_PUBLIC area_a = ecc_public(a, 32), area_b = ecc_public(b, 32);
	struct quote quote = {0};
	struct key child, parent;

	area_a.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
				  TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_RESTRICTED |
				  TPMA_OBJECT_SIGN_ENCRYPT;
	assert_int_equal(load(&child, &area_a), REASON_NONE);
	assert_int_equal(load(&parent, &area_b), REASON_NONE);
	quote.signer_size = key_qualified_name(&child, &parent, quote.signer);
	assert_true(quote_check_key(&quote, &child, &parent, &fault));
	assert_false(quote_check_key(&quote, &child, NULL, &fault));
	assert_int_equal(fault.reason, REASON_UNKNOWN_KEY);
	quote.signer_size = key_qualified_name(&child, NULL, quote.signer);
	assert_true(quote_check_key(&quote, &child, &parent, &fault));
	quote.signer_size = 0;
	assert_false(quote_check_key(&quote, &child, &parent, &fault));
	key_free(&child);
	key_free(&parent);
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verifies_rsa),
		cmocka_unit_test(verifies_ecdsa),
		cmocka_unit_test(refuses_a_scheme_of_another_key_type),
		cmocka_unit_test(refuses_weak_or_broken_keys),
		cmocka_unit_test(tells_the_hierarchy_by_the_qualified_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
