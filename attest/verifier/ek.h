/* Endorsement keys: is this certificate a TPM maker's, and is this key the one in it? */
#ifndef VERIFIER_EK_H
#define VERIFIER_EK_H

#include <openssl/x509.h>

#include "verifier/key.h"

#define EK_CA_FILES_MAX 32u

/* The CAs that an operator trusts; each certificate in the files is an anchor of its own. */
struct ek_anchors {
	X509_STORE *store;
	size_t count;
};

/* PEM files, each with one certificate or more. Fault: ek-untrusted, naming the file. */
bool ek_anchors_load(
	struct ek_anchors *anchors, const char *const *paths, size_t count, struct fault *fault);
void ek_anchors_free(struct ek_anchors *anchors);

/*
 * Checks a certificate as read from NV (DER; with or without the 7-byte header of TCG PC Client
 * 1.2, with or without padding behind it) against the anchors, that it is no CA's and, where it
 * names purposes, an EK's, and that ek is its key. Faults: malformed, ek-untrusted with OpenSSL's
 * words, ek-mismatch. issuer, when not NULL, receives the issuer's name in one line.
 */
bool ek_check(const struct ek_anchors *anchors, const struct bytes *certificate,
	const struct key *ek, char *issuer, size_t issuer_size, struct fault *fault);

#endif
