#define OPENSSL_SUPPRESS_DEPRECATED /* EC_KEY_METHOD */
#include "fuzz/models/ec_memo.h"

#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REAL          64u /* of so many one is OpenSSL's own */
#define PAIRS         16u /* for each curve */
#define NUMBER_MAX    66u
#define POINT_MAX     (1 + 2 * NUMBER_MAX)
#define SIGNATURE_MAX 160u
#define DIGEST_MAX    64u
#define SECRETS       256u
#define SIGNATURES    4096u

typedef int generate_key(EC_KEY *key);
typedef int find_secret(
	unsigned char **secret, size_t *bytes, const EC_POINT *theirs, const EC_KEY *ours);
typedef int verify_signature(int type, const unsigned char *digest, int digest_bytes,
	const unsigned char *signature, int signature_bytes, EC_KEY *key);
typedef int verify_numbers(
	const unsigned char *digest, int digest_bytes, const ECDSA_SIG *signature, EC_KEY *key);

/* The names that the linker gives. */
EC_GROUP *__real_EC_GROUP_new_by_curve_name_ex(
	OSSL_LIB_CTX *library, const char *properties, int curve);
EC_GROUP *__wrap_EC_GROUP_new_by_curve_name_ex(
	OSSL_LIB_CTX *library, const char *properties, int curve);

/* OpenSSL's own. */
static generate_key *generate;
static find_secret *find;
static verify_signature *verify;
static verify_numbers *verify_split;

static const int curves[] = {NID_X9_62_prime256v1, NID_secp384r1};
#define CURVES (sizeof(curves) / sizeof(curves[0]))
static EC_KEY *pairs[CURVES][PAIRS];

static struct secret {
	size_t bytes; /* 0: none */
	uint8_t ours[NUMBER_MAX], theirs[POINT_MAX], secret[NUMBER_MAX];
} secrets[SECRETS];

static struct signature {
	int bytes; /* 0: none */
	int digest_bytes, result;
	uint8_t key[POINT_MAX], digest[DIGEST_MAX], signature[SIGNATURE_MAX];
} signatures[SIGNATURES];

static void need(bool it)
{
	if (!it)
		abort();
}

/* Which of `count` places what is as good as random in its bytes has. */
static unsigned place(const uint8_t *bytes, unsigned count)
{
	uint32_t sum;

	memcpy(&sum, bytes, sizeof(sum));
	return sum % count;
}

static void put_point(const EC_GROUP *group, const EC_POINT *point, uint8_t to[POINT_MAX])
{
	memset(to, 0, POINT_MAX);
	need(EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, to, POINT_MAX, NULL) >
		0);
}

/* Its number among `curves`, or CURVES. */
static unsigned curve_number(int curve)
{
	unsigned i = 0;

	while (i < CURVES && curves[i] != curve)
		i++;
	return i;
}

EC_GROUP *__wrap_EC_GROUP_new_by_curve_name_ex(
	OSSL_LIB_CTX *library, const char *properties, int curve)
{
	const unsigned i = curve_number(curve);
	const bool usual = !library || library == OSSL_LIB_CTX_get0_global_default();

	if (!usual || properties || i == CURVES || !pairs[i][0])
		return __real_EC_GROUP_new_by_curve_name_ex(library, properties, curve);
	return EC_GROUP_dup(EC_KEY_get0_group(pairs[i][0]));
}

static int make_pair(EC_KEY *key)
{
	const unsigned i = curve_number(EC_GROUP_get_curve_name(EC_KEY_get0_group(key)));
	uint8_t random[NUMBER_MAX];
	const EC_KEY *pair;

	if (i == CURVES)
		return generate(key);
	if (RAND_priv_bytes(random, (EC_GROUP_get_degree(EC_KEY_get0_group(key)) + 7) / 8) != 1)
		return 0;
	if (random[4] % REAL == 0)
		return generate(key);
	pair = pairs[i][place(random, PAIRS)];
	return EC_KEY_set_private_key(key, EC_KEY_get0_private_key(pair)) == 1 &&
	       EC_KEY_set_public_key(key, EC_KEY_get0_public_key(pair)) == 1;
}

