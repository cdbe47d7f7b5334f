/*
 * What OpenSSL has signed and verified, remembered: it takes longer than all else in targets where
 * most inputs have signatures of others before them. Linked with -Wl,--wrap=EVP_DigestSign and
 * -Wl,--wrap=EVP_DigestVerify. What is remembered is what OpenSSL said of the same key, digest,
 * padding, message and signature, so nothing is judged otherwise; a message is signed once.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES       16384u
#define SIGNATURE_MAX 512u

/* The names that the linker gives. */
int __real_EVP_DigestSign(
	EVP_MD_CTX *ctx, uint8_t *to, size_t *room, const uint8_t *message, size_t bytes);
int __wrap_EVP_DigestSign(
	EVP_MD_CTX *ctx, uint8_t *to, size_t *room, const uint8_t *message, size_t bytes);
int __real_EVP_DigestVerify(EVP_MD_CTX *ctx, const uint8_t *signature, size_t signature_bytes,
	const uint8_t *message, size_t bytes);
int __wrap_EVP_DigestVerify(EVP_MD_CTX *ctx, const uint8_t *signature, size_t signature_bytes,
	const uint8_t *message, size_t bytes);

static struct verified {
	uint8_t of[32];
	bool known;
	int result;
} verified[ENTRIES];

static struct signature {
	uint8_t of[32], bytes[SIGNATURE_MAX];
	size_t size; /* 0: none */
} signatures[ENTRIES / 4];

static void need(bool it)
{
	if (!it)
		abort();
}

static size_t put_number(const EVP_PKEY *key, const char *name, uint8_t *to, size_t room)
{
	BIGNUM *n = NULL;
	size_t bytes;

	need(EVP_PKEY_get_bn_param(key, name, &n) == 1 && (size_t)BN_num_bytes(n) <= room);
	bytes = (size_t)BN_bn2bin(n, to);
	BN_free(n);
	return bytes;
}

/* The key's public half: a point, or exponent and modulus. */
static size_t public_half(const EVP_PKEY *key, uint8_t *to, size_t room)
{
	size_t bytes = 0;

	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
		need(EVP_PKEY_get_octet_string_param(
			     key, OSSL_PKEY_PARAM_PUB_KEY, to, room, &bytes) == 1);
		return bytes;
	}
	bytes = put_number(key, OSSL_PKEY_PARAM_RSA_E, to, room);
	return bytes + put_number(key, OSSL_PKEY_PARAM_RSA_N, to + bytes, room - bytes);
}

/* SHA-256 of all that a result depends on. */
static void name(EVP_MD_CTX *ctx, const uint8_t *signature, size_t signature_bytes,
	const uint8_t *message, size_t bytes, uint8_t digest[32])
{
	static EVP_MD_CTX *hash;
	static EVP_MD *sha256;
	EVP_PKEY_CTX *with = EVP_MD_CTX_get_pkey_ctx(ctx);
	EVP_PKEY *key = EVP_PKEY_CTX_get0_pkey(with);
	uint8_t half[1024] = {0};
	struct {
		size_t key, signature;
		int padding, md;
	} head = {.signature = signature_bytes, .md = EVP_MD_get_type(EVP_MD_CTX_get0_md(ctx))};

	head.key = public_half(key, half, sizeof(half));
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
		need(EVP_PKEY_CTX_get_rsa_padding(with, &head.padding) > 0);
	if (!hash) {
		hash = EVP_MD_CTX_new();
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	}
	need(hash && EVP_DigestInit_ex(hash, sha256, NULL) == 1 &&
		EVP_DigestUpdate(hash, &head, sizeof(head)) == 1 &&
		EVP_DigestUpdate(hash, half, head.key) == 1 &&
		EVP_DigestUpdate(hash, signature, signature_bytes) == 1 &&
		EVP_DigestUpdate(hash, message, bytes) == 1 &&
		EVP_DigestFinal_ex(hash, digest, NULL) == 1);
}

static unsigned place(const uint8_t digest[32], unsigned of)
{
	return (digest[0] | (unsigned)digest[1] << 8) % of;
}

int __wrap_EVP_DigestSign(
	EVP_MD_CTX *ctx, uint8_t *to, size_t *room, const uint8_t *message, size_t bytes)
{
	struct signature *known;
	uint8_t digest[32];
	int result;

	if (!to)
		return __real_EVP_DigestSign(ctx, to, room, message, bytes);
	name(ctx, NULL, 0, message, bytes, digest);
	known = &signatures[place(digest, ENTRIES / 4)];
	if (known->size && known->size <= *room && memcmp(known->of, digest, 32) == 0) {
		memcpy(to, known->bytes, known->size);
		*room = known->size;
		return 1;
	}
	result = __real_EVP_DigestSign(ctx, to, room, message, bytes);
	if (result == 1 && *room <= SIGNATURE_MAX) {
		memcpy(known->of, digest, 32);
		memcpy(known->bytes, to, *room);
		known->size = *room;
	}
	return result;
}

int __wrap_EVP_DigestVerify(EVP_MD_CTX *ctx, const uint8_t *signature, size_t signature_bytes,
	const uint8_t *message, size_t bytes)
{
	struct verified *known;
	uint8_t digest[32];

	name(ctx, signature, signature_bytes, message, bytes, digest);
	known = &verified[place(digest, ENTRIES)];
	if (!known->known || memcmp(known->of, digest, 32) != 0) {
		known->result =
			__real_EVP_DigestVerify(ctx, signature, signature_bytes, message, bytes);
		known->known = true;
		memcpy(known->of, digest, 32);
	}
	return known->result;
}
