/*
 * One quote: the first nine checks of an appraisal (TPM 2.0 Library, Part 2, section 10.12), on
 * the attestation, its signature and the key that should have made it.
 */
#ifndef VERIFIER_QUOTE_H
#define VERIFIER_QUOTE_H

#include "verifier/key.h"

#define QUOTE_EXTRA_MAX 64u

struct quote {
	uint8_t signer[KEY_NAME_MAX]; /* qualifiedSigner */
	size_t signer_size;
	uint8_t extra[QUOTE_EXTRA_MAX]; /* extraData */
	size_t extra_size;
	uint64_t clock_ms;
	uint32_t reset_count;
	uint32_t restart_count;
	bool clock_safe;
	uint64_t firmware;
	TPML_PCR_SELECTION selection; /* as signed */
	uint8_t pcr_digest[DIGEST_SIZE];
};

/* Checks 1 to 3: exact length, magic, type. Nothing in *quote is trustworthy yet. */
bool quote_parse(struct quote *quote, const struct bytes *attest, struct fault *fault);

/*
 * Check 4: the quote names this key, in the endorsement hierarchy (under the EK when endorsement is
 * not NULL), and the key is fit to attest.
 */
bool quote_check_key(const struct quote *quote, const struct key *key,
	const struct key *endorsement, struct fault *fault);

/* Checks 5 and 6: allowed algorithms, of the kind that the key has; the signature verifies. */
struct quote_signature {
	TPMT_SIGNATURE tpm;
};
bool quote_parse_signature(struct quote_signature *signature, const struct bytes *encoded,
	const struct key *key, struct fault *fault);
bool quote_check_signature(const struct quote_signature *signature, const struct bytes *attest,
	const struct key *key, struct fault *fault);

/* What extraData must be (attest/PROTOCOL.md, Qualifying data). Returns its size. */
size_t quote_qualifying_data(uint8_t extra[QUOTE_EXTRA_MAX], unsigned int qd_version,
	const uint8_t *nonce, size_t nonce_size, const struct bytes *secret);
/* Check 7, without the nonce's age and use: compared in constant time. */
bool quote_check_nonce(
	const struct quote *quote, const uint8_t *expected, size_t size, struct fault *fault);

/* Check 8: one SHA-256 bank with exactly these PCRs. */
bool quote_check_selection(const struct quote *quote, uint32_t pcr_mask, struct fault *fault);

#endif
