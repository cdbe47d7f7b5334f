#include "trust/hash.h"

#include "lib/panic.h"

#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>

/* mbedTLS's software hashes fail on bad parameters only; a wrong digest must never go on. */
void hash_sha1(const void *data, size_t bytes, uint8_t digest[SHA1_BYTES])
{
	ASSERT(mbedtls_sha1(data, bytes, digest) == 0);
}

void hash_sha256(const void *data, size_t bytes, uint8_t digest[SHA256_BYTES])
{
	ASSERT(mbedtls_sha256(data, bytes, digest, 0) == 0);
}

void hash_sha256_both(const void *data, size_t part, size_t bytes, uint8_t of_part[SHA256_BYTES],
	uint8_t of_all[SHA256_BYTES])
{
	mbedtls_sha256_context context, at_part;

	mbedtls_sha256_init(&context);
	mbedtls_sha256_init(&at_part);
	ASSERT(part <= bytes && mbedtls_sha256_starts(&context, 0) == 0 &&
		mbedtls_sha256_update(&context, data, part) == 0);
	mbedtls_sha256_clone(&at_part, &context);
	ASSERT(mbedtls_sha256_finish(&at_part, of_part) == 0 &&
		mbedtls_sha256_update(&context, (const uint8_t *)data + part, bytes - part) == 0 &&
		mbedtls_sha256_finish(&context, of_all) == 0);
	mbedtls_sha256_free(&at_part);
	mbedtls_sha256_free(&context);
}
