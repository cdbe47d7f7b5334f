/* sources: attest/verifier/cpu.c */
/* sources: kernel/trust/audit_read.c kernel/lib/keyval.c kernel/trust/evlog_read.c */
/* sources: attest/verifier/semantics.c attest/verifier/firmware.c */
/* sources: attest/verifier/policy.c attest/verifier/replay.c attest/verifier/evidence.c */
/* sources: attest/verifier/bytes.c attest/verifier/fault.c attest/verifier/reason.c */
/* sources: kernel/lib/hex.c */
/* libs: -lcrypto -ljansson */
/* Policies: a policy that loads selects PCR 17 to 19, and its values are those of its events. */
#include <stdlib.h>

#include "verifier/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault fault = {0};
	struct policy policy;

	if (!policy_parse(&policy, data, size, &fault)) {
		if (fault.reason != REASON_POLICY_INVALID)
			abort();
		return 0;
	}
	if ((policy.pcr_mask >> 17 & 7) != 7 || policy.event_count == 0)
		abort();
	policy_free(&policy);
	return 0;
}
