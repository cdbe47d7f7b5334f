/* sources: attest/verifier/cpu.c */
/* sources: attest/verifier/audit.c kernel/trust/audit_read.c kernel/lib/keyval.c */
/* sources: kernel/trust/evlog_read.c tests/vectors/fixture.c attest/verifier/reason.c */
/* sources: attest/verifier/fault.c attest/verifier/bytes.c attest/verifier/evidence.c */
/* sources: kernel/lib/hex.c */
/* sources: attest/verifier/events.c attest/verifier/replay.c attest/verifier/semantics.c */
/* sources: attest/verifier/firmware.c */
/* sources: attest/verifier/policy.c attest/verifier/key.c attest/verifier/quote.c */
/* sources: attest/verifier/host.c attest/verifier/align.c attest/verifier/explain.c */
/* sources: attest/verifier/hints.c attest/verifier/covers.c attest/verifier/appraise.c */
/* plain: fuzz/models/signature_memo.c */
/* libs: -ltss2-mu -lcrypto -ljansson -Wl,--wrap=EVP_DigestSign -Wl,--wrap=EVP_DigestVerify */
/* coverage: edges, comparisons, lean */
/*
 * A whole appraisal on hostile TPM structures and logs: input is split into attestation, signature
 * and two logs by 16-bit lengths. Nothing that was not signed by the fixture's key is trusted.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/vectors/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes take(const uint8_t **data, size_t *size)
{
	struct bytes part;
	size_t want;

	if (*size < 2)
		return bytes_copy(NULL, 0);
	want = (size_t)(*data)[0] << 8 | (*data)[1];
	*data += 2;
	*size -= 2;
	if (want > *size)
		want = *size;
	part = bytes_copy(*data, want);
	*data += want;
	*size -= want;
	return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fixture *f;
	struct appraise_request request;
	struct appraisal a;
	struct evidence hostile = {.requested_ms = 1, .answered_ms = 2, .nonce_size = 32};
	uint8_t mode = size ? data[0] : 0;

	if (!f) {
		f = must_alloc(1, sizeof(*f));
		fixture_init(f);
		fixture_attest(f);
	}
	if (size) {
		data++;
		size--;
	}
	hostile.pcr_mask = FIXTURE_PCR_MASK;
	memcpy(hostile.nonce, f->evidence.nonce, sizeof(hostile.nonce));
	hostile.attest = take(&data, &size);
	hostile.signature = take(&data, &size);
	hostile.logs[LOG_TXT_DRTM] = take(&data, &size);
	hostile.logs[LOG_VMK] = take(&data, &size);
	hostile.logs[LOG_LAUNCH] = take(&data, &size);
	/* Behind a good quote the logs are reached; else the fuzzer would have to forge one. */
	if (mode & 1) {
		bytes_free(&hostile.attest);
		bytes_free(&hostile.signature);
		hostile.attest = bytes_copy(f->evidence.attest.data, f->evidence.attest.size);
		hostile.signature =
			bytes_copy(f->evidence.signature.data, f->evidence.signature.size);
	}
	if (mode & 2)
		hostile.logs[LOG_PCR_VALUES] = bytes_copy(f->pcrs, sizeof(f->pcrs));
	fixture_request(f, &request);
	request.evidence = &hostile;
	appraise(&a, &request);
	if (a.trusted && !(mode & 1))
		abort();
	if (!a.trusted && a.fault.reason == REASON_NONE)
		abort();
	appraisal_free(&a);
	evidence_free(&hostile);
	return 0;
}
