/* sources: tboot-integration/txtstat/acm.c tboot-integration/txtstat/heap.c */
/* sources: kernel/trust/txtheap.c */
/* quiet: fuzz/models/report_reader.c */
/* coverage: edges, comparisons */
/* A file that claims to be an authenticated code module. */
#include "fuzz/models/report_reader.h"
#include "tboot-integration/txtstat/acm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct acmstat_chipset chipset = {0x8086, 0xb001, 1};
	struct report_reader reader;
	struct report report = report_to_reader(&reader);

	acmstat_not_sinit(data, size);
	acmstat_fits(data, size, &chipset);
	acmstat_report(&report, data, size);
	report_reader_check(&reader);
	return 0;
}
