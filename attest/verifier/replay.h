/* Replays events into PCRs of the SHA-256 bank, as the TPM did. */
#ifndef VERIFIER_REPLAY_H
#define VERIFIER_REPLAY_H

#include "verifier/events.h"

#define PCR_COUNT 24u
/* PCRs that a dynamic launch resets (TCG PC Client Platform TPM Profile, table of PCR attributes).
 */
#define PCR_DRTM_FIRST 17u
#define PCR_DRTM_LAST  22u

struct replay {
	bool launched; /* the log has events of PCR 17 */
	uint8_t pcr[PCR_COUNT][DIGEST_SIZE];
	unsigned int count[PCR_COUNT]; /* events that went into each */
};

/* The state before the first event: PCR 17-22 all-ones, or zero once launched. */
void replay_start(struct replay *replay, bool launched);
/*
 * One event log without the others. Only a launched system writes one, so PCR 17-22 start from
 * zero, also where the launch itself is in another log.
 */
void replay_log(struct replay *replay, const struct events *events);
/* P' = SHA-256(P || digest). pcr < PCR_COUNT. */
void replay_extend(struct replay *replay, unsigned int pcr, const uint8_t digest[DIGEST_SIZE]);
/* The first count events from the beginning; says itself whether they hold a launch. */
void replay_events(struct replay *replay, const struct events *events, size_t count);

/* TPMS_QUOTE_INFO.pcrDigest: SHA-256 over the selected PCRs in ascending order. */
void pcr_composite(
	uint8_t digest[DIGEST_SIZE], uint32_t mask, const uint8_t pcr[PCR_COUNT][DIGEST_SIZE]);

bool pcr_all(const uint8_t value[DIGEST_SIZE], uint8_t byte);

#endif
