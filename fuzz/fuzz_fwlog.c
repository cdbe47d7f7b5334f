/* sources: kernel/trust/srtm.c kernel/trust/sign.c kernel/trust/fwlog.c */
/* sources: kernel/trust/evlog_read.c kernel/trust/hash.c tests/unit/shim/panic.c */
/* needs: build/fuzz-lib/libmbedtls.a */
/* libs: build/fuzz-lib/libmbedtls.a */
/* coverage: edges, comparisons, lean */
/* An area of memory that begins like a firmware's log: its end is found, its verdict drawn. */
#include "trust/fwlog.h"
#include "trust/srtm.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t pcrs[SRTM_PCRS][32];
	static const struct srtm_module module = {.cmdline = "a.pkg"};
	struct srtm_facts facts = {.pcrs_known = true,
		.pcrs = pcrs,
		.cmdline = "",
		.modules = &module,
		.module_count = 1};
	struct srtm_verdict verdict;
	const char *why = NULL;
	size_t bytes = 0;

	if (size < FWLOG_HEADER || !fwlog_begins(data))
		return 0;
	if (fwlog_measure(data, size, &bytes, &why) != VMK_OK) {
		if (!why || bytes)
			abort();
		return 0;
	}
	if (bytes > size)
		abort();
	facts.log = data;
	facts.log_bytes = bytes;
	srtm_draw(&facts, &verdict);
	/* Zero PCRs that no log can lead to in fewer than ten events, and 17 to 22 are not ones. */
	if (verdict.measured || !verdict.signs[SRTM_LOG].holds)
		abort();
	return 0;
}
