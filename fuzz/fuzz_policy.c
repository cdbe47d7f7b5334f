/* sources: attest/verifier/cpu.c */
/* sources: kernel/trust/audit_read.c kernel/lib/keyval.c kernel/trust/evlog_read.c */
/* sources: attest/verifier/semantics.c attest/verifier/firmware.c */
/* sources: attest/verifier/policy.c attest/verifier/replay.c attest/verifier/evidence.c */
/* sources: attest/verifier/bytes.c attest/verifier/fault.c attest/verifier/reason.c */
/* sources: kernel/lib/hex.c */
/* sources: attest/verifier/host.c attest/verifier/key.c attest/verifier/events.c */
/* sources: attest/verifier/quote.c */
/* quiet: tests/vectors/fixture.c */
/* plain: fuzz/models/crypto_memory.c fuzz/models/json_edit.c fuzz/models/json_memory.c */
/* plain: fuzz/models/library_memory.c */
/* libs: -ltss2-mu -lcrypto -l:libjansson.a -Wl,--wrap=memcpy */
/* coverage: edges, comparisons, lean */
/* options: -max_len=33 */
/*
 * Policies: a policy that loads selects PCR 17 to 19, and its values are those of its events. The
 * input is a text, or edits of a good policy: behind a NUL or 1 of one for either launch, read as
 * it is, behind a 2 or 3 of the same, written as a text first where there is one edit: the text is
 * most of the time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/models/json_edit.h"
#include "fuzz/models/json_memory.h"
#include "tests/vectors/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *good_policy(bool is_static)
{
	struct fixture f;
	char *text;

	if (is_static)
		fixture_init_static(&f);
	else
		fixture_init(&f);
	text = fixture_policy_text(&f);
	fixture_free(&f);
	return text;
}

static json_t *policies[2];

static void prepare(void)
{
	char *texts[] = {good_policy(false), good_policy(true)};

	json_memory_use();
	for (unsigned i = 0; i < 2; i++) {
		policies[i] = json_loads(texts[i], 0, NULL);
		free(texts[i]);
	}
}

/* To be given back. */
static json_t *edited(bool is_static, const uint8_t *steps, size_t size)
{
	static const char *const extra[] = {"tpm-firmware", "[\"0123456789abcdef\"]",
		"tpm-firmware", "[\"0123\"]", "tpm-firmware", "[]", "audit-forbid",
		"[\"denial\", \"login\"]", "audit-forbid", "[\"nothing\"]", "audit-forbid", "[]",
		"cpu-required", "[\"smep\", \"smap\"]", "cpu-required", "[\"none\"]",
		"cpu-required", "[]", "runtime", "[]", "runtime", "{}", "pcrs", "{}", "selection",
		"[17, 18, 19, 17]", "files", "[]", "events", "[]", "more", "1", NULL};

	return json_edited(policies[is_static], steps, size, extra);
}

/* From a file it is the same, and what is wrong with it is said of the file. */
static void load(const void *text, size_t size, bool good)
{
	struct fault fault = {0};
	struct policy policy;
	int fd = memfd_create("policy", 0);
	char path[64];

	if (fd < 0 || write(fd, text, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (policy_load(&policy, path, &fault) != good || (!good && !fault.local))
		abort();
	policy_free(&policy);
	close(fd);
	if (policy_load(&policy, path, &fault) || !fault.local)
		abort();
	policy_free(&policy);
}

/* What was read, or why it was not. */
static void check(struct policy *policy, bool good, const struct fault *fault)
{
	if (strcmp(layer_name(LAYER_COUNT), "?") != 0 ||
		strcmp(launch_name(VMK_LAUNCH_COUNT), "?") != 0)
		abort();
	if (!good) {
		if (fault->reason != REASON_POLICY_INVALID)
			abort();
		return;
	}
	if ((policy->pcr_mask >> 17 & 7) != 7 || policy->event_count == 0)
		abort();
	for (size_t i = 0; i < policy->event_count; i++)
		if (!layer_name(policy->events[i].layer))
			abort();
	policy_free(policy);
}

static void try_text(const void *text, size_t size)
{
	struct fault fault = {0};
	struct policy policy;
	bool good = policy_parse(&policy, text, size, &fault);

	if (size % 16 == 0)
		load(text, size, good);
	check(&policy, good, &fault);
}

static void try_edited(uint8_t how, const uint8_t *steps, size_t size)
{
	static char text[65536];
	struct fault fault = {0};
	struct policy policy;
	json_t *root = edited(how & 1, steps, size);

	if (how & 2 && size < 2 * JSON_EDIT_BYTES)
		try_text(text, json_edit_text(root, text, sizeof(text)));
	else
		check(&policy, policy_from_json(&policy, root, &fault), &fault);
	json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t live;

	if (!policies[0])
		prepare();
	live = json_memory_live();
	if (!size || data[0] > 3)
		try_text(data, size);
	else
		try_edited(data[0], data + 1, size - 1);
	if (json_memory_live() != live)
		abort();
	return 0;
}
