/* sources: tboot-integration/txtstat/heap.c tboot-integration/txtstat/eventlog.c */
/* sources: kernel/trust/txtheap.c kernel/trust/evlog_read.c */
/* quiet: fuzz/models/report_reader.c */
/* coverage: edges, comparisons */
/* A TXT heap as a firmware, loader or SINIT left it, whatever it holds: decoded in bounds, groups
 * closed, the event log inside the heap. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/models/report_reader.h"
#include "tboot-integration/txtstat/eventlog.h"
#include "tboot-integration/txtstat/heap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report_reader reader;
	struct report report = report_to_reader(&reader);
	struct heapstat heap;
	uint64_t base = 0;
	const uint8_t *log;
	size_t bytes;

	if (size >= 8) {
		memcpy(&base, data, 8);
		data += 8;
		size -= 8;
	}
	heapstat_open(&heap, data, size, base);
	heapstat_launched(&heap);
	heapstat_report(&report, &heap);
	log = heapstat_log(&heap, &bytes);
	if (log && (log < data || log > data + size || bytes > (size_t)(data + size - log)))
		abort();
	if (log)
		eventlog_report(&report, log, bytes, NULL);
	report_reader_check(&reader);
	return 0;
}
