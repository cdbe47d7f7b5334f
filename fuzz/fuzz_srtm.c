/* sources: kernel/trust/srtm.c kernel/trust/sign.c */
/* sources: kernel/trust/evlog_read.c kernel/trust/hash.c */
/* quiet: tests/unit/shim/panic.c */
/* plain: fuzz/models/paper_srtm.c */
/* needs: build/fuzz-lib/libmbedtls.a */
/* libs: build/fuzz-lib/libmbedtls.a */
/* coverage: edges, lean */
/* options: -max_len=27 */
/*
 * The verdict on a static launch, over logs of events that are made from the input, true ones and
 * others: each sign holds where what was written down while they were made says so. The input is as
 * in models/paper_srtm.h.
 */
#include <string.h>

#include "fuzz/models/paper_srtm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A log ends where this does: who reads on is stopped. */
	static uint8_t log[PAPER_SRTM_LOG_MAX];
	struct srtm_verdict verdict;
	struct srtm_facts facts;

	paper_srtm_make(data, size, &facts);
	if (facts.log)
		facts.log = memcpy(log + sizeof(log) - facts.log_bytes, facts.log, facts.log_bytes);
	srtm_draw(&facts, &verdict);
	paper_srtm_check(&facts, &verdict);
	return 0;
}
