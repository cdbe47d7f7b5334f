#include "verifier/credential.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <string.h>

#define SEED_MAX      EVP_MAX_MD_SIZE /* whatever key_hash() may come to know */
#define ENCRYPTED_MAX 600u

static void put_be16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* KDFa, Part 1 section 11.4.10.2: SP 800-108 in counter mode with HMAC; label without its zero. */
static bool kdfa(const EVP_MD *md, const uint8_t *seed, size_t seed_size, const char *label,
	const uint8_t *context, size_t context_size, uint8_t *key, size_t key_size)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "KBKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_MAC, (char *)"HMAC", 0),
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)EVP_MD_get0_name(md), 0),
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_MODE, (char *)"COUNTER", 0),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, (void *)seed, seed_size),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, (void *)label, strlen(label)),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, (void *)context, context_size),
		OSSL_PARAM_END,
	};
	bool ok = ctx && EVP_KDF_derive(ctx, key, key_size, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok;
}

/* KDFe, Part 1 section 11.4.10.3, for one block: H(1 || Z || label with zero || PartyU || PartyV).
 */
static bool kdfe(const EVP_MD *md, const uint8_t *z, const uint8_t *u, const uint8_t *v,
	size_t coordinate, uint8_t *seed)
{
	static const uint8_t counter[4] = {0, 0, 0, 1};
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestInit_ex(ctx, md, NULL) == 1 &&
		  EVP_DigestUpdate(ctx, counter, sizeof(counter)) == 1 &&
		  EVP_DigestUpdate(ctx, z, coordinate) == 1 &&
		  EVP_DigestUpdate(ctx, "IDENTITY", sizeof("IDENTITY")) == 1 &&
		  EVP_DigestUpdate(ctx, u, coordinate) == 1 &&
		  EVP_DigestUpdate(ctx, v, coordinate) == 1 &&
		  EVP_DigestFinal_ex(ctx, seed, NULL) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

/* A random seed under RSA-OAEP with the label "IDENTITY", its zero byte included. */
static bool seed_by_rsa(const struct key *ek, const EVP_MD *md, uint8_t *seed, size_t seed_size,
	uint8_t *out, size_t *out_size)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ek->pkey, NULL);
	void *label = OPENSSL_memdup("IDENTITY", sizeof("IDENTITY"));
	size_t size = ENCRYPTED_MAX;
	bool ok = ctx && label && RAND_bytes(seed, (int)seed_size) == 1 &&
		  EVP_PKEY_encrypt_init(ctx) == 1 &&
		  EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
		  EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 &&
		  EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1;

	/* The context owns the label once it is set. */
	if (!ok || EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, sizeof("IDENTITY")) != 1) {
		OPENSSL_free(label);
		ok = false;
	}
	ok = ok && EVP_PKEY_encrypt(ctx, out, &size, seed, seed_size) == 1;
	*out_size = size;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

/* The x coordinate of a key, and y behind it. */
static bool coordinates(EVP_PKEY *pkey, uint8_t *xy, size_t coordinate)
{
	uint8_t point[1 + 2 * SEED_MAX];
	size_t size = 0;

	if (EVP_PKEY_get_octet_string_param(
		    pkey, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, sizeof(point), &size) != 1 ||
		size != 1 + 2 * coordinate || point[0] != 4)
		return false;
	memcpy(xy, point + 1, 2 * coordinate);
	return true;
}

/*
 * One-pass ECDH with an ephemeral key, which travels as a TPMS_ECC_POINT. The EK is not looked at
 * again: key_load() takes no point that is not of its curve, and these have no other group.
 */
static bool seed_by_ecdh(
	const struct key *ek, const EVP_MD *md, uint8_t *seed, uint8_t *out, size_t *out_size)
{
	bool p256 = ek->public.parameters.eccDetail.curveID == TPM2_ECC_NIST_P256;
	size_t coordinate = p256 ? 32 : 48, z_size = SEED_MAX;
	uint8_t own[2 * SEED_MAX], theirs[2 * SEED_MAX], z[SEED_MAX];
	EVP_PKEY *ephemeral = EVP_EC_gen(p256 ? "P-256" : "P-384");
	EVP_PKEY_CTX *ctx = ephemeral ? EVP_PKEY_CTX_new(ephemeral, NULL) : NULL;
	bool ok = ctx && coordinates(ephemeral, own, coordinate) &&
		  coordinates(ek->pkey, theirs, coordinate) && EVP_PKEY_derive_init(ctx) == 1 &&
		  EVP_PKEY_derive_set_peer_ex(ctx, ek->pkey, 0) == 1 &&
		  EVP_PKEY_derive(ctx, z, &z_size) == 1 && z_size == coordinate &&
		  kdfe(md, z, own, theirs, coordinate, seed);

	if (ok) {
		put_be16(out, coordinate);
		memcpy(out + 2, own, coordinate);
		put_be16(out + 2 + coordinate, coordinate);
		memcpy(out + 4 + coordinate, own + coordinate, coordinate);
		*out_size = 4 + 2 * coordinate;
	}
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(ephemeral);
	OPENSSL_cleanse(z, sizeof(z));
	return ok;
}

