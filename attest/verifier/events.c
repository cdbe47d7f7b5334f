#include "verifier/events.h"

#include <stdlib.h>
#include <string.h>

#include "trust/evlog_read.h"

void events_free(struct events *events)
{
	free(events->items);
	*events = (struct events){0};
}

static bool log_fault(struct fault *fault, enum vmk_status status, enum log_id log,
	unsigned int index, size_t offset, const char *why)
{
	enum reason reason = status == VMK_TRUNCATED ? REASON_LOG_TRUNCATED : REASON_LOG_MALFORMED;

	fault_set(fault, reason, "log %s, record %u at byte %zu", log_name(log), index, offset);
	return fault_found(fault, "%s", why ? why : "nothing readable");
}

static bool add(struct events *events, enum log_id log, unsigned int index,
	const struct evlog_event *record, struct fault *fault)
{
	const struct evlog_digest *sha256 = evlog_digest(record, EVLOG_ALG_SHA256);
	const struct evlog_digest *sha1 = evlog_digest(record, EVLOG_ALG_SHA1);
	struct event *event;

	if (!sha256)
		return log_fault(fault, VMK_BAD_FORMAT, log, index, record->offset,
			"no SHA-256 digest, so the SHA-256 bank cannot be replayed");
	if (events->count == EVENTS_MAX)
		return log_fault(fault, VMK_BAD_FORMAT, log, index, record->offset,
			"more events than any boot makes");
	event = &events->items[events->count++];
	*event = (struct event){
		.log = log,
		.index = index,
		.pcr = record->pcr,
		.type = record->type,
		.sha1 = sha1 ? sha1->bytes : NULL,
		.data = record->data,
		.data_size = record->data_size,
	};
	memcpy(event->digest, sha256->bytes, DIGEST_SIZE);
	return true;
}

static bool decode_log(
	struct events *events, enum log_id id, const struct bytes *bytes, struct fault *fault)
{
	struct evlog_cursor cursor;
	struct evlog_event record;
	unsigned int index = 0;
	enum vmk_status status;
	const char *why = NULL;
	struct evlog log;

	status = evlog_open(&log, bytes->data, bytes->size, &why);
	if (status != VMK_OK)
		return log_fault(fault, status, id, 0, 0, why);
	cursor = evlog_begin(&log);
	for (; (status = evlog_next(&cursor, &record)) == VMK_OK; index++) {
		if (record.type != EVLOG_NO_ACTION && !add(events, id, index, &record, fault))
			return false;
	}
	if (status != VMK_NOT_FOUND)
		return log_fault(fault, status, id, index, cursor.offset, cursor.why);
	return true;
}

bool events_decode(struct events *events, const struct evidence *evidence, struct fault *fault)
{
	/* A record takes 46 bytes at the least, so the logs' size bounds the count well enough. */
	size_t room = 0;

	for (unsigned int i = 0; i < LOG_EVENT_LOGS; i++)
		room += evidence->logs[i].size / 46;
	events->count = 0;
	events->items = must_alloc(room < EVENTS_MAX ? room + 1 : EVENTS_MAX, sizeof(struct event));
	for (unsigned int i = 0; i < LOG_EVENT_LOGS; i++) {
		if (evidence->logs[i].size == 0)
			continue;
		if (!decode_log(events, (enum log_id)i, &evidence->logs[i], fault)) {
			events_free(events);
			return false;
		}
	}
	return true;
}
