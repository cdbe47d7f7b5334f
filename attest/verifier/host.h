/* What the verifier knows of one host: its keys, fixed at enrollment, and what it last saw. */
#ifndef VERIFIER_HOST_H
#define VERIFIER_HOST_H

#include "verifier/evidence.h"

#define HOST_ADDRESS_MAX 128
#define HOST_NONCES_MAX  256u

struct host_nonce {
	uint8_t digest[DIGEST_SIZE]; /* SHA-256 of the nonce */
	uint64_t used_ms;
};

struct host {
	char name[EVIDENCE_HOST_MAX + 1];
	char address[HOST_ADDRESS_MAX]; /* "IP:PORT" as last given */
	struct bytes ek_certificate;    /* DER */
	struct bytes ek_public;         /* TPM2B_PUBLIC */
	struct bytes ak_public;         /* TPM2B_PUBLIC */
	uint64_t enrolled;              /* seconds since 1970 */
	bool seen;                      /* the next three were set by an accepted quote */
	uint32_t reset_count;
	uint32_t restart_count;
	uint64_t firmware;
	struct host_nonce nonces[HOST_NONCES_MAX]; /* used lately */
	size_t nonce_count;
};

void host_free(struct host *host);
bool host_nonce_used(const struct host *host, const uint8_t *nonce, size_t size);
/*
 * Notes a nonce as used. What is older than max_age_ms goes first, and the oldest when there is no
 * room: an answer to it would be refused as expired anyway.
 */
void host_use_nonce(
	struct host *host, const uint8_t *nonce, size_t size, uint64_t now_ms, uint64_t max_age_ms);

#endif
