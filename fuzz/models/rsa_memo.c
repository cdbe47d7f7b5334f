#define OPENSSL_SUPPRESS_DEPRECATED /* RSA_METHOD, SHA256_CTX */
#include "fuzz/models/rsa_memo.h"

#include <mbedtls/bignum.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX    512u
#define EXPONENT_BITS 32u /* of a public one, at most */
#define ENTRIES       512u
#define REAL          1024u /* messages, of which one is signed as ever: some milliseconds */
#define MARK          "no power"
#define MARK_BYTES    8u
#define FIXED         (1 + SHA256_DIGEST_LENGTH + 1 + MARK_BYTES) /* of a signature */
#define PADDING       3u                                          /* 00 01 .. 00 */

/* The names that the linker gives. */
int __real_mbedtls_mpi_exp_mod_unsafe(mbedtls_mpi *x, const mbedtls_mpi *a, const mbedtls_mpi *e,
	const mbedtls_mpi *n, mbedtls_mpi *rr);
int __wrap_mbedtls_mpi_exp_mod_unsafe(mbedtls_mpi *x, const mbedtls_mpi *a, const mbedtls_mpi *e,
	const mbedtls_mpi *n, mbedtls_mpi *rr);

/* A number as long as the modulus, and that. */
struct number {
	size_t bytes;
	uint8_t value[NUMBER_MAX], modulus[NUMBER_MAX];
};

/* What a library made of a number. */
struct power {
	struct number of;
	uint32_t exponent;
	uint8_t result[NUMBER_MAX];
};

static struct power of_openssl[ENTRIES], of_mbedtls[ENTRIES];

static void need(bool it)
{
	if (!it)
		abort();
}

/* 00, digest of the key and of what is signed over and over, that and its size, the mark. */
static void make_marked(const struct number *n, const uint8_t *said, size_t size, uint8_t *to)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	const size_t filled = n->bytes - 2 - MARK_BYTES - size;
	SHA256_CTX hash;

	SHA256_Init(&hash);
	SHA256_Update(&hash, n->modulus, n->bytes);
	SHA256_Update(&hash, said, size);
	SHA256_Final(digest, &hash);
	to[0] = 0;
	for (size_t i = 0; i < filled; i++)
		to[1 + i] = digest[i % sizeof(digest)];
	memcpy(to + 1 + filled, said, size);
	to[1 + filled + size] = (uint8_t)size;
	memcpy(to + n->bytes - MARK_BYTES, MARK, MARK_BYTES);
}

/* The signature of what is padded as PKCS #1 v1.5 says; false for what is to be signed as ever. */
static bool sign_marked(const struct number *n, uint8_t *to)
{
	size_t at = PADDING - 1, size;

	if (n->bytes <= FIXED + PADDING || n->value[0] != 0 || n->value[1] != 1)
		return false;
	while (at < n->bytes - 1 && n->value[at] == 0xff)
		at++;
	size = n->bytes - at - 1;
	if (n->value[at] != 0 || size > n->bytes - FIXED || size > UINT8_MAX)
		return false;
	make_marked(n, n->value + at + 1, size, to);
	return (to[1] | to[2] << 8) % REAL != 0;
}

/* What a marked signature is of, padded, or what no padding begins with; false without the mark. */
static bool open_marked(const struct number *n, uint8_t *to)
{
	uint8_t good[NUMBER_MAX];
	const uint8_t *end = n->value + n->bytes - MARK_BYTES;
	size_t size;

	if (n->bytes <= FIXED || memcmp(end, MARK, MARK_BYTES) != 0)
		return false;
	size = end[-1];
	memset(to, 0, n->bytes);
	if (size > n->bytes - FIXED)
		return true;
	make_marked(n, end - 1 - size, size, good);
	if (memcmp(good, n->value, n->bytes) != 0)
		return true;
	to[1] = 1;
	memset(to + 2, 0xff, n->bytes - PADDING - size);
	memcpy(to + n->bytes - size, end - 1 - size, size);
	return true;
}

static struct power *place(struct power *all, const struct number *n)
{
	uint32_t key;

	memcpy(&key, n->value + n->bytes / 2, sizeof(key));
	return &all[key % ENTRIES];
}

static bool is_known(const struct power *p, const struct number *n, uint32_t exponent)
{
	return p->of.bytes == n->bytes && p->exponent == exponent &&
	       memcmp(p->of.value, n->value, n->bytes) == 0 &&
	       memcmp(p->of.modulus, n->modulus, n->bytes) == 0;
}

