#include "trust/verdict.h"

#include "lib/hex.h"
#include "trust/evlog_read.h"

#include <stdio.h>
#include <string.h>

struct replay {
	bool sound;
	const char *why;
	unsigned events;
	uint8_t pcr17[32], pcr18[32];
};

static void judge_tboot(const struct verdict_facts *facts, struct verdict_sign *signs)
{
	sign_say(&signs[SIGN_TBOOT_WORD], facts->tboot_word, "tboot=0x...",
		facts->tboot_word ? "tboot=0x..." : "no such word");
	sign_say(&signs[SIGN_TBOOT_UUID], facts->tboot_uuid, "ff8d3c66-b3e8-824b-bfaa-19ea4d057a08",
		facts->tboot_uuid ? "ff8d3c66-b3e8-824b-bfaa-19ea4d057a08" : "another");
	sign_say(&signs[SIGN_TBOOT_PLACE], facts->tboot_place, "inside tboot's memory",
		facts->tboot_place ? "inside tboot's memory" : "elsewhere, or none");
}

static void judge_bits(struct verdict_sign *sign, const struct verdict_facts *facts, uint64_t value,
	uint64_t mask, uint64_t wanted)
{
	bool holds = facts->txt && (value & mask) == wanted;

	sign->holds = holds;
	snprintf(sign->expected, sizeof(sign->expected), "0x%llx under mask 0x%llx",
		(unsigned long long)wanted, (unsigned long long)mask);
	if (facts->txt)
		snprintf(sign->found, sizeof(sign->found), "0x%llx", (unsigned long long)value);
	else
		snprintf(sign->found, sizeof(sign->found), "no TXT registers");
}

static void judge_txt(const struct verdict_facts *facts, struct verdict_sign *signs)
{
	struct verdict_sign *error = &signs[SIGN_TXT_ERROR];

	judge_bits(&signs[SIGN_TXT_STS], facts, facts->sts,
		TXT_STS_SENTER_DONE | TXT_STS_SEXIT_DONE, TXT_STS_SENTER_DONE);
	judge_bits(&signs[SIGN_TXT_LOCALITY], facts, facts->sts, TXT_STS_LOCALITY2_OPEN,
		TXT_STS_LOCALITY2_OPEN);
	judge_bits(&signs[SIGN_TXT_ESTS], facts, facts->ests, TXT_ESTS_RESET, 0);
	judge_bits(&signs[SIGN_TXT_SECRETS], facts, facts->e2sts, TXT_E2STS_SECRETS,
		TXT_E2STS_SECRETS);
	judge_bits(error, facts, facts->errorcode, TXT_ERRORCODE_VALID, 0);
	if (facts->txt && facts->errorcode == TXT_ERRORCODE_SINIT_OK)
		error->holds = true;
	snprintf(error->expected, sizeof(error->expected), "not valid, or 0x%x",
		TXT_ERRORCODE_SINIT_OK);
}

/* All-ones: never launched. All-zero: reset by a launch that then measured nothing. */
static void judge_pcr(
	struct verdict_sign *sign, const struct verdict_facts *facts, const uint8_t value[32])
{
	static const char expected[] = "neither all-ones nor all-zero";
	char text[65];

	if (!facts->pcrs)
		sign_say(sign, false, expected, "not readable");
	else if (pcr_all_bytes(value, 0xff))
		sign_say(sign, false, expected, "all-ones: no launch");
	else if (pcr_all_bytes(value, 0))
		sign_say(sign, false, expected, "all-zero: nothing was measured");
	else
		sign_say(sign, true, expected, hex_encode(text, value, 32));
}

/* TCG: PCR 17 and 18 start at zero after the launch; NO_ACTION events are not extended. */
static bool replay_event(struct replay *replay, const struct evlog_event *event)
{
	const struct evlog_digest *digest;

	replay->events++;
	if (event->type == EVLOG_NO_ACTION || (event->pcr != 17 && event->pcr != 18))
		return true;
	digest = evlog_digest(event, EVLOG_ALG_SHA256);
	if (!digest) {
		replay->why = "an event without SHA-256 digest";
		return false;
	}
	pcr_extend(event->pcr == 17 ? replay->pcr17 : replay->pcr18, digest->bytes);
	return true;
}

static void replay_log(const struct verdict_facts *facts, struct replay *replay)
{
	struct evlog log;
	struct evlog_cursor cursor;
	struct evlog_event event;
	enum vmk_status status;

	replay->why = facts->log_why ? facts->log_why : "no log";
	if (!facts->log)
		return;
	if (evlog_open(&log, facts->log, facts->log_bytes, &replay->why) != VMK_OK)
		return;
	cursor = evlog_begin(&log);
	for (;;) {
		status = evlog_next(&cursor, &event);
		if (status != VMK_OK)
			break;
		if (!replay_event(replay, &event))
			return;
	}
	replay->sound = status == VMK_NOT_FOUND;
	replay->why = cursor.why;
}

static void judge_replay(struct verdict_sign *sign, const struct verdict_facts *facts,
	const struct replay *replay, const uint8_t pcr[32], const uint8_t replayed[32])
{
	char expected[65], found[65];

	if (!facts->pcrs || !replay->sound) {
		sign_say(sign, false, "the log's digests", "nothing to compare");
		return;
	}
	sign_say(sign, memcmp(pcr, replayed, 32) == 0, hex_encode(expected, replayed, 32),
		hex_encode(found, pcr, 32));
}

static void judge_log(
	const struct verdict_facts *facts, const struct replay *replay, struct verdict_sign *signs)
{
	struct verdict_sign *log = &signs[SIGN_LOG];

	log->holds = replay->sound;
	snprintf(log->expected, sizeof(log->expected), "a TCG crypto-agile log");
	if (replay->sound)
		snprintf(log->found, sizeof(log->found), "%u events", replay->events);
	else
		snprintf(log->found, sizeof(log->found), "%s", replay->why);
	judge_replay(&signs[SIGN_REPLAY17], facts, replay, facts->pcr17, replay->pcr17);
	judge_replay(&signs[SIGN_REPLAY18], facts, replay, facts->pcr18, replay->pcr18);
}

void verdict_draw(const struct verdict_facts *facts, struct verdict *verdict)
{
	struct replay replay = {0};

	memset(verdict, 0, sizeof(*verdict));
	replay_log(facts, &replay);
	judge_tboot(facts, verdict->signs);
	judge_txt(facts, verdict->signs);
	judge_pcr(&verdict->signs[SIGN_PCR17], facts, facts->pcr17);
	judge_pcr(&verdict->signs[SIGN_PCR18], facts, facts->pcr18);
	judge_log(facts, &replay, verdict->signs);
	for (unsigned i = 0; i < VERDICT_SIGN_COUNT; i++)
		verdict->missing += !verdict->signs[i].holds;
	verdict->measured = verdict->missing == 0;
}

const char *verdict_sign_name(enum verdict_sign_name sign)
{
	static const char *const names[] = {
#define X(symbol, name, meaning) name,
		VERDICT_SIGNS(X)
#undef X
	};

	return (unsigned)sign < VERDICT_SIGN_COUNT ? names[sign] : "?";
}

const char *verdict_sign_meaning(enum verdict_sign_name sign)
{
	static const char *const meanings[] = {
#define X(symbol, name, meaning) meaning,
		VERDICT_SIGNS(X)
#undef X
	};

	return (unsigned)sign < VERDICT_SIGN_COUNT ? meanings[sign] : "?";
}
