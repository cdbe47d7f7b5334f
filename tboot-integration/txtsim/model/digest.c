#include "tboot-integration/txtsim/model/digest.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#define RSA_MAX_BYTES 384

struct digest_stream {
	EVP_MD_CTX *sha1;
	EVP_MD_CTX *sha256;
};

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

/* OpenSSL 3 looks an algorithm up at each use of EVP_sha256(), which takes longer than a digest. */
static const EVP_MD *method(const EVP_MD **fetched, const char *name)
{
	if (!*fetched)
		*fetched = need(EVP_MD_fetch(NULL, name, NULL));
	return *fetched;
}

static void start(struct digest_stream *s)
{
	static const EVP_MD *sha1, *sha256;

	if (!EVP_DigestInit_ex(s->sha1, method(&sha1, "SHA1"), NULL) ||
		!EVP_DigestInit_ex(s->sha256, method(&sha256, "SHA256"), NULL))
		abort();
}

static void finish(struct digest_stream *s, struct digests *out)
{
	if (!EVP_DigestFinal_ex(s->sha1, out->sha1, NULL) ||
		!EVP_DigestFinal_ex(s->sha256, out->sha256, NULL))
		abort();
}

struct digest_stream *digest_begin(void)
{
	struct digest_stream *s = need(malloc(sizeof(*s)));

	s->sha1 = need(EVP_MD_CTX_new());
	s->sha256 = need(EVP_MD_CTX_new());
	start(s);
	return s;
}

void digest_update(struct digest_stream *s, const void *data, size_t size)
{
	if (!EVP_DigestUpdate(s->sha1, data, size) || !EVP_DigestUpdate(s->sha256, data, size))
		abort();
}

void digest_end(struct digest_stream *s, struct digests *out)
{
	finish(s, out);
	EVP_MD_CTX_free(s->sha1);
	EVP_MD_CTX_free(s->sha256);
	free(s);
}

void digest_of(const void *data, size_t size, struct digests *out)
{
	static struct digest_stream
		s; /* used again: to set one up takes longer than most digests */

	if (!s.sha1) {
		s.sha1 = need(EVP_MD_CTX_new());
		s.sha256 = need(EVP_MD_CTX_new());
	}
	start(&s);
	digest_update(&s, data, size);
	finish(&s, out);
}

static EVP_PKEY *public_key(const uint8_t *modulus, size_t size, uint32_t exponent)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_lebin2bn(modulus, (int)size, NULL);
	BIGNUM *e = BN_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (build && n && e && ctx && BN_set_word(e, exponent) &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
		params = OSSL_PARAM_BLD_to_param(build);
	if (params && EVP_PKEY_fromdata_init(ctx) > 0 &&
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		key = NULL;
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	BN_free(e);
	BN_free(n);
	OSSL_PARAM_BLD_free(build);
	return key;
}

bool rsa_verify(const uint8_t *modulus, const uint8_t *signature, size_t size, uint32_t exponent,
	const uint8_t digest[32], enum rsa_padding padding)
{
	const int mode = padding == RSA_PADDING_PSS ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
	uint8_t big_endian[RSA_MAX_BYTES];
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *key;
	bool good = false;

	if (size > sizeof(big_endian))
		return false;
	for (size_t i = 0; i < size; i++)
		big_endian[i] = signature[size - 1 - i];
	key = public_key(modulus, size, exponent);
	if (key)
		ctx = EVP_PKEY_CTX_new(key, NULL);
	if (ctx && EVP_PKEY_verify_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_padding(ctx, mode) > 0 &&
		EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0)
		good = EVP_PKEY_verify(ctx, big_endian, size, digest, 32) == 1;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}
