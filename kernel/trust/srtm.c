#include "trust/srtm.h"

#include "lib/types.h"
#include "trust/evlog_read.h"
#include "trust/hash.h"

#include <stdio.h>
#include <string.h>

#define DRTM_PCR_FIRST 17u
#define DRTM_PCR_LAST  22u
#define OWN_PCR_FIRST  12u
#define OWN_PCR_LAST   14u
/* GRUB 2.06, commands/tpm.c: an event's text is its kind, a colon and what was measured. */
#define GRUB_LOADS_KERNEL "multiboot2 "
#define GRUB_KIND_ENDS    ": "
/* So many digests are looked for in one walk. */
#define SOUGHT_AT_ONCE 16u

struct sought {
	unsigned pcr;
	uint8_t digest[32];
	bool found;
};

/* What one walk through the log brings. */
struct replay {
	bool sound;
	const char *why;
	unsigned events;
	uint8_t pcrs[SRTM_PCR_LAST + 1][32];
	const char *kernel; /* the path in the last command that loads a kernel; NULL: none */
	size_t kernel_bytes;
	bool hidden; /* the data of an event in PCR 8 is not what was measured */
};

static bool has_hash(const uint8_t *digest, const uint8_t *data, size_t size)
{
	uint8_t hash[32];

	hash_sha256(data, size, hash);
	return memcmp(hash, digest, sizeof(hash)) == 0;
}

/*
 * What was measured, as far as the log tells: its data is a claim until it has the digest, as a
 * whole or behind its kind; its type and its kind stay claims. False: the log hides it.
 */
static bool measured_text(
	const struct evlog_event *event, const uint8_t *digest, const char **text, size_t *size)
{
	const size_t mark = strlen(GRUB_KIND_ENDS);
	size_t end = event->data_size, at = 0;

	end -= end && event->data[end - 1] == 0;
	while (at + mark <= end && memcmp(event->data + at, GRUB_KIND_ENDS, mark) != 0)
		at++;
	at += mark;
	if (at > end || !has_hash(digest, event->data + at, end - at)) {
		at = 0;
		end = event->data_size;
		if (!has_hash(digest, event->data, end))
			return false;
	}
	*text = (const char *)event->data + at;
	*size = end - at;
	return true;
}

/* A text that is hidden may be the last command that loads a kernel: then none of the others is. */
static void note_kernel(
	struct replay *replay, const struct evlog_event *event, const uint8_t *digest)
{
	size_t prefix = strlen(GRUB_LOADS_KERNEL), bytes;
	const char *text, *end;

	if (!measured_text(event, digest, &text, &bytes)) {
		replay->hidden = true;
		return;
	}
	if (bytes <= prefix || memcmp(text, GRUB_LOADS_KERNEL, prefix) != 0)
		return;
	end = memchr(text + prefix, ' ', bytes - prefix);
	replay->kernel = text + prefix;
	replay->kernel_bytes = end ? (size_t)(end - replay->kernel) : bytes - prefix;
}

static bool replay_event(struct replay *replay, const struct evlog_event *event)
{
	const struct evlog_digest *digest = evlog_digest(event, EVLOG_ALG_SHA256);

	replay->events++;
	if (event->type == EVLOG_NO_ACTION || event->pcr > SRTM_PCR_LAST)
		return true;
	if (!digest) {
		replay->why = "an event without SHA-256 digest";
		return false;
	}
	pcr_extend(replay->pcrs[event->pcr], digest->bytes);
	if (event->pcr == SRTM_PCR_COMMANDS)
		note_kernel(replay, event, digest->bytes);
	return true;
}

static void replay_log(const struct srtm_facts *facts, struct replay *replay)
{
	struct evlog log;
	struct evlog_cursor cursor;
	struct evlog_event event;
	enum vmk_status status;

	replay->why = facts->log_why ? facts->log_why : "no log";
	if (!facts->log || evlog_open(&log, facts->log, facts->log_bytes, &replay->why) != VMK_OK)
		return;
	cursor = evlog_begin(&log);
	while ((status = evlog_next(&cursor, &event)) == VMK_OK) {
		if (!replay_event(replay, &event))
			return;
	}
	replay->sound = status == VMK_NOT_FOUND;
	replay->why = cursor.why;
}

