/*
 * TPM2_MakeCredential in software: TPM 2.0 Library, Part 1, sections 11.4.10 (KDFs), 24 (credential
 * protection), annexes B.10.4 (RSA) and C.6.4 (ECC). Only the TPM that holds the endorsement key
 * can open what comes out, and only if it also holds a key of the given name.
 */
#ifndef VERIFIER_CREDENTIAL_H
#define VERIFIER_CREDENTIAL_H

#include "verifier/key.h"

#define CREDENTIAL_SECRET_SIZE 32u

struct credential {
	uint8_t secret[CREDENTIAL_SECRET_SIZE];
	struct bytes blob;      /* TPM2B_ID_OBJECT, whole */
	struct bytes encrypted; /* TPM2B_ENCRYPTED_SECRET, whole */
};

/* A fresh random secret for the key of that name. Fault: algorithm, for an EK we cannot serve. */
bool credential_make(struct credential *credential, const struct key *endorsement,
	const uint8_t *name, size_t name_size, struct fault *fault);
void credential_free(struct credential *credential);

#endif
