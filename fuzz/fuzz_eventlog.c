/* sources: kernel/trust/evlog_read.c */
/* coverage: edges, comparisons */
/* The event log reader, on anything: each walk ends, stays inside, and says how. */
#include <stdlib.h>

#include "trust/evlog_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evlog_cursor cursor;
	struct evlog_event event;
	enum vmk_status status;
	struct evlog log;
	size_t end = 0;

	if (evlog_open(&log, data, size, NULL) != VMK_OK)
		return 0;
	cursor = evlog_begin(&log);
	while ((status = evlog_next(&cursor, &event)) == VMK_OK) {
		if (cursor.offset <= end || cursor.offset > size || event.digest_count == 0)
			abort();
		if (event.data_size &&
			(event.data < data || event.data + event.data_size > data + size))
			abort();
		end = cursor.offset;
		if (!*evlog_type_name(event.type))
			abort();
	}
	if ((status == VMK_NOT_FOUND) != (cursor.offset == size))
		abort();
	if (status != VMK_NOT_FOUND && !cursor.why)
		abort();
	if (evlog_unpadded_size(&log) > size)
		abort();
	return 0;
}
