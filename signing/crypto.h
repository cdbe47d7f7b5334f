/* What vmksign needs of OpenSSL. Errors are reported on stderr with OpenSSL's own words. */
#ifndef SIGNING_CRYPTO_H
#define SIGNING_CRYPTO_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "signing/file.h"

/* Prints "vmksign: WHAT: ..." with the errors that OpenSSL has queued; returns false. */
bool crypto_report(const char *what);
/* SHA-256, or SHA-384 for keys on P-384. */
const EVP_MD *crypto_digest(EVP_PKEY *key);
/* A private key: PEM file or the URI of one on a token (token.h). NULL after an error. Owned by the
 * caller, as all that follow. */
EVP_PKEY *crypto_read_key(const char *path);
/* A certificate, PEM or DER. */
X509 *crypto_read_certificate(const char *path);
bool crypto_certificate_der(X509 *certificate, struct bytes *der);
/* SHA-256 of the SubjectPublicKeyInfo, DER: what a revocation list names. */
bool crypto_key_digest(X509 *certificate, uint8_t digest[32]);
/* Appends a root certificate (PEM or DER) to `roots`, as DER. */
bool crypto_add_root(const char *path, struct bytes *roots);
/*
 * A detached CMS signature, DER, without signed attributes, certificates or time: with an RSA key
 * the same bytes each time.
 */
bool crypto_cms_sign(
	EVP_PKEY *key, X509 *certificate, const void *data, size_t size, struct bytes *der);

/* The one organization (O) of a certificate's subject, in printable ASCII; empty if there is none,
 * or more than one, or it does not fit `size`. */
void crypto_organization(X509 *certificate, char *to, size_t size);

#endif
