/* Digests and the signature check, from a library behind this small interface. */
#ifndef TXTSIM_DIGEST_H
#define TXTSIM_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One digest per PCR bank that SINIT extends. */
struct digests {
	uint8_t sha1[20];
	uint8_t sha256[32];
};

/* Both digests of a stream. For want of memory the program ends; nothing else fails. */
struct digest_stream;
struct digest_stream *digest_begin(void);
void digest_update(struct digest_stream *s, const void *data, size_t size);
/* Frees the stream. */
void digest_end(struct digest_stream *s, struct digests *out);

/* By one thread at a time. */
void digest_of(const void *data, size_t size, struct digests *out);

enum rsa_padding { RSA_PADDING_PKCS1, RSA_PADDING_PSS };

/* RSASSA-PKCS1-v1_5 or RSASSA-PSS with SHA-256; modulus and signature little-endian, of `size`
 * bytes. */
bool rsa_verify(const uint8_t *modulus, const uint8_t *signature, size_t size, uint32_t exponent,
	const uint8_t digest[32], enum rsa_padding padding);

#endif
