#include "verifier/key.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <string.h>
#include <tss2/tss2_mu.h>

const EVP_MD *key_hash(TPMI_ALG_HASH alg)
{
	switch (alg) {
	case TPM2_ALG_SHA256:
		return sha256_method();
	case TPM2_ALG_SHA384:
		return EVP_sha384();
	default:
		return NULL;
	}
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *builder)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY *pkey = NULL;

	if (ctx && params && EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static EVP_PKEY *rsa_pkey(const TPMT_PUBLIC *public)
{
	uint32_t exponent = public->parameters.rsaDetail.exponent;
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(public->unique.rsa.buffer, public->unique.rsa.size, NULL);
	BIGNUM *e = BN_new();
	EVP_PKEY *pkey = NULL;

	/* Exponent zero stands for the default (Part 2, section 12.2.3.5). */
	if (builder && n && e && BN_set_word(e, exponent ? exponent : 65537) == 1 &&
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		pkey = from_params("RSA", builder);
	OSSL_PARAM_BLD_free(builder);
	BN_free(n);
	BN_free(e);
	return pkey;
}

static EVP_PKEY *ecc_pkey(const TPMT_PUBLIC *public)
{
	bool p256 = public->parameters.eccDetail.curveID == TPM2_ECC_NIST_P256;
	const char *group = p256 ? "P-256" : "P-384";
	size_t size = p256 ? 32 : 48;
	const TPMS_ECC_POINT *point = &public->unique.ecc;
	OSSL_PARAM_BLD *builder;
	EVP_PKEY *pkey = NULL;
	uint8_t encoded[97] = {4}; /* SEC 1: uncompressed */

	/* A TPM may leave out leading zeroes of a coordinate. */
	if (point->x.size > size || point->y.size > size)
		return NULL;
	memcpy(encoded + 1 + size - point->x.size, point->x.buffer, point->x.size);
	memcpy(encoded + 1 + 2 * size - point->y.size, point->y.buffer, point->y.size);
	builder = OSSL_PARAM_BLD_new();
	if (builder &&
		OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) ==
			1 &&
		OSSL_PARAM_BLD_push_octet_string(
			builder, OSSL_PKEY_PARAM_PUB_KEY, encoded, 1 + 2 * size) == 1)
		pkey = from_params("EC", builder);
	OSSL_PARAM_BLD_free(builder);
	return pkey;
}

static EVP_PKEY *make_pkey(const TPMT_PUBLIC *public)
{
	if (public->type == TPM2_ALG_RSA && public->unique.rsa.size >= 256)
		return rsa_pkey(public);
	if (public->type == TPM2_ALG_ECC &&
		(public->parameters.eccDetail.curveID == TPM2_ECC_NIST_P256 ||
			public->parameters.eccDetail.curveID == TPM2_ECC_NIST_P384))
		return ecc_pkey(public);
	return NULL;
}

/* name = nameAlg || H(area) */
static size_t hash_name(uint8_t name[KEY_NAME_MAX], TPMI_ALG_HASH alg, const void *a, size_t a_size,
	const void *b, size_t b_size)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned int size = 0;

	name[0] = (uint8_t)(alg >> 8);
	name[1] = (uint8_t)alg;
	if (!ctx || EVP_DigestInit_ex(ctx, key_hash(alg), NULL) != 1 ||
		EVP_DigestUpdate(ctx, a, a_size) != 1 || EVP_DigestUpdate(ctx, b, b_size) != 1 ||
		EVP_DigestFinal_ex(ctx, name + 2, &size) != 1)
		size = 0;
	EVP_MD_CTX_free(ctx);
	return size ? size + 2 : 0;
}

bool key_load(struct key *key, const struct bytes *encoded, const char *what, struct fault *fault)
{
	size_t offset = 2, size;

	memset(key, 0, sizeof(*key));
	if (encoded->size < 2)
		return fault_set(fault, REASON_MALFORMED, "%s: shorter than a TPM2B_PUBLIC", what);
	size = (size_t)encoded->data[0] << 8 | encoded->data[1];
	if (size + 2 > encoded->size)
		return fault_set(fault, REASON_MALFORMED, "%s: TPM2B_PUBLIC ends early", what);
	if (size + 2 < encoded->size)
		return fault_set(
			fault, REASON_TRAILING_BYTES, "%s: bytes after TPM2B_PUBLIC", what);
	if (Tss2_MU_TPMT_PUBLIC_Unmarshal(encoded->data, encoded->size, &offset, &key->public) !=
		TSS2_RC_SUCCESS)
		return fault_set(fault, REASON_MALFORMED, "%s: not a TPMT_PUBLIC", what);
	if (offset != encoded->size)
		return fault_set(fault, REASON_TRAILING_BYTES, "%s: bytes after TPMT_PUBLIC", what);
	if (!key_hash(key->public.nameAlg)) {
		fault_set(fault, REASON_ALGORITHM, "%s: name algorithm", what);
		return fault_found(fault, "0x%x", key->public.nameAlg);
	}
	key->pkey = make_pkey(&key->public);
	if (!key->pkey) {
		fault_set(fault, REASON_ALGORITHM, "%s: key type, size, curve or point", what);
		fault_expected(fault, "RSA of 2048 bits or more, P-256 or P-384");
		return fault_found(fault, "type 0x%x", key->public.type);
	}
	key->name_size =
		hash_name(key->name, key->public.nameAlg, encoded->data + 2, size, NULL, 0);
	return true;
}

void key_free(struct key *key)
{
	EVP_PKEY_free(key->pkey);
	key->pkey = NULL;
}

static bool check_attributes(const struct key *key, const char *what, TPMA_OBJECT wanted,
	TPMA_OBJECT unwanted, struct fault *fault)
{
	TPMA_OBJECT have = key->public.objectAttributes;

	if ((have & wanted) == wanted && !(have & unwanted))
		return true;
	fault_set(fault, REASON_KEY_ATTRIBUTES, "%s: TPMA_OBJECT", what);
	fault_expected(fault, "0x%08x set and 0x%08x clear", wanted, unwanted);
	return fault_found(fault, "0x%08x", have);
}

#define BORN_AND_BOUND                                                                      \
	(TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | \
		TPMA_OBJECT_RESTRICTED)

bool key_check_attestation(const struct key *key, struct fault *fault)
{
	return check_attributes(key, "attestation key", BORN_AND_BOUND | TPMA_OBJECT_SIGN_ENCRYPT,
		TPMA_OBJECT_DECRYPT, fault);
}

bool key_check_endorsement(const struct key *key, struct fault *fault)
{
	return check_attributes(key, "endorsement key", BORN_AND_BOUND | TPMA_OBJECT_DECRYPT,
		TPMA_OBJECT_SIGN_ENCRYPT, fault);
}

size_t key_qualified_name(
	const struct key *key, const struct key *parent, uint8_t name[KEY_NAME_MAX])
{
	/* A primary's parent is the hierarchy, whose qualified name is its handle. */
	static const uint8_t endorsement[4] = {0x40, 0x00, 0x00, 0x0b};
	uint8_t parent_name[KEY_NAME_MAX];
	size_t parent_size;

	if (!parent)
		return hash_name(name, key->public.nameAlg, endorsement, sizeof(endorsement),
			key->name, key->name_size);
	parent_size = key_qualified_name(parent, NULL, parent_name);
	return hash_name(
		name, key->public.nameAlg, parent_name, parent_size, key->name, key->name_size);
}
