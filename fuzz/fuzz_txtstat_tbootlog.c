/* sources: tboot-integration/txtstat/tbootlog.c */
/* quiet: fuzz/models/report_reader.c */
/* coverage: edges, comparisons */
/* tboot's log with its compressed parts: what comes out fits, and is where it is said to be. */
#include <stdlib.h>

#include "fuzz/models/report_reader.h"
#include "tboot-integration/txtstat/tbootlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report_reader reader;
	struct report report = report_to_reader(&reader);
	size_t room = size ? data[0] * 16u : 0, used;
	/* As long as it may be, so that a byte more is seen. */
	char *text = malloc(room ? room : 1);

	tbootlog_text(data, size, text, room, &used);
	if (used > room)
		abort();
	tbootlog_report_findings(&report, text, used);
	free(text);
	report_reader_check(&reader);
	return 0;
}
