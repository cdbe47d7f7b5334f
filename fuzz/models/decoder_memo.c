/*
 * Public keys that OpenSSL has decoded, by their bytes, and for others who can decode one, which to
 * find out takes it longer than all else of a certificate. Linked into a target with OpenSSL's
 * archive and -Wl,--wrap= of the three functions below, so that OpenSSL's own calls come here, too.
 */
#include <openssl/decoder.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KEYS     64u
#define KEY_MAX  640u
#define KINDS    8u
#define KIND_MAX 32u

/* The names that the linker gives. */
OSSL_DECODER_CTX *__real_OSSL_DECODER_CTX_new_for_pkey(EVP_PKEY **key, const char *type,
	const char *structure, const char *kind, int selection, OSSL_LIB_CTX *library,
	const char *properties);
OSSL_DECODER_CTX *__wrap_OSSL_DECODER_CTX_new_for_pkey(EVP_PKEY **key, const char *type,
	const char *structure, const char *kind, int selection, OSSL_LIB_CTX *library,
	const char *properties);
int __real_OSSL_DECODER_from_data(OSSL_DECODER_CTX *ctx, const unsigned char **data, size_t *bytes);
int __wrap_OSSL_DECODER_from_data(OSSL_DECODER_CTX *ctx, const unsigned char **data, size_t *bytes);
void __real_OSSL_DECODER_CTX_free(OSSL_DECODER_CTX *ctx);
void __wrap_OSSL_DECODER_CTX_free(OSSL_DECODER_CTX *ctx);

static struct known {
	EVP_PKEY *key; /* NULL: none */
	size_t bytes;
	uint8_t encoded[KEY_MAX];
} known[KEYS];

/* Who decodes keys of a kind, each into its own place. */
static struct decoder {
	OSSL_DECODER_CTX *ctx; /* NULL: none */
	EVP_PKEY *key;
	char kind[KIND_MAX];
} decoders[KINDS];

/* What was asked for, in the place of a context: one at a time, as certificates ask. */
static struct asked {
	EVP_PKEY **key;
	struct decoder *decoder;
} asked;

static bool is_ours(const OSSL_DECODER_CTX *ctx)
{
	return (const void *)ctx == &asked;
}

/* NULL for what is none of a certificate's, or of too many kinds. */
static struct decoder *decoder_of(
	const char *type, const char *structure, const char *kind, int selection)
{
	struct decoder *d = decoders;

	if (!type || !structure || !kind || strcmp(structure, "SubjectPublicKeyInfo") != 0 ||
		strlen(kind) >= KIND_MAX)
		return NULL;
	while (d < decoders + KINDS && d->ctx && strcmp(d->kind, kind) != 0)
		d++;
	if (d == decoders + KINDS)
		return NULL;
	if (!d->ctx) {
		strcpy(d->kind, kind);
		d->ctx = __real_OSSL_DECODER_CTX_new_for_pkey(
			&d->key, type, structure, d->kind, selection, NULL, NULL);
	}
	return d->ctx ? d : NULL;
}

OSSL_DECODER_CTX *__wrap_OSSL_DECODER_CTX_new_for_pkey(EVP_PKEY **key, const char *type,
	const char *structure, const char *kind, int selection, OSSL_LIB_CTX *library,
	const char *properties)
{
	struct decoder *decoder = NULL;

	if (!asked.key && !*key && !library && !properties && selection == EVP_PKEY_PUBLIC_KEY)
		decoder = decoder_of(type, structure, kind, selection);
	if (!decoder)
		return __real_OSSL_DECODER_CTX_new_for_pkey(
			key, type, structure, kind, selection, library, properties);
	asked = (struct asked){key, decoder};
	return (OSSL_DECODER_CTX *)&asked;
}

static struct known *place(const uint8_t *encoded, size_t bytes)
{
	unsigned sum = (unsigned)bytes;

	for (size_t i = 0; i < bytes; i++)
		sum = sum * 31 + encoded[i];
	return &known[sum % KEYS];
}

int __wrap_OSSL_DECODER_from_data(OSSL_DECODER_CTX *ctx, const unsigned char **data, size_t *bytes)
{
	const uint8_t *encoded = *data;
	const size_t size = *bytes;
	struct known *k;
	int result;

	if (!is_ours(ctx))
		return __real_OSSL_DECODER_from_data(ctx, data, bytes);
	k = place(encoded, size);
	if (k->key && k->bytes == size && memcmp(k->encoded, encoded, size) == 0) {
		*data += size;
		*bytes = 0;
		*asked.key = k->key;
		return EVP_PKEY_up_ref(k->key);
	}
	result = __real_OSSL_DECODER_from_data(asked.decoder->ctx, data, bytes);
	*asked.key = asked.decoder->key;
	asked.decoder->key = NULL;
	if (result == 1 && *bytes == 0 && *asked.key && size <= KEY_MAX &&
		EVP_PKEY_up_ref(*asked.key)) {
		EVP_PKEY_free(k->key);
		k->key = *asked.key;
		k->bytes = size;
		memcpy(k->encoded, encoded, size);
	}
	return result;
}

void __wrap_OSSL_DECODER_CTX_free(OSSL_DECODER_CTX *ctx)
{
	if (is_ours(ctx))
		asked.key = NULL;
	else
		__real_OSSL_DECODER_CTX_free(ctx);
}
