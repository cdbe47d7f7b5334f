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
