/*
 * Verifies detached CMS signatures (RFC 5652) with a certificate chain up to a root that is ours.
 * Accepted: SignedData with exactly one signer, no signed attributes, no embedded certificates,
 * SHA-256, SHA-384 or SHA-512 with RSA PKCS #1 v1.5 (3072 bits and more), ECDSA P-256 or P-384:
 *   openssl cms -sign -binary -noattr -nocerts -md sha256 -outform DER ...
 * Validity dates are not checked: at boot no clock is trustworthy.
 */
#ifndef TRUST_SIGNATURE_H
#define TRUST_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>
#include <vmkapi/status.h>

#define SIGNATURE_SIGNER_MAX 64 /* a common name's upper bound, RFC 5280 appendix A.1 */
#define SIGNATURE_CERTS_MAX  2  /* the signer and one intermediate */

/* One X.509 certificate in DER; points into the caller's buffer. */
struct signature_cert {
	const uint8_t *der;
	size_t bytes;
};

/*
 * Does `cms` sign data[0..n) with the key of certs[0], whose chain (through certs[1], if count is
 * 2) ends at `root` (DER)? The signer's certificate must be meant for code signing: extended key
 * usage codeSigning, key usage digitalSignature, and no CA.
 * `signer` receives the subject's common name, zero-terminated, or "" on any failure; *why (static
 * text, may be NULL) says what was wrong, NULL on success. Allocates from the heap while it runs.
 *
 * VMK_UNSIGNED: no signature or no certificate at all. VMK_BAD_FORMAT: `cms` or a certificate does
 * not parse. VMK_UNSUPPORTED: an algorithm or form that is not accepted. VMK_UNKNOWN_SIGNER: the
 * chain does not end at the root, or the certificate is not for this use. VMK_BAD_SIGNATURE: all
 * well, but the signature does not match the data.
 */
enum vmk_status signature_verify(const uint8_t *data, size_t n, const uint8_t *cms, size_t cms_n,
	const struct signature_cert *certs, unsigned count, const uint8_t *root, size_t root_n,
	char signer[SIGNATURE_SIGNER_MAX], const char **why);

#endif
