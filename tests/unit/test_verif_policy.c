/* sources: kernel/trust/audit_read.c kernel/lib/keyval.c */
/* sources: attest/verifier/semantics.c attest/verifier/firmware.c */
/* sources: attest/verifier/cpu.c */
/* sources: kernel/trust/evlog_read.c tests/vectors/fixture.c attest/verifier/reason.c */
/* sources: attest/verifier/fault.c attest/verifier/bytes.c attest/verifier/evidence.c */
/* sources: kernel/lib/hex.c */
/* sources: attest/verifier/replay.c attest/verifier/policy.c attest/verifier/key.c */
/* sources: attest/verifier/host.c */
/* libs: -ltss2-mu -lcrypto -ljansson */
/* Policies are read strictly: each way to be wrong is refused, and named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/vectors/fixture.h"
#include <vmkapi/audit.h>
#include "verifier/cpu.h"

static json_t *good(void)
{
	struct fixture *f = must_alloc(1, sizeof(*f));
	json_t *root;
	char *text;

	fixture_init(f);
	text = fixture_policy_text(f);
	root = json_loads(text, 0, NULL);
	free(text);
	fixture_free(f);
	free(f);
	return root;
}

/* Takes the reference of root. */
static bool loads(json_t *root, struct fault *fault)
{
	char *text = json_dumps(root, 0);
	struct policy policy;
	bool ok = policy_parse(&policy, text, strlen(text), fault);

	if (ok)
		policy_free(&policy);
	free(text);
	json_decref(root);
	return ok;
}

static void refused(json_t *root, const char *what, const char *found)
{
	struct fault fault = {0};

	assert_false(loads(root, &fault));
	assert_int_equal(fault.reason, REASON_POLICY_INVALID);
	if (!strstr(fault.what, what) || !strstr(fault.found, found))
		fail_msg("what \"%s\", found \"%s\"", fault.what, fault.found);
}

static json_t *event(json_t *root, size_t index)
{
	return json_array_get(json_object_get(root, "events"), index);
}

static void loads_a_good_one(void **state)
{
	struct fault fault = {0};

	assert_true(loads(good(), &fault));
}

static void reads_what_it_says(void **state)
{
	json_t *root = good();
	struct fault fault = {0};
	struct policy policy;
	char *text;

	json_object_set_new(root, "tpm-firmware", json_pack("[s]", "00000000000000ff"));
	text = json_dumps(root, 0);
	assert_true(policy_parse(&policy, text, strlen(text), &fault));
	assert_int_equal(policy.pcr_mask, FIXTURE_PCR_MASK);
	assert_string_equal(policy.events[0].file->name, "sinit.bin");
	assert_int_equal(policy.events[0].layer, LAYER_LAUNCH);
	assert_int_equal(policy.firmware_count, 1);
	assert_true(policy.firmware[0] == 0xff);
	policy_free(&policy);
	free(text);
	json_decref(root);
}

static void refuses_unknown_members(void **state)
{
	json_t *root = good();

	json_object_set_new(root, "trust-everything", json_true());
	refused(root, "trust-everything", "");
	root = good();
	json_object_set_new(event(root, 3), "optional", json_true());
	refused(root, "events[3]", "optional");
}

static void refuses_doubled_members(void **state)
{
	static const char text[] = "{\"format\": \"merlon-policy-1\", \"format\": \"x\"}";
	struct fault fault = {0};
	struct policy policy;

	assert_false(policy_parse(&policy, text, strlen(text), &fault));
	assert_int_equal(fault.reason, REASON_POLICY_INVALID);
}

static void refuses_other_formats(void **state)
{
	static const char *const keys[] = {"format", "launch", "bank"};

	for (size_t i = 0; i < 3; i++) {
		json_t *root = good();

		json_object_set_new(root, keys[i], json_string("something else"));
		refused(root, keys[i], "");
	}
}

/* 2^32 + 19 is no PCR, although its low half is one. */
static void refuses_numbers_beyond_their_type(void **state)
{
	json_t *root = good(), *entry = json_object();
	char digest[HEX_SIZE(DIGEST_SIZE)] = {0};

	memset(digest, '0', sizeof(digest) - 1);
	json_object_set_new(entry, "pcr", json_integer(0x100000013ll));
	json_object_set_new(entry, "digest", json_string(digest));
	json_object_set_new(root, "runtime", json_pack("[o]", entry));
	refused(root, "runtime[0]", "selection");
}

