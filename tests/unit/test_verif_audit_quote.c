/* sources: attest/verifier/cpu.c */
/* sources: kernel/trust/evlog_read.c tests/vectors/fixture.c attest/verifier/reason.c */
/* sources: attest/verifier/fault.c attest/verifier/bytes.c attest/verifier/evidence.c */
/* sources: kernel/lib/hex.c kernel/lib/keyval.c kernel/trust/audit_read.c */
/* sources: attest/verifier/events.c attest/verifier/replay.c attest/verifier/semantics.c */
/* sources: attest/verifier/firmware.c attest/verifier/audit.c attest/verifier/auditlist.c */
/* sources: attest/verifier/policy.c attest/verifier/key.c attest/verifier/quote.c */
/* sources: attest/verifier/host.c attest/verifier/align.c attest/verifier/explain.c */
/* sources: attest/verifier/hints.c attest/verifier/covers.c attest/verifier/appraise.c */
/* libs: -ltss2-mu -lcrypto -ljansson */
/*
 * The audit log of a quoted host, and what a liar could do about it: the verdict and the record
 * that it names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <vmkapi/events.h>

#include "tests/vectors/fixture.h"
#include "verifier/auditlist.h"

static const struct {
	enum audit_kind kind;
	const char *text;
} happened[] = {
	{AUDIT_BOOT, "launch=drtm\n"},
	{AUDIT_PACKAGE_LOADED, "name=e1000\n"},
	{AUDIT_PACKAGE_REFUSED, "name=evil\nwhy=unsigned\n"},
	{AUDIT_DENIAL, "world=w\ncall=map\n"},
	{AUDIT_SUPPRESSED, "kind=denial\nsubject=w\ncount=968\n"},
	{AUDIT_CONSOLE, "state=opened\n"},
};
#define RECORDS (sizeof(happened) / sizeof(happened[0]))

static uint8_t log_bytes[4096];
static size_t log_size, starts[RECORDS + 1];

static void put_le(uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		log_bytes[log_size++] = (uint8_t)(value >> (8 * i));
}

static void checkpoint(struct fixture *f, const uint8_t head[DIGEST_SIZE], size_t records)
{
	struct fixture_event *event = &f->measured.items[f->measured.count++];
	bool is_static = f->launch == VMK_LAUNCH_SRTM;
	char hex[HEX_SIZE(DIGEST_SIZE)];

	hex_encode(hex, head, DIGEST_SIZE);
	*event = (struct fixture_event){.log = LOG_VMK,
		.pcr = is_static ? 15 : 22,
		.type = VMK_EV_AUDIT,
		.layer = "VMKERNEL"};
	event->data_size = 1 + (uint32_t)snprintf((char *)event->data, FIXTURE_DATA_MAX,
				       VMK_AUDIT_FORMAT, (unsigned long long)records, hex);
	sha256(event->digest, event->data, event->data_size);
}

/* Checkpoints after `first` and after `second` records; 0: none. */
static void record(struct fixture *f, size_t first, size_t second)
{
	static const char magic[AUDIT_MAGIC_BYTES] = AUDIT_MAGIC;
	uint8_t head[DIGEST_SIZE];

	memcpy(log_bytes, magic, sizeof(magic));
	log_size = sizeof(magic);
	sha256(head, magic, sizeof(magic));
	for (size_t i = 0; i < RECORDS; i++) {
		size_t bytes = strlen(happened[i].text);

		starts[i] = log_size;
		put_le(AUDIT_HEADER_BYTES + bytes, 4);
		put_le(AUDIT_VERSION, 2);
		put_le(happened[i].kind, 2);
		put_le(i, 8);
		put_le(i * 1500000000ull, 8);
		memcpy(log_bytes + log_size, head, DIGEST_SIZE);
		log_size += DIGEST_SIZE;
		memcpy(log_bytes + log_size, happened[i].text, bytes);
		log_size += bytes;
		sha256(head, log_bytes + starts[i], log_size - starts[i]);
		if (i + 1 == first || i + 1 == second)
			checkpoint(f, head, i + 1);
	}
	starts[RECORDS] = log_size;
	f->logged = f->measured;
	fixture_extend(f);
}

static struct fixture *f;
static struct appraisal a;
static struct appraise_request request;

static void attest(size_t first, size_t second)
{
	f = must_alloc(1, sizeof(*f));
	fixture_init(f);
	record(f, first, second);
	fixture_attest(f);
	bytes_free(&f->evidence.logs[LOG_AUDIT]);
	f->evidence.logs[LOG_AUDIT] = bytes_copy(log_bytes, log_size);
}

static void judge(void)
{
	fixture_request(f, &request);
	appraise(&a, &request);
}

static int done(void **state)
{
	appraisal_free(&a);
	fixture_free(f);
	free(f);
	return 0;
}

static bool noted(const char *text)
{
	for (unsigned i = 0; i < a.note_count; i++)
		if (strstr(a.notes[i], text))
			return true;
	return false;
}

static void trusts_and_tells(void **state)
{
	json_t *json;

	attest(2, 5);
	judge();
	assert_true(a.trusted);
	assert_true(noted("6 records, 5 proven by 2 checkpoints"));
	assert_true(noted("1 x package-refused, the first is record 2"));
	assert_true(noted("968 more events"));
	assert_int_equal(a.steps.items[a.steps.count - 1].mark, STEP_AUDIT);
	json = audit_to_json(&a.audit, &f->evidence.logs[LOG_AUDIT]);
	assert_int_equal(json_integer_value(json_object_get(json, "proven")), 5);
	assert_int_equal(json_array_size(json_object_get(json, "remarkable")), 3);
	json_decref(json);
}