static int remembered_secret(
	unsigned char **secret, size_t *bytes, const EC_POINT *theirs, const EC_KEY *ours)
{
	const BIGNUM *number = EC_KEY_get0_private_key(ours);
	uint8_t own[NUMBER_MAX], point[POINT_MAX];
	struct secret *s;
	int result;

	if (BN_bn2binpad(number, own, sizeof(own)) < 0)
		return find(secret, bytes, theirs, ours);
	put_point(EC_KEY_get0_group(ours), theirs, point);
	s = &secrets[(place(own + NUMBER_MAX - 8, SECRETS) ^ place(point + 8, SECRETS)) % SECRETS];
	if (s->bytes && memcmp(s->ours, own, sizeof(own)) == 0 &&
		memcmp(s->theirs, point, sizeof(point)) == 0) {
		*secret = OPENSSL_memdup(s->secret, s->bytes);
		*bytes = s->bytes;
		return *secret != NULL;
	}
	result = find(secret, bytes, theirs, ours);
	if (result == 1 && *bytes <= sizeof(s->secret)) {
		memcpy(s->ours, own, sizeof(own));
		memcpy(s->theirs, point, sizeof(point));
		memcpy(s->secret, *secret, *bytes);
		s->bytes = *bytes;
	}
	return result;
}

static int remembered_signature(int type, const unsigned char *digest, int digest_bytes,
	const unsigned char *signature, int signature_bytes, EC_KEY *key)
{
	uint8_t point[POINT_MAX];
	struct signature *s;
	bool same;

	if (signature_bytes < 16 || signature_bytes > (int)SIGNATURE_MAX || digest_bytes < 4 ||
		digest_bytes > (int)DIGEST_MAX)
		return verify(type, digest, digest_bytes, signature, signature_bytes, key);
	put_point(EC_KEY_get0_group(key), EC_KEY_get0_public_key(key), point);
	s = &signatures[place(signature + signature_bytes - 8, SIGNATURES)];
	if (s->bytes == signature_bytes && memcmp(s->key, point, sizeof(point)) == 0 &&
		memcmp(s->signature, signature, (size_t)signature_bytes) == 0) {
		same = s->digest_bytes == digest_bytes &&
		       memcmp(s->digest, digest, (size_t)digest_bytes) == 0;
		if (same)
			return s->result;
		if (s->result == 1 && digest[0] % REAL != 0)
			return 0;
	}
	s->result = verify(type, digest, digest_bytes, signature, signature_bytes, key);
	s->bytes = signature_bytes;
	s->digest_bytes = digest_bytes;
	memcpy(s->key, point, sizeof(point));
	memcpy(s->digest, digest, (size_t)digest_bytes);
	memcpy(s->signature, signature, (size_t)signature_bytes);
	return s->result;
}

void ec_memo_begin(void)
{
	EC_KEY_METHOD *method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());

	need(method != NULL);
	EC_KEY_METHOD_get_keygen(method, &generate);
	EC_KEY_METHOD_get_compute_key(method, &find);
	EC_KEY_METHOD_get_verify(method, &verify, &verify_split);
	for (unsigned i = 0; i < CURVES * PAIRS; i++) {
		EC_KEY *key = EC_KEY_new_by_curve_name(curves[i / PAIRS]);

		need(key && EC_KEY_generate_key(key) == 1);
		pairs[i / PAIRS][i % PAIRS] = key;
	}
	EC_KEY_METHOD_set_keygen(method, make_pair);
	EC_KEY_METHOD_set_compute_key(method, remembered_secret);
	EC_KEY_METHOD_set_verify(method, remembered_signature, verify_split);
	EC_KEY_set_default_method(method);
}
