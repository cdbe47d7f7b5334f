#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdint.h>
#include <stdio.h>

#include "tboot-integration/txtsim/model/acm.h"
#include "tboot-integration/txtsim/model/digest.h"
#include "tboot-integration/txtsim/run/options.h"
#include "tboot-integration/txtsim/run/run.h"

#define MODULUS_MAX    384
#define SINIT_FILE_MAX 0x40000u

static EVP_PKEY *read_key(const char *path)
{
	FILE *f = fopen(path, "r");
	EVP_PKEY *key;

	if (!f)
		fail("cannot read SINIT's key %s: run make txtsim, or give --sinit-key", path);
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	if (!key) {
		rewind(f);
		key = PEM_read_PUBKEY(f, NULL, NULL, NULL);
	}
	fclose(f);
	if (!key)
		fail("%s holds no key in PEM form", path);
	return key;
}

static void write_hash(const struct digests *digest, char hash[65])
{
	for (unsigned i = 0; i < 32; i++)
		snprintf(hash + 2 * i, 3, "%02x", digest->sha256[i]);
}

void key_hash_of_file(const char *path, char hash[65])
{
	EVP_PKEY *key = read_key(path);
	uint8_t modulus[MODULUS_MAX];
	struct digests digest;
	BIGNUM *n = NULL;
	int size;

	if (!EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) ||
		(size = EVP_PKEY_get_size(key)) > MODULUS_MAX ||
		BN_bn2lebinpad(n, modulus, size) < 0)
		fail("%s is not an RSA-2048 or RSA-3072 key", path);
	digest_of(modulus, (size_t)size, &digest);
	write_hash(&digest, hash);
	BN_free(n);
	EVP_PKEY_free(key);
}

void key_hash_of_sinit(const char *path, char hash[65])
{
	static uint8_t acm[SINIT_FILE_MAX];
	const struct acm_layout *layout;
	struct digests digest;
	FILE *f = fopen(path, "rb");
	size_t size;

	if (!f)
		fail("cannot read the SINIT stand-in %s: run make txtsim, or give --sinit-key",
			path);
	size = fread(acm, 1, sizeof(acm), f);
	fclose(f);
	layout = acm_check(acm, size);
	if (!layout)
		fail("%s is not a SINIT module for this platform", path);
	acm_key_digest(acm, layout, &digest);
	write_hash(&digest, hash);
}
