#include "verifier/signature.h"

bool signature_make(EVP_PKEY *key, const void *data, size_t size, uint8_t signature[SIGNATURE_MAX],
	size_t *signature_size)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	*signature_size = SIGNATURE_MAX;
	ok = ctx && EVP_DigestSignInit(ctx, NULL, sha256_method(), NULL, key) == 1 &&
	     EVP_DigestSign(ctx, signature, signature_size, data, size) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

bool signature_holds(EVP_PKEY *key, const void *data, size_t size, const struct bytes *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestVerifyInit(ctx, NULL, sha256_method(), NULL, key) == 1 &&
		  EVP_DigestVerify(ctx, signature->data, signature->size, data, size) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}
