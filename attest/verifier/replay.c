#include "verifier/replay.h"

#include "trust/txt_events.h"

#include <string.h>

void replay_start(struct replay *replay, bool launched)
{
	memset(replay, 0, sizeof(*replay));
	replay->launched = launched;
	if (!launched) {
		for (unsigned int i = PCR_DRTM_FIRST; i <= PCR_DRTM_LAST; i++)
			memset(replay->pcr[i], 0xff, DIGEST_SIZE);
	}
}

void replay_extend(struct replay *replay, unsigned int pcr, const uint8_t digest[DIGEST_SIZE])
{
	sha256_two(replay->pcr[pcr], replay->pcr[pcr], DIGEST_SIZE, digest, DIGEST_SIZE);
	replay->count[pcr]++;
}

/* Types are not measured: any event of PCR 17 says that there was a launch, and the sum decides. */
static bool holds_launch(const struct events *events, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (events->items[i].pcr == PCR_DRTM_FIRST)
			return true;
	}
	return false;
}

void replay_events(struct replay *replay, const struct events *events, size_t count)
{
	replay_start(replay, holds_launch(events, count));
	for (size_t i = 0; i < count; i++)
		replay_extend(replay, events->items[i].pcr, events->items[i].digest);
}

void replay_log(struct replay *replay, const struct events *events)
{
	replay_start(replay, true);
	for (size_t i = 0; i < events->count; i++)
		replay_extend(replay, events->items[i].pcr, events->items[i].digest);
}

void pcr_composite(
	uint8_t digest[DIGEST_SIZE], uint32_t mask, const uint8_t pcr[PCR_COUNT][DIGEST_SIZE])
{
	uint8_t all[PCR_COUNT * DIGEST_SIZE];
	size_t size = 0;

	for (unsigned int i = 0; i < PCR_COUNT; i++) {
		if (!(mask >> i & 1))
			continue;
		memcpy(all + size, pcr[i], DIGEST_SIZE);
		size += DIGEST_SIZE;
	}
	sha256(digest, all, size);
}

bool pcr_all(const uint8_t value[DIGEST_SIZE], uint8_t byte)
{
	for (unsigned int i = 0; i < DIGEST_SIZE; i++) {
		if (value[i] != byte)
			return false;
	}
	return true;
}
