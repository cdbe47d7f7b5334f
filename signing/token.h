/* Keys on PKCS #11 tokens, through OpenSSL's engine `pkcs11` (libp11). */
#ifndef SIGNING_TOKEN_H
#define SIGNING_TOKEN_H

#include <openssl/evp.h>
#include <stdbool.h>

/* Is this the name of a key on a token: a PKCS #11 URI (RFC 7512)? */
bool token_is(const char *name);
/*
 * The private key, which stays where it is: what is returned only refers to it. The PIN comes from
 * the URI (pin-value, pin-source) or is asked for; the token's module from PKCS11_MODULE_PATH, or
 * it is p11-kit's. NULL after an error, which is reported without the PIN. Owned by the caller.
 */
EVP_PKEY *token_read_key(const char *uri);

#endif