static bool encrypt_cfb(const EVP_CIPHER *cipher, const uint8_t *key, uint8_t *data, size_t size)
{
	static const uint8_t zero_iv[16];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int done = 0;
	bool ok = ctx && EVP_EncryptInit_ex(ctx, cipher, NULL, key, zero_iv) == 1 &&
		  EVP_EncryptUpdate(ctx, data, &done, data, (int)size) == 1 && (size_t)done == size;

	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static bool hmac_two(const EVP_MD *md, const uint8_t *key, size_t key_size, const uint8_t *a,
	size_t a_size, const uint8_t *b, size_t b_size, uint8_t *mac)
{
	uint8_t both[2 + CREDENTIAL_SECRET_SIZE + KEY_NAME_MAX];

	if (a_size + b_size > sizeof(both))
		return false;
	memcpy(both, a, a_size);
	memcpy(both + a_size, b, b_size);
	return HMAC(md, key, (int)key_size, both, a_size + b_size, mac, NULL) != NULL;
}

/* TPM2B_ID_OBJECT: size, TPM2B_DIGEST with the outer HMAC, the encrypted TPM2B_DIGEST. */
static bool seal(struct credential *credential, const EVP_MD *md, const EVP_CIPHER *cipher,
	const uint8_t *seed, const uint8_t *name, size_t name_size)
{
	size_t digest = (size_t)EVP_MD_get_size(md);
	uint8_t identity[2 + CREDENTIAL_SECRET_SIZE], storage[32], integrity[SEED_MAX];
	uint8_t object[4 + SEED_MAX + sizeof(identity)];

	put_be16(identity, CREDENTIAL_SECRET_SIZE);
	memcpy(identity + 2, credential->secret, CREDENTIAL_SECRET_SIZE);
	if (!kdfa(md, seed, digest, "STORAGE", name, name_size, storage,
		    (size_t)EVP_CIPHER_get_key_length(cipher)) ||
		!encrypt_cfb(cipher, storage, identity, sizeof(identity)) ||
		!kdfa(md, seed, digest, "INTEGRITY", NULL, 0, integrity, digest) ||
		!hmac_two(md, integrity, digest, identity, sizeof(identity), name, name_size,
			object + 4))
		return false;
	put_be16(object, 2 + digest + sizeof(identity));
	put_be16(object + 2, digest);
	memcpy(object + 4 + digest, identity, sizeof(identity));
	credential->blob = bytes_copy(object, 4 + digest + sizeof(identity));
	return true;
}

static const EVP_CIPHER *storage_cipher(const struct key *ek)
{
	const TPMT_SYM_DEF_OBJECT *sym = &ek->public.parameters.asymDetail.symmetric;

	if (sym->algorithm != TPM2_ALG_AES || sym->mode.aes != TPM2_ALG_CFB)
		return NULL;
	if (sym->keyBits.aes == 128)
		return EVP_aes_128_cfb128();
	return sym->keyBits.aes == 256 ? EVP_aes_256_cfb128() : NULL;
}

bool credential_make(struct credential *credential, const struct key *ek, const uint8_t *name,
	size_t name_size, struct fault *fault)
{
	const EVP_MD *md = key_hash(ek->public.nameAlg);
	const EVP_CIPHER *cipher = storage_cipher(ek);
	uint8_t seed[SEED_MAX], encrypted[2 + ENCRYPTED_MAX];
	size_t size = 0;
	bool ok;

	memset(credential, 0, sizeof(*credential));
	if (!md) /* key_load() takes no such key */
		return fault_set(fault, REASON_ALGORITHM, "endorsement key: name algorithm");
	if (!cipher)
		return fault_set(fault, REASON_ALGORITHM, "endorsement key: not AES-CFB storage");
	ok = RAND_bytes(credential->secret, sizeof(credential->secret)) == 1;
	if (ek->public.type == TPM2_ALG_RSA)
		ok = ok &&
		     seed_by_rsa(ek, md, seed, (size_t)EVP_MD_get_size(md), encrypted + 2, &size);
	else
		ok = ok && seed_by_ecdh(ek, md, seed, encrypted + 2, &size);
	ok = ok && seal(credential, md, cipher, seed, name, name_size);
	OPENSSL_cleanse(seed, sizeof(seed));
	if (!ok) {
		credential_free(credential);
		return fault_set(
			fault, REASON_ALGORITHM, "endorsement key: no credential could be made");
	}
	put_be16(encrypted, size);
	credential->encrypted = bytes_copy(encrypted, size + 2);
	return true;
}

void credential_free(struct credential *credential)
{
	OPENSSL_cleanse(credential->secret, sizeof(credential->secret));
	bytes_free(&credential->blob);
	bytes_free(&credential->encrypted);
}
