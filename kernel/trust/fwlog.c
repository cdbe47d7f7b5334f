#include "trust/fwlog.h"

#include "trust/evlog_read.h"

#include <string.h>

/* PCR, type and digest count: a record's first fields. */
#define RECORD_START 12u

bool fwlog_begins(const uint8_t *bytes)
{
	/* TCG_PCClientPCREvent of PCR 0, EV_NO_ACTION; its digest is zero, its data a Spec ID
	 * event. */
	static const uint8_t start[28] = {[4] = EVLOG_NO_ACTION};

	return memcmp(bytes, start, sizeof(start)) == 0 &&
	       memcmp(bytes + 32, "Spec ID Event03", 16) == 0;
}

static bool all(const uint8_t *bytes, size_t size, uint8_t value)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] != value)
			return false;
	}
	return true;
}

enum vmk_status fwlog_measure(
	const uint8_t *bytes, size_t size, size_t *log_bytes, const char **why)
{
	struct evlog log;
	struct evlog_cursor cursor;
	struct evlog_event event;
	enum vmk_status status = evlog_open(&log, bytes, size, why);

	*log_bytes = 0;
	if (status != VMK_OK)
		return status;
	cursor = evlog_begin(&log);
	for (;;) {
		size_t left = size - cursor.offset;
		size_t start = left < RECORD_START ? left : RECORD_START;

		if (all(bytes + cursor.offset, start, 0) || all(bytes + cursor.offset, start, 0xff))
			break;
		status = evlog_next(&cursor, &event);
		if (status != VMK_OK) {
			*why = cursor.why;
			return status;
		}
	}
	*log_bytes = cursor.offset;
	return VMK_OK;
}