static void judge_range(const struct srtm_facts *facts, struct verdict_sign *sign, unsigned first,
	unsigned last, uint8_t byte, const char *expected)
{
	char text[40];

	for (unsigned pcr = first; facts->pcrs_known && pcr <= last; pcr++) {
		if (pcr_all_bytes(facts->pcrs[pcr], byte))
			continue;
		snprintf(text, sizeof(text), "PCR %u has another value", pcr);
		sign_say(sign, false, expected, text);
		return;
	}
	sign_say(sign, facts->pcrs_known, expected, facts->pcrs_known ? expected : "not readable");
}

static void judge_log(const struct replay *replay, struct verdict_sign *sign)
{
	char text[40];

	snprintf(text, sizeof(text), "%u events", replay->events);
	sign_say(sign, replay->sound, "a TCG crypto-agile log", replay->sound ? text : replay->why);
}

static void judge_replay(
	const struct srtm_facts *facts, const struct replay *replay, struct verdict_sign *sign)
{
	static const char expected[] = "ten equal values";
	char text[40];

	if (!facts->pcrs_known || !replay->sound) {
		sign_say(sign, false, expected, "nothing to compare");
		return;
	}
	for (unsigned pcr = 0; pcr <= SRTM_PCR_LAST; pcr++) {
		if (memcmp(facts->pcrs[pcr], replay->pcrs[pcr], 32) == 0)
			continue;
		snprintf(text, sizeof(text), "PCR %u has another value", pcr);
		sign_say(sign, false, expected, text);
		return;
	}
	sign_say(sign, true, expected, expected);
}

/* The next event that a PCR was extended for, with its digest; false at the log's end. */
static bool next_measured(
	struct evlog_cursor *cursor, struct evlog_event *event, const uint8_t **digest)
{
	while (evlog_next(cursor, event) == VMK_OK) {
		const struct evlog_digest *sha256 = evlog_digest(event, EVLOG_ALG_SHA256);

		if (event->type == EVLOG_NO_ACTION || !sha256)
			continue;
		*digest = sha256->bytes;
		return true;
	}
	return false;
}

static bool find_file(const struct srtm_facts *facts, const struct replay *replay)
{
	struct evlog log;
	struct evlog_cursor cursor;
	struct evlog_event event;
	const uint8_t *digest;

	if (evlog_open(&log, facts->log, facts->log_bytes, NULL) != VMK_OK)
		return false;
	cursor = evlog_begin(&log);
	while (next_measured(&cursor, &event, &digest)) {
		if (event.pcr == SRTM_PCR_FILES && event.data_size > replay->kernel_bytes &&
			memcmp(event.data, replay->kernel, replay->kernel_bytes) == 0 &&
			event.data[replay->kernel_bytes] == 0)
			return true;
	}
	return false;
}

/* The loaded image is not the file, so the file is known by its name alone here. */
static void judge_kernel(
	const struct srtm_facts *facts, const struct replay *replay, struct verdict_sign *sign)
{
	static const char expected[] = "a multiboot2 command and its file";
	char path[72];

	if (!replay->kernel || replay->hidden) {
		sign_say(sign, false, expected,
			replay->hidden ? "a command in the log is not what was measured"
				       : "no such command");
		return;
	}
	snprintf(path, sizeof(path), "%.*s", (int)MIN(replay->kernel_bytes, sizeof(path) - 1),
		replay->kernel);
	sign_say(sign, find_file(facts, replay), expected, path);
}

/* Looks for all of them in one walk. */
static void look_for(const struct srtm_facts *facts, struct sought *sought, unsigned count)
{
	struct evlog log;
	struct evlog_cursor cursor;
	struct evlog_event event;
	const uint8_t *digest;

	if (!facts->log || evlog_open(&log, facts->log, facts->log_bytes, NULL) != VMK_OK)
		return;
	cursor = evlog_begin(&log);
	while (next_measured(&cursor, &event, &digest)) {
		for (unsigned i = 0; i < count; i++)
			sought[i].found |= event.pcr == sought[i].pcr &&
					   memcmp(digest, sought[i].digest, 32) == 0;
	}
}

