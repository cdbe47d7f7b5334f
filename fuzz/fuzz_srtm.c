/* sources: kernel/trust/srtm.c kernel/trust/sign.c */
/* sources: kernel/trust/evlog_read.c kernel/trust/hash.c */
/* quiet: tests/unit/shim/panic.c */
/* plain: fuzz/models/paper_srtm.c fuzz/models/sha256_memo.c */
/* needs: build/fuzz-lib/libmbedtls.a */
/* libs: build/fuzz-lib/libmbedtls.a -Wl,--wrap=hash_sha256 */
/* coverage: edges, lean */
/* options: -max_len=27 */
/*
 * The verdict on a static launch, over logs of events that are made from the input, true ones and
 * others: each sign holds where what was written down while they were made says so. The input is as
 * in models/paper_srtm.h.
 */
#include <string.h>

#include "fuzz/models/paper_srtm.h"
#include "fuzz/models/sha256_memo.h"

/* The names that the linker gives. */
void __real_hash_sha256(const void *data, size_t bytes, uint8_t digest[32]);
void __wrap_hash_sha256(const void *data, size_t bytes, uint8_t digest[32]);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void __wrap_hash_sha256(const void *data, size_t bytes, uint8_t digest[32])
{
	sha256_memo(data, bytes, digest, __real_hash_sha256);
}

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
