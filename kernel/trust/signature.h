/*
 * Verifies detached CMS signatures (RFC 5652) with a certificate chain up to a root that is ours.
 * Accepted: SignedData with exactly one signer, no signed attributes, no embedded certificates,
 * SHA-256, SHA-384 or SHA-512 with RSA PKCS #1 v1.5 (3072 bits and more), ECDSA P-256 or P-384:
 *   openssl cms -sign -binary -noattr -nocerts -md sha256 -outform DER ...
 * Validity dates are not checked: at boot no clock is trustworthy. Who is no longer trusted stands
 * in a revocation list (vmkmod/load_policy.h), which asks for the path's keys.
 */
#ifndef TRUST_SIGNATURE_H
#define TRUST_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>
#include <vmkapi/levels.h>
#include <vmkapi/status.h>

#define SIGNATURE_SIGNER_MAX   64 /* a common name's upper bound, RFC 5280 appendix A.1 */
#define SIGNATURE_PROVIDER_MAX 64
#define SIGNATURE_CERTS_MAX    2 /* the signer and one intermediate */
#define SIGNATURE_ROOTS_MAX    2 /* the second one for the time of a rotation */
#define SIGNATURE_PATH_MAX     (SIGNATURE_CERTS_MAX + 1)

/* One X.509 certificate in DER; points into the caller's buffer. */
struct signature_cert {
	const uint8_t *der;
	size_t bytes;
};

/* What is signed. `sha256` is its digest where the caller knows it already, else NULL. */
struct signature_data {
	const uint8_t *bytes;
	size_t size;
	const uint8_t *sha256;
};

/* The path that was verified, from the signer to the root. */
struct signature_path {
	char signer[SIGNATURE_SIGNER_MAX]; /* subject's common name, zero-terminated */
	/* The highest level that the signer may give: the lowest that a certificate of the path
	 * names, the root's not counted. */
	enum acceptance_level limit;
	unsigned count;
	uint8_t keys[SIGNATURE_PATH_MAX][32]; /* SHA-256 of each SubjectPublicKeyInfo, DER */
	/* The one organization that the signer's subject names, zero-terminated; empty where that
	 * is none, several, or no printable ASCII. */
	char provider[SIGNATURE_PROVIDER_MAX];
};

/*
 * Does `cms` sign `data` with the key of certs[0], whose chain (through certs[1], if count is
 * 2) ends at one of `roots` (one DER certificate behind the other)? The signer's certificate must
 * be meant for code signing: extended key usage codeSigning, key usage digitalSignature, and no CA;
 * each certificate below the root names exactly one level (vmkapi/levels.h).
 * *path is filled, zeroed on any failure; *why (static text, may be NULL) says what was wrong, NULL
 * on success. Allocates from the heap while it runs. A few chains that were verified are remembered
 * by their bytes and the roots', so that a signer's second package costs one signature.
 *
 * VMK_UNSIGNED: no signature or no certificate at all. VMK_BAD_FORMAT: `cms` or a certificate does
 * not parse. VMK_UNSUPPORTED: an algorithm or form that is not accepted. VMK_UNKNOWN_SIGNER: the
 * chain does not end at a root, or a certificate is not for this use. VMK_BAD_SIGNATURE: all well,
 * but the signature does not match the data.
 */
enum vmk_status signature_verify(const struct signature_data *data, const uint8_t *cms,
	size_t cms_n, const struct signature_cert *certs, unsigned count, const uint8_t *roots,
	size_t roots_n, struct signature_path *path, const char **why);

#endif