/* GRUB measures a text without its terminating zero. */
static struct sought text_sought(const char *text)
{
	struct sought sought = {.pcr = SRTM_PCR_COMMANDS};

	hash_sha256(text, strlen(text), sought.digest);
	return sought;
}

/* The kernel's command line is number 0, then each module has two: its command line, its bytes. */
static struct sought sought_number(const struct srtm_facts *facts, unsigned number)
{
	const struct srtm_module *module = &facts->modules[number ? (number - 1) / 2 : 0];
	struct sought sought = {.pcr = SRTM_PCR_FILES};

	if (!number || number % 2)
		return text_sought(number ? module->cmdline : facts->cmdline);
	memcpy(sought.digest, module->sha256, sizeof(sought.digest));
	return sought;
}

static void judge_modules(
	const struct srtm_facts *facts, unsigned missing, struct verdict_sign *sign)
{
	static const char expected[] = "each module's bytes and command line";
	char text[72];

	if (facts->log && missing)
		snprintf(text, sizeof(text), "module %u: its %s not measured", (missing + 1) / 2,
			missing % 2 ? "command line was" : "bytes were");
	else
		snprintf(text, sizeof(text), "those of %u modules", facts->module_count);
	sign_say(sign, facts->log && !missing, expected, facts->log ? text : "no log");
}

static void judge_measured(const struct srtm_facts *facts, struct verdict_sign *signs)
{
	const unsigned all = 1 + 2 * facts->module_count;
	struct sought sought[SOUGHT_AT_ONCE];
	unsigned missing = 0; /* the first that is, but for the kernel's command line */
	bool line = false;

	for (unsigned first = 0; first < all; first += SOUGHT_AT_ONCE) {
		const unsigned count = MIN(all - first, SOUGHT_AT_ONCE);

		for (unsigned i = 0; i < count; i++)
			sought[i] = sought_number(facts, first + i);
		look_for(facts, sought, count);
		line |= !first && sought[0].found;
		for (unsigned i = !first; i < count; i++) {
			if (!missing && !sought[i].found)
				missing = first + i;
		}
	}
	sign_say(&signs[SRTM_CMDLINE], line, "its digest", line ? "its digest" : "none");
	judge_modules(facts, missing, &signs[SRTM_MODULES]);
}

void srtm_draw(const struct srtm_facts *facts, struct srtm_verdict *verdict)
{
	struct replay replay = {0};

	memset(verdict, 0, sizeof(*verdict));
	replay_log(facts, &replay);
	judge_range(facts, &verdict->signs[SRTM_NO_DRTM], DRTM_PCR_FIRST, DRTM_PCR_LAST, 0xff,
		"all-ones");
	judge_log(&replay, &verdict->signs[SRTM_LOG]);
	judge_replay(facts, &replay, &verdict->signs[SRTM_REPLAY]);
	judge_range(facts, &verdict->signs[SRTM_OWN], OWN_PCR_FIRST, OWN_PCR_LAST, 0, "all-zero");
	judge_kernel(facts, &replay, &verdict->signs[SRTM_KERNEL]);
	judge_measured(facts, verdict->signs);
	for (unsigned i = 0; i < SRTM_SIGN_COUNT; i++)
		verdict->missing += !verdict->signs[i].holds;
	verdict->measured = verdict->missing == 0;
}

const char *srtm_sign_name(enum srtm_sign_name sign)
{
	static const char *const names[] = {
#define X(symbol, name, meaning) name,
		SRTM_SIGNS(X)
#undef X
	};

	return (unsigned)sign < SRTM_SIGN_COUNT ? names[sign] : "?";
}

const char *srtm_sign_meaning(enum srtm_sign_name sign)
{
	static const char *const meanings[] = {
#define X(symbol, name, meaning) meaning,
		SRTM_SIGNS(X)
#undef X
	};

	return (unsigned)sign < SRTM_SIGN_COUNT ? meanings[sign] : "?";
}
