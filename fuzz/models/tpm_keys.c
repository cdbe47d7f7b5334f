#define OPENSSL_SUPPRESS_DEPRECATED /* RAND_METHOD */
#include "fuzz/models/tpm_keys.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>

/* Numbers that are the same in each run, and so are the keys: what one finds, all do. */
static uint64_t seed;

static int same_bytes(unsigned char *to, int size)
{
	for (int i = 0; i < size; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		to[i] = (unsigned char)(seed >> 56);
	}
	return 1;
}

static int same_status(void)
{
	return 1;
}

EVP_PKEY *tpm_key_pair(enum tpm_key kind, unsigned number)
{
	static const RAND_METHOD same = {
		.bytes = same_bytes, .pseudorand = same_bytes, .status = same_status};
	static EVP_PKEY *pairs[TPM_KEY_COUNT][TPM_KEYS_EACH];
	EVP_PKEY **pair = &pairs[kind][number];

	if (*pair)
		return *pair;
	seed = kind * TPM_KEYS_EACH + number;
	RAND_set_rand_method(&same);
	if (kind == TPM_KEY_RSA)
		*pair = EVP_RSA_gen(2048);
	else
		*pair = EVP_EC_gen(kind == TPM_KEY_P256 ? "P-256" : "P-384");
	RAND_set_rand_method(NULL);
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
