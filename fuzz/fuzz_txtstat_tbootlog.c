/* sources: tboot-integration/txtstat/tbootlog.c */
/* tboot's log with its compressed parts: what comes out fits, and is where it is said to be. */
#include <stdlib.h>

#include "tboot-integration/txtstat/tbootlog.h"
#include "tests/unit/txtstat_sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sink sink;
	struct report report = sink_report(&sink);
	size_t room = size ? data[0] * 16u : 0, used;
	char *text = malloc(room + 1);

	tbootlog_text(data, size, text, room, &used);
	if (used > room)
		abort();
	tbootlog_report_findings(&report, text, used);
	free(text);
	return sink.depth ? abort(), 1 : 0;
}
