/* What the verifier signs itself: ECDSA with SHA-256, in DER. */
#ifndef VERIFIER_SIGNATURE_H
#define VERIFIER_SIGNATURE_H

#include <openssl/evp.h>

#include "verifier/bytes.h"

#define SIGNATURE_MAX 256u

bool signature_make(EVP_PKEY *key, const void *data, size_t size, uint8_t signature[SIGNATURE_MAX],
	size_t *signature_size);
bool signature_holds(EVP_PKEY *key, const void *data, size_t size, const struct bytes *signature);

#endif
