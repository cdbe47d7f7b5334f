/* sources: attest/verifier/evidence.c attest/verifier/bytes.c attest/verifier/fault.c */
/* sources: kernel/lib/hex.c */
/* sources: attest/verifier/reason.c */
/* sources: attest/verifier/policy.c attest/verifier/cpu.c attest/verifier/semantics.c */
/* sources: attest/verifier/firmware.c attest/verifier/replay.c attest/verifier/host.c */
/* sources: attest/verifier/key.c attest/verifier/events.c attest/verifier/quote.c */
/* sources: kernel/trust/audit_read.c kernel/lib/keyval.c kernel/trust/evlog_read.c */
/* quiet: fuzz/models/json_edit.c tests/vectors/fixture.c */
/* libs: -ltss2-mu -lcrypto -ljansson */
/* coverage: edges, comparisons, lean */
/*
 * Evidence records: what is read is written and read again to the same. The input is a text, or
 * behind a NUL edits of a good record.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/models/json_edit.h"
#include "tests/vectors/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* To be freed. */
static char *edited(const uint8_t *steps, size_t size)
{
	static const char *const extra[] = {"host", "\"\"", "logs", "{}", "logs",
		"{\"vmk\": \"zz\"}", "nonce", "\"00\"", "more", "1", NULL};
	static char *good;
	json_t *root;
	char *text;

	if (!good) {
		struct fixture f;

		fixture_init(&f);
		fixture_attest(&f);
		root = evidence_to_json(&f.evidence);
		good = json_dumps(root, 0);
		json_decref(root);
		fixture_free(&f);
	}
	root = json_loads(good, 0, NULL);
	json_edit(root, steps, size, extra);
	text = json_dumps(root, 0);
	json_decref(root);
	return text;
}

static void try(const void *text, size_t size)
{
	struct evidence evidence, again;
	struct fault fault = {0};
	json_t *root;

	if (log_find(log_name(LOG_COUNT)) != LOG_COUNT)
		abort();
	if (!evidence_parse(&evidence, text, size, &fault)) {
		if (fault.reason == REASON_NONE)
			abort();
		return;
	}
	root = evidence_to_json(&evidence);
	if (!evidence_from_json(&again, root, &fault) ||
		!bytes_equal(&evidence.attest, &again.attest) ||
		memcmp(evidence.nonce, again.nonce, sizeof(again.nonce)) != 0)
		abort();
	json_decref(root);
	evidence_free(&evidence);
	evidence_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size || data[0]) {
		try(data, size);
		return 0;
	}
	text = edited(data + 1, size - 1);
	if (text)
		try(text, strlen(text));
	free(text);
	return 0;
}