/* -- OpenSSL: both of an RSA_METHOD's powers -- */

static bool read_openssl(struct number *n, const BIGNUM *value, const BIGNUM *modulus)
{
	n->bytes = (size_t)BN_num_bytes(modulus);
	return n->bytes <= NUMBER_MAX &&
	       BN_bn2binpad(value, n->value, (int)n->bytes) == (int)n->bytes &&
	       BN_bn2binpad(modulus, n->modulus, (int)n->bytes) == (int)n->bytes;
}

static int private_power(BIGNUM *to, const BIGNUM *value, RSA *key, BN_CTX *ctx)
{
	uint8_t signature[NUMBER_MAX];
	struct number n;

	if (!read_openssl(&n, value, RSA_get0_n(key)) || !sign_marked(&n, signature))
		return RSA_meth_get_mod_exp(RSA_PKCS1_OpenSSL())(to, value, key, ctx);
	return BN_bin2bn(signature, (int)n.bytes, to) != NULL;
}

static int public_power(BIGNUM *to, const BIGNUM *value, const BIGNUM *exponent,
	const BIGNUM *modulus, BN_CTX *ctx, BN_MONT_CTX *montgomery)
{
	uint8_t result[NUMBER_MAX];
	struct power *known;
	struct number n;
	uint32_t e;

	if (BN_num_bits(exponent) > (int)EXPONENT_BITS || !read_openssl(&n, value, modulus))
		return BN_mod_exp_mont(to, value, exponent, modulus, ctx, montgomery);
	if (open_marked(&n, result))
		return BN_bin2bn(result, (int)n.bytes, to) != NULL;
	e = (uint32_t)BN_get_word(exponent);
	known = place(of_openssl, &n);
	if (!is_known(known, &n, e)) {
		if (!BN_mod_exp_mont(to, value, exponent, modulus, ctx, montgomery))
			return 0;
		known->of = n;
		known->exponent = e;
		need(BN_bn2binpad(to, known->result, (int)n.bytes) == (int)n.bytes);
	}
	return BN_bin2bn(known->result, (int)n.bytes, to) != NULL;
}

void rsa_memo_begin(void)
{
	RSA_METHOD *method = RSA_meth_dup(RSA_PKCS1_OpenSSL());

	/* A blinded message is none that could be marked. */
	need(method && RSA_meth_set_mod_exp(method, private_power) &&
		RSA_meth_set_bn_mod_exp(method, public_power) &&
		RSA_meth_set_flags(method, RSA_meth_get_flags(method) | RSA_FLAG_NO_BLINDING));
	RSA_set_default_method(method);
}

/* -- mbedTLS -- */

static bool read_mbedtls(struct number *n, const mbedtls_mpi *value, const mbedtls_mpi *modulus)
{
	n->bytes = mbedtls_mpi_size(modulus);
	return n->bytes <= NUMBER_MAX && mbedtls_mpi_write_binary(value, n->value, n->bytes) == 0 &&
	       mbedtls_mpi_write_binary(modulus, n->modulus, n->bytes) == 0;
}

int __wrap_mbedtls_mpi_exp_mod_unsafe(mbedtls_mpi *x, const mbedtls_mpi *a, const mbedtls_mpi *e,
	const mbedtls_mpi *n, mbedtls_mpi *rr)
{
	uint8_t result[NUMBER_MAX], bytes[sizeof(uint32_t)];
	struct power *known;
	struct number number;
	uint32_t exponent;
	int status;

	if (mbedtls_mpi_write_binary(e, bytes, sizeof(bytes)) != 0 || !read_mbedtls(&number, a, n))
		return __real_mbedtls_mpi_exp_mod_unsafe(x, a, e, n, rr);
	if (open_marked(&number, result))
		return mbedtls_mpi_read_binary(x, result, number.bytes);
	memcpy(&exponent, bytes, sizeof(exponent));
	known = place(of_mbedtls, &number);
	if (!is_known(known, &number, exponent)) {
		status = __real_mbedtls_mpi_exp_mod_unsafe(x, a, e, n, rr);
		if (status != 0)
			return status;
		known->of = number;
		known->exponent = exponent;
		need(mbedtls_mpi_write_binary(x, known->result, number.bytes) == 0);
	}
	return mbedtls_mpi_read_binary(x, known->result, number.bytes);
}
