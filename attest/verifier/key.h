/* A public key that came from a TPM: TPM2B_PUBLIC (TPM 2.0 Library, Part 2, section 12.2). */
#ifndef VERIFIER_KEY_H
#define VERIFIER_KEY_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <tss2/tss2_tpm2_types.h>

#include "verifier/bytes.h"
#include "verifier/fault.h"

#define KEY_NAME_MAX 66u /* TPM_ALG_ID and the longest digest */

struct key {
	TPMT_PUBLIC public;
	EVP_PKEY *pkey;
	uint8_t name[KEY_NAME_MAX]; /* Part 1, section 16: nameAlg || H(TPMT_PUBLIC) */
	size_t name_size;
};

/*
 * Decodes a TPM2B_PUBLIC of exactly size bytes. what names the key in faults. Faults: malformed,
 * trailing-bytes, algorithm (other than RSA of 2048 bits and up, ECC P-256 or P-384, with a
 * name algorithm of SHA-256 or SHA-384).
 */
bool key_load(struct key *key, const struct bytes *encoded, const char *what, struct fault *fault);
void key_free(struct key *key);

/* Restricted, signing, not decrypting, born in and bound to its TPM; else key-attributes. */
bool key_check_attestation(const struct key *key, struct fault *fault);
/* Restricted, decrypting, not signing, born in and bound to its TPM; else key-attributes. */
bool key_check_endorsement(const struct key *key, struct fault *fault);

/*
 * The qualified name of a primary key in the endorsement hierarchy, or of a child of parent (itself
 * such a primary) when that is not NULL. Part 1, section 16. Returns its size.
 */
size_t key_qualified_name(
	const struct key *key, const struct key *parent, uint8_t name[KEY_NAME_MAX]);

/* A hash that we allow for signatures and names (SHA-256, SHA-384), or NULL. */
const EVP_MD *key_hash(TPMI_ALG_HASH alg);

#endif
