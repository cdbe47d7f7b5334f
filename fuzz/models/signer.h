/*
 * A root and a provider, for Accepted at most, whose keys are no secret: targets sign with them, so
 * that what lies behind a good signature is reached.
 */
#ifndef FUZZ_MODELS_SIGNER_H
#define FUZZ_MODELS_SIGNER_H

#include "signing/file.h"

/* The root, DER; kept for good. */
const struct bytes *signer_root(void);
/*
 * A package's signed part and its trailer, the provider's certificate and its signature, as vmksign
 * makes it. Returns its size, 0 without room for it.
 */
size_t signer_sign(const void *content, size_t size, uint8_t *to, size_t room);
/* Is that trailer what signer_sign() gives this content, with a signature that OpenSSL takes? */
bool signer_signed(const uint8_t *content, size_t size, const uint8_t *trailer, size_t bytes);

#endif
