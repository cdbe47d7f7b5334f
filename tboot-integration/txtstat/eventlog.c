#include "tboot-integration/txtstat/eventlog.h"

#include <string.h>

#include "trust/evlog_read.h"

enum { DIGEST = 32, PCRS = EVLOG_MAX_PCR + 1 };

struct replayed {
	uint8_t value[PCRS][DIGEST];
	bool touched[PCRS];
};

static void extend(struct replayed *pcrs, const struct evlog_event *event, eventlog_sha256 sha256)
{
	const struct evlog_digest *digest = evlog_digest(event, EVLOG_ALG_SHA256);
	uint8_t both[2 * DIGEST];

	if (!sha256 || event->type == EVLOG_NO_ACTION || !digest)
		return;
	memcpy(both, pcrs->value[event->pcr], DIGEST);
	memcpy(both + DIGEST, digest->bytes, DIGEST);
	sha256(both, sizeof(both), pcrs->value[event->pcr]);
	pcrs->touched[event->pcr] = true;
}

static void report_event(const struct report *r, const struct evlog_event *event, unsigned index)
{
	const struct evlog_digest *digest = evlog_digest(event, EVLOG_ALG_SHA256);

	report_group(r, NULL);
	report_number(r, "index", index);
	report_number(r, "pcr", event->pcr);
	report_hex(r, "type", event->type);
	report_text(r, "name", evlog_type_name(event->type));
	if (digest)
		report_bytes(r, "sha256", digest->bytes, digest->size);
	report_bytes(r, "data", event->data, event->data_size);
	report_end(r);
}

static void report_pcrs(const struct report *r, const struct replayed *pcrs)
{
	report_list(r, "pcrs");
	for (unsigned i = 0; i < PCRS; i++) {
		if (!pcrs->touched[i])
			continue;
		report_group(r, NULL);
		report_number(r, "pcr", i);
		report_bytes(r, "from_zero", pcrs->value[i], DIGEST);
		report_end(r);
	}
	report_end(r);
}

bool eventlog_report(const struct report *r, const void *bytes, size_t size, eventlog_sha256 sha256)
{
	struct replayed pcrs = {0};
	struct evlog_cursor cursor;
	struct evlog_event event;
	const char *why = NULL;
	struct evlog log;

	report_group(r, "event_log");
	if (evlog_open(&log, bytes, size, &why) == VMK_OK) {
		log.size = evlog_unpadded_size(&log);
		cursor = evlog_begin(&log);
		report_number(r, "bytes", log.size);
		report_list(r, "events");
		for (unsigned i = 0; evlog_next(&cursor, &event) == VMK_OK; i++) {
			report_event(r, &event, i);
			extend(&pcrs, &event, sha256);
		}
		report_end(r);
		report_pcrs(r, &pcrs);
		why = cursor.why;
	}
	if (why)
		report_text(r, "fault", why);
	report_end(r);
	return !why;
}
