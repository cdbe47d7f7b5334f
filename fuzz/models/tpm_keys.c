#include "fuzz/models/tpm_keys.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>

EVP_PKEY *tpm_key_pair(enum tpm_key kind, unsigned number)
{
	static EVP_PKEY *pairs[TPM_KEY_COUNT][TPM_KEYS_EACH];
	EVP_PKEY **pair = &pairs[kind][number];

	if (*pair)
		return *pair;
	if (kind == TPM_KEY_RSA)
		*pair = EVP_RSA_gen(2048);
	else
		*pair = EVP_EC_gen(kind == TPM_KEY_P256 ? "P-256" : "P-384");
	if (!*pair)
		abort();
	return *pair;
}

static void put_modulus(EVP_PKEY *pkey, TPMT_PUBLIC *area)
{
	BIGNUM *n = NULL;

	area->type = TPM2_ALG_RSA;
	area->parameters.rsaDetail.keyBits = (uint16_t)EVP_PKEY_get_bits(pkey);
	area->parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1)
		abort();
	area->unique.rsa.size = (uint16_t)BN_bn2bin(n, area->unique.rsa.buffer);
	BN_free(n);
}

static void put_point(EVP_PKEY *pkey, TPMT_PUBLIC *area)
{
	TPMS_ECC_POINT *unique = &area->unique.ecc;
	uint8_t point[97];
	size_t size;

	area->type = TPM2_ALG_ECC;
	area->parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
	area->parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
	if (EVP_PKEY_get_octet_string_param(
		    pkey, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, sizeof(point), &size) != 1)
		abort();
	area->parameters.eccDetail.curveID = size == 65 ? TPM2_ECC_NIST_P256 : TPM2_ECC_NIST_P384;
	unique->x.size = unique->y.size = (uint16_t)(size / 2);
	memcpy(unique->x.buffer, point + 1, size / 2);
	memcpy(unique->y.buffer, point + 1 + size / 2, size / 2);
}

TPMT_PUBLIC tpm_key_public(EVP_PKEY *pkey, TPMA_OBJECT attributes)
{
	TPMT_PUBLIC area = {.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = attributes,
		.parameters.asymDetail.symmetric = {
			.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB}};

	if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA)
		put_modulus(pkey, &area);
	else
		put_point(pkey, &area);
	return area;
}

struct bytes tpm_key_encode(const TPMT_PUBLIC *area)
{
	TPM2B_PUBLIC public = {.publicArea = *area};
	uint8_t encoded[1024];
	size_t offset = 0;

	if (Tss2_MU_TPM2B_PUBLIC_Marshal(&public, encoded, sizeof(encoded), &offset) != 0)
		abort();
	return bytes_copy(encoded, offset);
}