static void reads_what_the_audit_log_may_not_hold(void **state)
{
	static const char *const wrong[] = {"denials", "", "none"};
	json_t *root = good();
	struct fault fault = {0};
	struct policy policy;
	char *text;

	json_object_set_new(root, "audit-forbid", json_pack("[s, s]", "denial", "world-fault"));
	text = json_dumps(root, 0);
	assert_true(policy_parse(&policy, text, strlen(text), &fault));
	assert_int_equal(policy.audit_forbid, 1u << AUDIT_DENIAL | 1u << AUDIT_WORLD_FAULT);
	policy_free(&policy);
	free(text);
	json_decref(root);
	for (size_t i = 0; i < 3; i++) {
		root = good();
		json_object_set_new(root, "audit-forbid", json_pack("[s, s]", "denial", wrong[i]));
		refused(root, "audit-forbid[1]", "kind");
	}
	root = good();
	json_object_set_new(root, "audit-forbid", json_array());
	refused(root, "audit-forbid", "empty");
}

/* A protection that nobody knows is no demand that could be met by accident. */
static void refuses_unknown_protections(void **state)
{
	json_t *root = good();
	struct policy policy;
	struct fault fault = {0};
	char *text;

	json_object_set_new(root, "cpu-required", json_pack("[s,s]", "nx", "kernel-shadow"));
	text = json_dumps(root, 0);
	assert_true(policy_parse(&policy, text, strlen(text), &fault));
	assert_int_equal(policy.cpu_required,
		cpu_protection_bit("nx") | cpu_protection_bit("kernel-shadow"));
	policy_free(&policy);
	free(text);
	json_object_set_new(root, "cpu-required", json_pack("[s,s]", "nx", "dep"));
	refused(root, "cpu-required[1]", "not a protection");
	root = good();
	json_object_set_new(root, "cpu-required", json_array());
	refused(root, "cpu-required", "empty");
}

/* PCR 20 to 22 alone can be replayed by whoever owns ring 0. */
static void wants_the_root_pcrs(void **state)
{
	json_t *root = good();

	json_object_set_new(root, "selection", json_pack("[i,i,i]", 20, 21, 22));
	refused(root, "selection", "17, 18 and 19");
	root = good();
	json_object_set_new(root, "selection", json_pack("[i,i,i,i]", 17, 17, 18, 19));
	refused(root, "selection[1]", "twice");
	root = good();
	json_object_set_new(root, "selection", json_pack("[i,i,i,i]", 17, 18, 19, 24));
	refused(root, "selection[3]", "");
}

static void refuses_bad_events(void **state)
{
	json_t *root = good();

	json_object_set_new(event(root, 2), "digest", json_string("00"));
	refused(root, "events[2]", "digest");
	root = good();
	json_object_set_new(event(root, 2), "pcr", json_integer(16));
	refused(root, "events[2]", "selection");
	root = good();
	json_object_set_new(event(root, 2), "log", json_string("launch"));
	refused(root, "events[2]", "log");
	root = good();
	json_object_set_new(event(root, 2), "layer", json_string("BASEMENT"));
	refused(root, "events[2]", "layer");
	root = good();
	json_object_set_new(event(root, 0), "file", json_string("nowhere.bin"));
	refused(root, "events[0]", "files");
	root = good();
	json_object_set_new(event(root, 1), "data", json_string("00"));
	refused(root, "events[1]", "hash of data");
	root = good();
	json_object_set_new(event(root, 0), "log", json_string("vmk"));
	refused(root, "events[1]", "before");
	root = good();
	json_object_set_new(root, "events", json_array());
	refused(root, "events", "empty");
}

/* A person reads the values, the verifier uses the events: they must say the same. */
static void sums_must_agree(void **state)
{
	json_t *root = good();

	json_object_set_new(json_object_get(root, "pcrs"), "18",
		json_string("0000000000000000000000000000000000000000000000000000000000000000"));
	refused(root, "pcrs[18]", "lead to");
	root = good();
	json_object_del(json_object_get(root, "pcrs"), "22");
	refused(root, "pcrs", "selection");
}

static void refuses_bad_files(void **state)
{
	json_t *root = good(), *files = json_object_get(root, "files");

	json_array_append(files, json_array_get(files, 0));
	refused(root, "files[6]", "twice");
	root = good();
	json_object_set_new(
		json_array_get(json_object_get(root, "files"), 1), "sha256", json_string("abc"));
	refused(root, "files[1]", "sha256");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_a_good_one),
		cmocka_unit_test(reads_what_it_says),
		cmocka_unit_test(refuses_unknown_members),
		cmocka_unit_test(refuses_doubled_members),
		cmocka_unit_test(refuses_other_formats),
		cmocka_unit_test(refuses_numbers_beyond_their_type),
		cmocka_unit_test(reads_what_the_audit_log_may_not_hold),
		cmocka_unit_test(refuses_unknown_protections),
		cmocka_unit_test(wants_the_root_pcrs),
		cmocka_unit_test(refuses_bad_events),
		cmocka_unit_test(sums_must_agree),
		cmocka_unit_test(refuses_bad_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
