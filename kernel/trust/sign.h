/* A sign of a launch, as a verdict shows it; and the arithmetic of PCRs. Pure. */
#ifndef TRUST_SIGN_H
#define TRUST_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct verdict_sign {
	bool holds;
	char expected[72], found[72]; /* for people, zero-terminated */
};

/* Texts are cut to fit. */
void sign_say(struct verdict_sign *sign, bool holds, const char *expected, const char *found);

bool pcr_all_bytes(const uint8_t value[32], uint8_t byte);
/* TPM2_PCR_Extend: PCR = SHA-256(PCR || digest). */
void pcr_extend(uint8_t pcr[32], const uint8_t digest[32]);

#endif
