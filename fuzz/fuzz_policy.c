/* sources: attest/verifier/cpu.c */
/* sources: kernel/trust/audit_read.c kernel/lib/keyval.c kernel/trust/evlog_read.c */
/* sources: attest/verifier/semantics.c attest/verifier/firmware.c */
/* sources: attest/verifier/policy.c attest/verifier/replay.c attest/verifier/evidence.c */
/* sources: attest/verifier/bytes.c attest/verifier/fault.c attest/verifier/reason.c */
/* sources: kernel/lib/hex.c */
/* sources: attest/verifier/host.c attest/verifier/key.c attest/verifier/events.c */
/* sources: attest/verifier/quote.c */
/* quiet: fuzz/models/json_edit.c tests/vectors/fixture.c */
/* libs: -ltss2-mu -lcrypto -ljansson */
/* coverage: edges, comparisons, lean */
/*
 * Policies: a policy that loads selects PCR 17 to 19, and its values are those of its events. The
 * input is a text, or behind a NUL or 1 edits of a good policy for either launch.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/models/json_edit.h"
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

/* To be freed. */
static char *edited(bool is_static, const uint8_t *steps, size_t size)
{
	static const char *const extra[] = {"tpm-firmware", "[\"0123456789abcdef\"]",
		"tpm-firmware", "[\"0123\"]", "tpm-firmware", "[]", "audit-forbid",
		"[\"denial\", \"login\"]", "audit-forbid", "[\"nothing\"]", "audit-forbid", "[]",
		"cpu-required", "[\"smep\", \"smap\"]", "cpu-required", "[\"none\"]",
		"cpu-required", "[]", "runtime", "[]", "runtime", "{}", "pcrs", "{}", "selection",
		"[17, 18, 19, 17]", "files", "[]", "events", "[]", "more", "1", NULL};
	static char *good[2];
	json_t *root;
	char *text;

	if (!good[is_static])
		good[is_static] = good_policy(is_static);
	root = json_loads(good[is_static], 0, NULL);
	json_edit(root, steps, size, extra);
	text = json_dumps(root, 0);
	json_decref(root);
	return text;
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

static void try(const void *text, size_t size)
{
	struct fault fault = {0};
	struct policy policy;
	bool good = policy_parse(&policy, text, size, &fault);

	if (size % 16 == 0)
		load(text, size, good);
	if (strcmp(layer_name(LAYER_COUNT), "?") != 0 ||
		strcmp(launch_name(VMK_LAUNCH_COUNT), "?") != 0)
		abort();
	if (!good) {
		if (fault.reason != REASON_POLICY_INVALID)
			abort();
		return;
	}
	if ((policy.pcr_mask >> 17 & 7) != 7 || policy.event_count == 0)
		abort();
	for (size_t i = 0; i < policy.event_count; i++)
		if (!layer_name(policy.events[i].layer))
			abort();
	policy_free(&policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size || data[0] > 1) {
		try(data, size);
		return 0;
	}
	text = edited(data[0], data + 1, size - 1);
	if (text)
		try(text, strlen(text));
	free(text);
	return 0;
}
