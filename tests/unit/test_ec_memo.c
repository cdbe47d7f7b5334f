/* sources: fuzz/models/ec_memo.c fuzz/models/decoder_memo.c */
/* libs: -l:libcrypto.a -Wl,--wrap=OSSL_DECODER_from_data */
/* libs: -Wl,--wrap=OSSL_DECODER_CTX_new_for_pkey -Wl,--wrap=OSSL_DECODER_CTX_free */
/* libs: -Wl,--wrap=EC_GROUP_new_by_curve_name_ex */
/* What fuzz targets remember of OpenSSL's curves and decoders: it is what OpenSSL would say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/models/ec_memo.h"

#define DIGEST 32u

static const char *const curves[] = {"P-256", "P-384"};

static bool is_signed(
	EVP_PKEY *key, const uint8_t *digest, const uint8_t *signature, size_t signature_bytes)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	int result;

	assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
	result = EVP_PKEY_verify(ctx, signature, signature_bytes, digest, DIGEST);
	EVP_PKEY_CTX_free(ctx);
	return result == 1;
}

static void check_signatures(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t digest[DIGEST] = "what is signed", signature[160];
	size_t bytes = sizeof(signature);

	assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
	assert_int_equal(EVP_PKEY_sign(ctx, signature, &bytes, digest, sizeof(digest)), 1);
	EVP_PKEY_CTX_free(ctx);
	for (unsigned i = 0; i < 300; i++) {
		assert_true(is_signed(key, digest, signature, bytes));
		digest[i % DIGEST] ^= (uint8_t)(i | 1);
		assert_false(is_signed(key, digest, signature, bytes));
		assert_false(is_signed(key, digest, signature, bytes));
		digest[i % DIGEST] ^= (uint8_t)(i | 1);
		signature[bytes - 1 - i % 40] ^= (uint8_t)(i | 1);
		assert_false(is_signed(key, digest, signature, bytes));
		signature[bytes - 1 - i % 40] ^= (uint8_t)(i | 1);
	}
}

static size_t secret_of(EVP_PKEY *ours, EVP_PKEY *theirs, uint8_t secret[48])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ours, NULL);
	size_t bytes = 48;

	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(ctx, theirs), 1);
	assert_int_equal(EVP_PKEY_derive(ctx, secret, &bytes), 1);
	EVP_PKEY_CTX_free(ctx);
	return bytes;
}

/* Both sides have the same secret, the first time and later. */
static void check_secrets(const char *curve)
{
	for (unsigned i = 0; i < 40; i++) {
		EVP_PKEY *a = EVP_EC_gen(curve), *b = EVP_EC_gen(curve);
		uint8_t first[48], second[48];
		const size_t bytes = secret_of(a, b, first);

		assert_int_equal(secret_of(b, a, second), bytes);
		assert_memory_equal(first, second, bytes);
		assert_int_equal(secret_of(a, b, second), bytes);
		assert_memory_equal(first, second, bytes);
		EVP_PKEY_free(a);
		EVP_PKEY_free(b);
	}
}

static void signs_and_agrees(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		EVP_PKEY *key = EVP_EC_gen(curves[i]);

		check_signatures(key);
		check_secrets(curves[i]);
		EVP_PKEY_free(key);
	}
}

static EVP_PKEY *decode(const uint8_t *encoded, size_t bytes)
{
	X509_PUBKEY *public = d2i_X509_PUBKEY(NULL, &encoded, (long)bytes);
	EVP_PKEY *key = X509_PUBKEY_get(public);

	X509_PUBKEY_free(public);
	return key;
}

/* A key is what its bytes say; what is no point of its curve is none, however often one asks. */
static void decodes(void **state)
{
	EVP_PKEY *keys[] = {EVP_EC_gen(curves[0]), EVP_EC_gen(curves[1]), EVP_RSA_gen(2048)};

	for (unsigned i = 0; i < 9; i++) {
		EVP_PKEY *key = keys[i % 3], *again;
		uint8_t *encoded = NULL;
		int bytes = i2d_PUBKEY(key, &encoded);

		assert_true(bytes > 0);
		again = decode(encoded, (size_t)bytes);
		assert_int_equal(EVP_PKEY_eq(key, again), 1);
		EVP_PKEY_free(again);
		encoded[bytes - 7 - i / 3] ^= 1;
		again = decode(encoded, (size_t)bytes);
		assert_int_equal(again && EVP_PKEY_eq(key, again) == 1, 0);
		assert_int_equal(again != NULL, i % 3 == 2);
		EVP_PKEY_free(again);
		OPENSSL_free(encoded);
	}
	for (unsigned i = 0; i < 3; i++)
		EVP_PKEY_free(keys[i]);
}

static int begin(void **state)
{
	ec_memo_begin();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_and_agrees),
		cmocka_unit_test(decodes),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
