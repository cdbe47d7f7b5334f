#include "verifier/covers.h"

#include <stdio.h>
#include <string.h>

#include "verifier/semantics.h"

/* Packages that load between a quote and the reading of the log are few. */
#define LATE_MAX 64u

static bool fits(struct appraisal *a, uint32_t mask, const uint8_t values[PCR_COUNT][DIGEST_SIZE])
{
	uint8_t digest[DIGEST_SIZE];

	pcr_composite(digest, mask, values);
	if (memcmp(digest, a->quote.pcr_digest, DIGEST_SIZE) != 0)
		return false;
	memcpy(a->values, values, sizeof(a->values));
	a->values_known = true;
	return true;
}

/* Replays without the last events of log vmk, up to the count that fits; 0 when none does. */
static size_t drop_late(struct appraisal *a, uint32_t mask)
{
	size_t count = a->events.count;
	struct replay replay;

	for (size_t late = 1; late <= LATE_MAX && late < count; late++) {
		if (a->events.items[count - late].log != LOG_VMK)
			return 0;
		replay_events(&replay, &a->events, count - late);
		if (!fits(a, mask, replay.pcr))
			continue;
		a->replay = replay;
		a->events.count = count - late;
		return late;
	}
	return 0;
}

size_t covers_find_values(struct appraisal *a, const struct appraise_request *r)
{
	const struct bytes *sent = &r->evidence->logs[LOG_PCR_VALUES];
	uint8_t values[PCR_COUNT][DIGEST_SIZE];
	uint32_t mask = r->evidence->pcr_mask;
	size_t late;

	replay_events(&a->replay, &a->events, a->events.count);
	if (fits(a, mask, a->replay.pcr))
		return 0;
	late = drop_late(a, mask);
	if (late)
		return late;
	if (sent->size == sizeof(values)) {
		memcpy(values, sent->data, sizeof(values));
		if (fits(a, mask, values))
			return 0;
	}
	memset(values, 0xff, sizeof(values));
	if (!fits(a, mask, values))
		(void)fits(a, mask, r->policy->pcrs);
	return 0;
}

bool covers_check_digest(
	const struct appraisal *a, const struct appraise_request *r, struct fault *fault)
{
	char text[HEX_SIZE(DIGEST_SIZE)];
	uint8_t digest[DIGEST_SIZE];

	if (a->values_known || r->evidence->logs[LOG_PCR_VALUES].size == 0)
		return true;
	fault_set(fault, REASON_PCR_DIGEST_MISMATCH, "attestation: pcrDigest");
	hex_encode(text, a->quote.pcr_digest, DIGEST_SIZE);
	fault_expected(fault, "%s", text);
	pcr_composite(digest, r->evidence->pcr_mask, a->replay.pcr);
	hex_encode(text, digest, DIGEST_SIZE);
	return fault_found(fault, "%s from the replayed log", text);
}

static const struct event *nth_event(const struct events *events, uint32_t pcr, size_t n)
{
	for (size_t i = 0; i < events->count; i++) {
		if (events->items[i].pcr == pcr && n-- == 0)
			return &events->items[i];
	}
	return NULL;
}

static const struct policy_event *nth_expected(const struct policy *policy, uint32_t pcr, size_t n)
{
	for (size_t i = 0; i < policy->event_count; i++) {
		if (policy->events[i].pcr == pcr && n-- == 0)
			return &policy->events[i];
	}
	return NULL;
}

static bool cut_short(struct fault *fault, const struct policy_event *expected, unsigned int pcr)
{
	fault_set(fault, REASON_LOG_TRUNCATED, "log %s ends before %s of PCR %u",
		log_name(expected->log), expected->name, pcr);
	fault_expected(fault, "%s", expected->file ? expected->file->name : expected->what);
	return fault_found(fault, "nothing");
}

/*
 * The TPM holds what the policy expects, but the log says something else: so the log is what was
 * tampered with, and the first place where it leaves the policy is where.
 */
static bool name_tampering(struct fault *fault, const struct appraisal *a,
	const struct policy *policy, unsigned int pcr)
{
	char text[256];

	for (size_t n = 0;; n++) {
		const struct event *found = nth_event(&a->events, pcr, n);
		const struct policy_event *expected = nth_expected(policy, pcr, n);

		if (!found && expected)
			return cut_short(fault, expected, pcr);
		if (!found)
			return false;
		if (expected && memcmp(found->digest, expected->digest, DIGEST_SIZE) == 0)
			continue;
		semantics_describe(found, text, sizeof(text));
		fault_set(fault, REASON_REPLAY_MISMATCH,
			"%s: not what the TPM was given at this place", text);
		hex_encode(text, found->digest, DIGEST_SIZE);
		fault_found(fault, "%s", text);
		if (expected)
			hex_encode(text, expected->digest, DIGEST_SIZE);
		return fault_expected(fault, "%s", expected ? text : "nothing more");
	}
}

static bool name_mismatch(struct fault *fault, const struct appraisal *a,
	const struct policy *policy, unsigned int pcr)
{
	char text[HEX_SIZE(DIGEST_SIZE)];

	if (a->replay.count[pcr] == 0) {
		fault_set(fault, REASON_PCR_NOT_COVERED, "PCR %u", pcr);
		fault_expected(fault, "events in a log");
		hex_encode(text, a->values[pcr], DIGEST_SIZE);
		return fault_found(fault, "none, and the value %s", text);
	}
	if (memcmp(a->values[pcr], policy->pcrs[pcr], DIGEST_SIZE) == 0 &&
		(name_tampering(fault, a, policy, pcr), fault->reason != REASON_NONE))
		return false;
	fault_set(fault, REASON_REPLAY_MISMATCH, "PCR %u", pcr);
	hex_encode(text, a->values[pcr], DIGEST_SIZE);
	fault_expected(fault, "%s in the TPM", text);
	hex_encode(text, a->replay.pcr[pcr], DIGEST_SIZE);
	return fault_found(fault, "%s from %u events", text, a->replay.count[pcr]);
}

bool covers_check(const struct appraisal *a, const struct appraise_request *r, struct fault *fault)
{
	if (!a->values_known)
		return fault_set(fault, REASON_REPLAY_MISMATCH, "the selected PCRs as a whole");
	for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
		if ((r->evidence->pcr_mask >> pcr & 1) &&
			memcmp(a->values[pcr], a->replay.pcr[pcr], DIGEST_SIZE) != 0)
			return name_mismatch(fault, a, r->policy, pcr);
	}
	return true;
}