static void lists_records(void **state)
{
	struct bytes log;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	json_t *json;

	attest(2, 5);
	judge();
	log = f->evidence.logs[LOG_AUDIT];
	audit_print(out, &log, a.audit.proven);
	fclose(out);
	assert_non_null(strstr(text,
		"    2    3.000000000  package-refused   yes       name=evil why=unsigned\n"));
	assert_non_null(strstr(text, "console           not yet   state=opened\n"));
	free(text);
	json = audit_records_to_json(&log, a.audit.proven);
	assert_int_equal(json_array_size(json), RECORDS);
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(json_array_get(json, 3), "fields"), "call")),
		"map");
	assert_true(json_is_false(json_object_get(json_array_get(json, 5), "anchored")));
	json_decref(json);
}

static void trusts_a_host_that_anchored_nothing_yet(void **state)
{
	attest(0, 0);
	judge();
	assert_true(a.trusted);
	assert_true(noted("6 records, 0 proven by 0 checkpoints"));
}

static void refuse(enum reason reason, const char *what)
{
	judge();
	assert_false(a.trusted);
	assert_string_equal(reason_code(a.fault.reason), reason_code(reason));
	if (!strstr(a.fault.what, what))
		fail_msg("what: %s", a.fault.what);
	assert_int_equal(a.states[a.failed], CHECK_FAILED);
}

static void names_what_was_altered(void **state)
{
	attest(2, 5);
	f->evidence.logs[LOG_AUDIT].data[starts[2] + AUDIT_HEADER_BYTES + 5] ^= 1;
	refuse(REASON_AUDIT_ALTERED, "audit record 2 was altered");
	assert_int_equal(a.failed, CHECK_SEMANTICS);
}

static void names_what_was_dropped(void **state)
{
	struct bytes *log;

	attest(2, 5);
	log = &f->evidence.logs[LOG_AUDIT];
	memmove(log->data + starts[3], log->data + starts[4], log->size - starts[4]);
	log->size -= starts[4] - starts[3];
	refuse(REASON_AUDIT_MISSING, "audit record 3 was dropped");
}

static void names_where_it_ends(void **state)
{
	attest(2, 5);
	f->evidence.logs[LOG_AUDIT].size = starts[4];
	refuse(REASON_AUDIT_TRUNCATED, "audit record 4");
}

static void wants_the_log(void **state)
{
	attest(2, 5);
	bytes_free(&f->evidence.logs[LOG_AUDIT]);
	refuse(REASON_AUDIT_TRUNCATED, "audit record 0");
}

/* A checkpoint that hides records must hide that the TPM was given another one. */
static void sees_another_checkpoint(void **state)
{
	struct fixture_event saved;

	attest(2, 5);
	saved = f->logged.items[f->logged.count - 1];
	f->logged.count--;
	bytes_free(&f->evidence.logs[LOG_VMK]);
	f->evidence.logs[LOG_VMK] = fixture_log(&f->logged, LOG_VMK);
	bytes_free(&f->evidence.logs[LOG_PCR_VALUES]);
	refuse(REASON_REPLAY_MISMATCH, "");
	f->logged.items[f->logged.count++] = saved;
}

static void a_checkpoint_belongs_into_its_pcr(void **state)
{
	f = must_alloc(1, sizeof(*f));
	fixture_init(f);
	record(f, 2, 5);
	f->measured.items[f->measured.count - 1].pcr = 20;
	f->logged = f->measured;
	fixture_extend(f);
	fixture_attest(f);
	f->evidence.logs[LOG_AUDIT] = bytes_copy(log_bytes, log_size);
	refuse(REASON_EVENT_SEMANTICS, "AUDIT");
}

static void a_policy_forbids(void **state)
{
	attest(2, 5);
	f->policy.audit_forbid = 1u << AUDIT_WORLD_FAULT;
	judge();
	assert_true(a.trusted);
	appraisal_free(&a);
	f->policy.audit_forbid |= 1u << AUDIT_DENIAL;
	refuse(REASON_AUDIT_FORBIDDEN, "audit record 3 (denial)");
	assert_int_equal(a.failed, CHECK_POLICY);
}

/* Who forbids something cannot do with a log that nothing proves. */
static void a_policy_that_forbids_wants_a_checkpoint(void **state)
{
	attest(0, 0);
	f->policy.audit_forbid = 1u << AUDIT_WORLD_FAULT;
	refuse(REASON_AUDIT_MISSING, "audit log");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(trusts_and_tells, done),
		cmocka_unit_test_teardown(lists_records, done),
		cmocka_unit_test_teardown(trusts_a_host_that_anchored_nothing_yet, done),
		cmocka_unit_test_teardown(names_what_was_altered, done),
		cmocka_unit_test_teardown(names_what_was_dropped, done),
		cmocka_unit_test_teardown(names_where_it_ends, done),
		cmocka_unit_test_teardown(wants_the_log, done),
		cmocka_unit_test_teardown(sees_another_checkpoint, done),
		cmocka_unit_test_teardown(a_checkpoint_belongs_into_its_pcr, done),
		cmocka_unit_test_teardown(a_policy_forbids, done),
		cmocka_unit_test_teardown(a_policy_that_forbids_wants_a_checkpoint, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
