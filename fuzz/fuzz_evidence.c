/* sources: attest/verifier/evidence.c attest/verifier/bytes.c attest/verifier/fault.c */
/* sources: kernel/lib/hex.c */
/* sources: attest/verifier/reason.c */
/* libs: -lcrypto -ljansson */
/* Evidence records: what is read is written and read again to the same. */
#include <stdlib.h>
#include <string.h>

#include "verifier/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evidence evidence, again;
	struct fault fault = {0};
	json_t *root;

	if (!evidence_parse(&evidence, data, size, &fault)) {
		if (fault.reason == REASON_NONE)
			abort();
		return 0;
	}
	root = evidence_to_json(&evidence);
	if (!evidence_from_json(&again, root, &fault) ||
		!bytes_equal(&evidence.attest, &again.attest) ||
		memcmp(evidence.nonce, again.nonce, sizeof(again.nonce)) != 0)
		abort();
	json_decref(root);
	evidence_free(&evidence);
	evidence_free(&again);
	return 0;
}
