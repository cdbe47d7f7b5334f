/* sources: tboot-integration/txtstat/acm.c tboot-integration/txtstat/heap.c */
/* sources: kernel/trust/txtheap.c */
/* A file that claims to be an authenticated code module. */
#include <stdlib.h>

#include "tboot-integration/txtstat/acm.h"
#include "tests/unit/txtstat_sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct acmstat_chipset chipset = {0x8086, 0xb001, 1};
	static struct sink sink;
	struct report report = sink_report(&sink);

	acmstat_not_sinit(data, size);
	acmstat_fits(data, size, &chipset);
	acmstat_report(&report, data, size);
	if (sink.depth)
		abort();
	return 0;
}
