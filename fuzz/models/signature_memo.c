/*
 * Signatures without the arithmetic, which takes longer than all else in targets that sign and
 * verify. Linked with -Wl,--wrap=EVP_DigestSign and -Wl,--wrap=EVP_DigestVerify. One message in
 * REAL is signed by OpenSSL, once; for the others the signature is a digest of key, hash, padding
 * and message, as long as a real one and with a mark at its end, and is good for just these. What
 * has no mark goes to OpenSSL, once: what it said of the same key, hash, padding, message and
 * signature is remembered. So nothing is judged otherwise than by a scheme that nobody can forge.
 */
#include "fuzz/models/signature_memo.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REAL          64u
#define ENTRIES       16384u
#define SIGNATURE_MAX 512u
#define MARK          "no sum."
#define KEY_MAX       1024u
#define COORDINATE    66u /* at most */

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

/* Kept with a key as long as it is there: to get at its public half takes long. */
struct half {
	uint8_t digest[32];
	size_t bytes; /* of the modulus or a coordinate */
	bool rsa;
};

struct named {
	uint8_t digest[32]; /* of all that a result depends on but the signature */
	const struct half *key;
};

static void need(bool it)
{
	if (!it)
		abort();
}

static void sha256(uint8_t digest[32], const void *data, size_t bytes)
{
	static EVP_MD_CTX *hash;
	static EVP_MD *method;

	if (!hash) {
		hash = EVP_MD_CTX_new();
		method = EVP_MD_fetch(NULL, "SHA256", NULL);
	}
	need(hash && EVP_DigestInit_ex(hash, method, NULL) == 1 &&
		EVP_DigestUpdate(hash, data, bytes) == 1 &&
		EVP_DigestFinal_ex(hash, digest, NULL) == 1);
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

static void free_half(void *key, void *half, CRYPTO_EX_DATA *all, int slot, long a, void *b)
{
	free(half);
}

static const struct half *half_of(EVP_PKEY *key)
{
	static int slot = -1;
	uint8_t bytes[KEY_MAX];
	struct half *half;

	if (slot < 0)
		slot = EVP_PKEY_get_ex_new_index(0, NULL, NULL, NULL, free_half);
	half = EVP_PKEY_get_ex_data(key, slot);
	if (half)
		return half;
	half = malloc(sizeof(*half));
	need(half && EVP_PKEY_set_ex_data(key, slot, half) == 1);
	half->rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	half->bytes = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
	sha256(half->digest, bytes, public_half(key, bytes, sizeof(bytes)));
	return half;
}

void signature_memo_know(EVP_PKEY *key)
{
	half_of(key);
}

static struct named name(EVP_MD_CTX *ctx, const uint8_t *message, size_t bytes)
{
	EVP_PKEY_CTX *with = EVP_MD_CTX_get_pkey_ctx(ctx);
	struct named named = {.key = half_of(EVP_PKEY_CTX_get0_pkey(with))};
	struct {
		uint8_t key[32], message[32];
		int padding, md;
	} all = {.md = EVP_MD_get_type(EVP_MD_CTX_get0_md(ctx))};

	memcpy(all.key, named.key->digest, sizeof(all.key));
	if (named.key->rsa)
		need(EVP_PKEY_CTX_get_rsa_padding(with, &all.padding) > 0);
	sha256(all.message, message, bytes);
	sha256(named.digest, &all, sizeof(all));
	return named;
}

static void fill(uint8_t *to, size_t bytes, const uint8_t digest[32], unsigned part)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] = (uint8_t)(digest[i % 32] ^ (i / 32 + part) * 0x35);
}

static size_t marked(const struct named *of, uint8_t *to)
{
	uint8_t r[COORDINATE], s[COORDINATE];
	ECDSA_SIG *both;
	int size;

	if (of->key->rsa) {
		need(of->key->bytes <= SIGNATURE_MAX);
		fill(to, of->key->bytes, of->digest, 0);
		memcpy(to + of->key->bytes - sizeof(MARK), MARK, sizeof(MARK));
		return of->key->bytes;
	}
	need(of->key->bytes <= COORDINATE);
	fill(r, of->key->bytes, of->digest, 0);
	fill(s, of->key->bytes, of->digest, 1);
	memcpy(s + of->key->bytes - sizeof(MARK), MARK, sizeof(MARK));
	both = ECDSA_SIG_new();
	need(both && ECDSA_SIG_set0(both, BN_bin2bn(r, (int)of->key->bytes, NULL),
			     BN_bin2bn(s, (int)of->key->bytes, NULL)) == 1);
	size = i2d_ECDSA_SIG(both, &to);
	need(size > 0);
	ECDSA_SIG_free(both);
	return (size_t)size;
}

static bool has_mark(const uint8_t *signature, size_t bytes)
{
	return bytes >= sizeof(MARK) &&
	       memcmp(signature + bytes - sizeof(MARK), MARK, sizeof(MARK)) == 0;
}

static unsigned place(const uint8_t digest[32], unsigned of)
{
	return (digest[0] | (unsigned)digest[1] << 8) % of;
}

static int sign_once(EVP_MD_CTX *ctx, uint8_t *to, size_t *room, const uint8_t *message,
	size_t bytes, const uint8_t digest[32])
{
	struct signature *known = &signatures[place(digest, ENTRIES / 4)];
	int result;

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

int __wrap_EVP_DigestSign(
	EVP_MD_CTX *ctx, uint8_t *to, size_t *room, const uint8_t *message, size_t bytes)
{
	uint8_t signature[SIGNATURE_MAX];
	struct named of;
	size_t size;

	if (!to)
		return __real_EVP_DigestSign(ctx, to, room, message, bytes);
	of = name(ctx, message, bytes);
	if (of.digest[31] % REAL == 0)
		return sign_once(ctx, to, room, message, bytes, of.digest);
	size = marked(&of, signature);
	if (size > *room)
		return 0;
	memcpy(to, signature, size);
	*room = size;
	return 1;
}

int __wrap_EVP_DigestVerify(EVP_MD_CTX *ctx, const uint8_t *signature, size_t signature_bytes,
	const uint8_t *message, size_t bytes)
{
	const struct named of = name(ctx, message, bytes);
	struct {
		uint8_t of[32], signature[32];
	} all;
	uint8_t digest[32], good[SIGNATURE_MAX];
	struct verified *known;

	if (has_mark(signature, signature_bytes))
		return marked(&of, good) == signature_bytes &&
		       memcmp(good, signature, signature_bytes) == 0;
	memcpy(all.of, of.digest, sizeof(all.of));
	sha256(all.signature, signature, signature_bytes);
	sha256(digest, &all, sizeof(all));
	known = &verified[place(digest, ENTRIES)];
	if (!known->known || memcmp(known->of, digest, 32) != 0) {
		known->result =
			__real_EVP_DigestVerify(ctx, signature, signature_bytes, message, bytes);
		known->known = true;
		memcpy(known->of, digest, 32);
	}
	return known->result;
}
