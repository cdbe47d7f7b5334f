/*
 * A root and a provider, for Accepted at most, whose keys are no secret: targets sign with them, so
 * that what lies behind a good signature is reached.
 */
#ifndef FUZZ_MODELS_SIGNER_H
#define FUZZ_MODELS_SIGNER_H

#include "signing/file.h"

/* The root, DER; kept for good. */
const struct bytes *signer_root(void);
/* Appends a package's trailer to its signed part: the provider's certificate and its signature. */
void signer_sign(struct bytes *package);

#endif
