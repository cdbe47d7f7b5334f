/* SHA-1 and SHA-256 of whole buffers (FIPS 180-4). SHA-1 only fills the SHA-1 bank of event logs.
 */
#ifndef TRUST_HASH_H
#define TRUST_HASH_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_BYTES   20u
#define SHA256_BYTES 32u

void hash_sha1(const void *data, size_t bytes, uint8_t digest[SHA1_BYTES]);
void hash_sha256(const void *data, size_t bytes, uint8_t digest[SHA256_BYTES]);
/* Of the first `part` bytes and of all of them, reading each byte once. part <= bytes. */
void hash_sha256_both(const void *data, size_t part, size_t bytes, uint8_t of_part[SHA256_BYTES],
	uint8_t of_all[SHA256_BYTES]);

#endif
