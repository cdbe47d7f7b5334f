/* sources: attest/verifier/evidence.c attest/verifier/bytes.c attest/verifier/fault.c */
/* sources: kernel/lib/hex.c */
/* sources: attest/verifier/reason.c */
/* sources: attest/verifier/policy.c attest/verifier/cpu.c attest/verifier/semantics.c */
/* sources: attest/verifier/firmware.c attest/verifier/replay.c attest/verifier/host.c */
/* sources: attest/verifier/key.c attest/verifier/events.c attest/verifier/quote.c */
/* sources: kernel/trust/audit_read.c kernel/lib/keyval.c kernel/trust/evlog_read.c */
/* quiet: tests/vectors/fixture.c */
/* plain: fuzz/models/json_edit.c fuzz/models/json_memory.c fuzz/models/library_memory.c */
/* libs: -ltss2-mu -lcrypto -l:libjansson.a -Wl,--wrap=memcpy */
/* coverage: edges, comparisons, lean */
/*
 * Evidence records: what is read is written and read again to the same. The input is a text, or
 * edits of a good record: behind a NUL it is read as it is, behind a 1 written as a text first.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/models/json_edit.h"
#include "fuzz/models/json_memory.h"
#include "tests/vectors/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static json_t *record; /* a good one */

static void prepare(void)
{
	struct fixture f;
	json_t *root;
	char *text;

	fixture_init(&f);
	fixture_attest(&f);
	root = evidence_to_json(&f.evidence);
	text = json_dumps(root, 0);
	json_decref(root);
	fixture_free(&f);
	json_memory_use();
	record = json_loads(text, 0, NULL);
	free(text);
}

/* To be given back. */
static json_t *edited(const uint8_t *steps, size_t size)
{
	static const char *const extra[] = {"host", "\"\"", "logs", "{}", "logs",
		"{\"vmk\": \"zz\"}", "nonce", "\"00\"", "more", "1", NULL};

	return json_edited(record, steps, size, extra);
}

/* What was read, or why it was not. */
static void check(struct evidence *evidence, bool good, struct fault *fault)
{
	struct evidence again;
	json_t *root;

	if (!good && fault->reason == REASON_NONE)
		abort();
	if (!good)
		return;
	root = evidence_to_json(evidence);
	if (!evidence_from_json(&again, root, fault) ||
		!bytes_equal(&evidence->attest, &again.attest) ||
		memcmp(evidence->nonce, again.nonce, sizeof(again.nonce)) != 0)
		abort();
	json_decref(root);
	evidence_free(evidence);
	evidence_free(&again);
}

static void try_text(const void *text, size_t size)
{
	struct evidence evidence;
	struct fault fault = {0};

	check(&evidence, evidence_parse(&evidence, text, size, &fault), &fault);
}

static void try_edited(bool as_text, const uint8_t *steps, size_t size)
{
	static char text[65536];
	struct evidence evidence;
	struct fault fault = {0};
	json_t *root = edited(steps, size);

	if (as_text)
		try_text(text, json_edit_text(root, text, sizeof(text)));
	else
		check(&evidence, evidence_from_json(&evidence, root, &fault), &fault);
	json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t live;

	if (!record)
		prepare();
	live = json_memory_live();
	if (log_find(log_name(LOG_COUNT)) != LOG_COUNT)
		abort();
	if (!size || data[0] > 1)
		try_text(data, size);
	else
		try_edited(data[0] == 1, data + 1, size - 1);
	if (json_memory_live() != live)
		abort();
	return 0;
}
