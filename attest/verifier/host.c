#include "verifier/host.h"

#include <string.h>

void host_free(struct host *host)
{
	bytes_free(&host->ek_certificate);
	bytes_free(&host->ek_public);
	bytes_free(&host->ak_public);
}

bool host_nonce_used(const struct host *host, const uint8_t *nonce, size_t size)
{
	uint8_t digest[DIGEST_SIZE];

	sha256(digest, nonce, size);
	for (size_t i = 0; i < host->nonce_count; i++) {
		if (memcmp(host->nonces[i].digest, digest, DIGEST_SIZE) == 0)
			return true;
	}
	return false;
}

void host_use_nonce(
	struct host *host, const uint8_t *nonce, size_t size, uint64_t now_ms, uint64_t max_age_ms)
{
	struct host_nonce *slot;
	size_t kept = 0;

	for (size_t i = 0; i < host->nonce_count; i++) {
		if (now_ms - host->nonces[i].used_ms <= max_age_ms)
			host->nonces[kept++] = host->nonces[i];
	}
	if (kept == HOST_NONCES_MAX)
		memmove(host->nonces, host->nonces + 1, --kept * sizeof(host->nonces[0]));
	slot = &host->nonces[kept];
	sha256(slot->digest, nonce, size);
	slot->used_ms = now_ms;
	host->nonce_count = kept + 1;
}
