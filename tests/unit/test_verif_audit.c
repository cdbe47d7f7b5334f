/* sources: attest/verifier/audit.c attest/verifier/semantics.c attest/verifier/firmware.c */
/* sources: attest/verifier/fault.c attest/verifier/reason.c attest/verifier/bytes.c */
/* sources: attest/verifier/evidence.c kernel/trust/evlog_read.c kernel/lib/hex.c */
/* sources: kernel/trust/audit_read.c kernel/trust/audit_log.c kernel/trust/audit_limit.c */
/* sources: kernel/trust/hash.c kernel/lib/keyval.c tests/unit/shim/panic.c */
/* needs: build/host-lib/libmbedtls.a */
/* libs: build/host-lib/libmbedtls.a -lcrypto -ljansson */
/*
 * What an audit log proves. The kernel's own writer makes it; then every record is altered,
 * dropped, doubled, put elsewhere, and the log cut at every byte: the index is named each time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <vmkapi/events.h>

#include "trust/audit_log.h"
#include "verifier/audit.h"

#define RECORDS 24u
/* Records that checkpoints cover; the last four are not anchored. */
static const unsigned checkpoints[] = {5, 6, 13, 20};
#define ANCHORED 20u

static struct audit_log writer;
static uint8_t good[8192], changed[8192];
static size_t good_size;
static size_t offsets[RECORDS + 1]; /* where records begin */
static char texts[4][160];
static struct event items[4];
static struct events events;
static struct audit audit;
static struct fault fault;

static void checkpoint(unsigned records)
{
	struct event *event = &items[events.count];
	char hex[65], *text = texts[events.count++];

	hex_encode(hex, writer.head, 32);
	snprintf(text, sizeof(texts[0]), VMK_AUDIT_FORMAT, (unsigned long long)records, hex);
	*event = (struct event){.log = LOG_VMK,
		.pcr = 22,
		.type = VMK_EV_AUDIT,
		.data = (uint8_t *)text,
		.data_size = (uint32_t)strlen(text) + 1};
}

static int make(void **state)
{
	static uint8_t chunk[AUDIT_CHUNK_BYTES];
	char number[8];
	struct audit_field fields[] = {{"world", "w"}, {"number", number}};

	events.items = items;
	audit_log_init(&writer, chunk);
	for (unsigned i = 0; i < RECORDS; i++) {
		offsets[i] = writer.bytes;
		snprintf(number, sizeof(number), "%u", i);
		audit_log_add(&writer, 1000 * i, i % 3 ? AUDIT_DENIAL : AUDIT_PACKAGE_LOADED, "w",
			fields, 2);
		for (unsigned c = 0; c < 4; c++)
			if (checkpoints[c] == i + 1)
				checkpoint(i + 1);
	}
	good_size = offsets[RECORDS] = writer.bytes;
	assert_int_equal(audit_log_read(&writer, 0, good, sizeof(good)), good_size);
	return 0;
}

static bool proves(const uint8_t *log, size_t size)
{
	struct bytes bytes = {(uint8_t *)log, size};

	fault = (struct fault){0};
	return audit_check(&audit, &events, &bytes, &fault);
}

static void assert_names(unsigned index)
{
	unsigned named = ~0u;

	assert_int_equal(sscanf(fault.what, "audit record %u", &named), 1);
	assert_int_equal(named, index);
}

static void proves_what_is_anchored(void **state)
{
	assert_true(proves(good, good_size));
	assert_int_equal(audit.records, RECORDS);
	assert_int_equal(audit.proven, ANCHORED);
	assert_int_equal(audit.proven_bytes, offsets[ANCHORED]);
	assert_int_equal(audit.checkpoints, 4);
	assert_int_equal(audit.counts[AUDIT_PACKAGE_LOADED], 8);
	assert_int_equal(audit.first[AUDIT_DENIAL], 1);
	assert_null(audit.rest);
}

static void names_each_altered_record(void **state)
{
	for (unsigned i = 0; i < RECORDS; i++) {
		for (size_t at = offsets[i]; at < offsets[i + 1]; at++) {
			memcpy(changed, good, good_size);
			changed[at] ^= 1;
			if (i >= ANCHORED) {
				assert_true(proves(changed, good_size));
				assert_int_equal(audit.proven, ANCHORED);
				continue;
			}
			assert_false(proves(changed, good_size));
			/* A wrong size shows where the next record should be. */
			if (at < offsets[i] + 4 && strstr(fault.what, "record") &&
				audit.records == i + 1)
				assert_names(i + 1);
			else
				assert_names(i);
			if (at >= offsets[i] + 8)
				assert_int_equal(fault.reason, REASON_AUDIT_ALTERED);
		}
	}
	memcpy(changed, good, good_size);
	changed[3] ^= 1;
	assert_false(proves(changed, good_size));
}

static size_t without(unsigned index)
{
	size_t head = offsets[index], tail = good_size - offsets[index + 1];

	memcpy(changed, good, head);
	memcpy(changed + head, good + offsets[index + 1], tail);
	return head + tail;
}

static void names_each_dropped_record(void **state)
{
	for (unsigned i = 0; i < RECORDS; i++) {
		bool ok = proves(changed, without(i));

		assert_int_equal(ok, i >= ANCHORED);
		if (i >= ANCHORED)
			continue;
		assert_int_equal(fault.reason, REASON_AUDIT_MISSING);
		assert_names(i);
	}
}

static void names_each_record_out_of_place(void **state)
{
	for (unsigned i = 0; i + 1 < ANCHORED; i++) {
		size_t first = offsets[i + 1] - offsets[i],
		       second = offsets[i + 2] - offsets[i + 1];

		memcpy(changed, good, good_size);
		memcpy(changed + offsets[i], good + offsets[i + 1], second);
		memcpy(changed + offsets[i] + second, good + offsets[i], first);
		assert_false(proves(changed, good_size));
		assert_int_equal(fault.reason, REASON_AUDIT_ORDER);
		assert_names(i);
	}
}

static void names_each_record_that_is_doubled(void **state)
{
	for (unsigned i = 0; i + 1 < ANCHORED; i++) {
		memcpy(changed, good, offsets[i + 1]);
		memcpy(changed + offsets[i + 1], good + offsets[i], good_size - offsets[i]);
		assert_false(proves(changed, good_size + offsets[i + 1] - offsets[i]));
		assert_int_equal(fault.reason, REASON_AUDIT_ORDER);
		assert_names(i + 1);
	}
}

static void names_where_it_was_cut(void **state)
{
	for (size_t size = 0; size <= good_size; size++) {
		bool ok = proves(good, size);
		unsigned whole = 0;

		while (whole < RECORDS && offsets[whole + 1] <= size)
			whole++;
		assert_int_equal(ok, whole >= ANCHORED);
		if (ok)
			continue;
		assert_int_equal(fault.reason, REASON_AUDIT_TRUNCATED);
		assert_names(whole);
	}
}

/* The liar computes all links anew: the range since the checkpoint before is all one can know. */
static void sees_a_log_that_was_written_anew(void **state)
{
	memcpy(changed, good, good_size);
	changed[offsets[8] - 2] ^= 1;
	for (unsigned i = 8; i < RECORDS; i++)
		hash_sha256(changed + offsets[i - 1], offsets[i] - offsets[i - 1],
			changed + offsets[i] + AUDIT_LINK_OFFSET);
	assert_false(proves(changed, good_size));
	assert_int_equal(fault.reason, REASON_AUDIT_ALTERED);
	assert_names(12);
	assert_non_null(strstr(fault.what, "records from 6 on"));
}

static void wants_a_log_for_a_checkpoint(void **state)
{
	assert_false(proves(NULL, 0));
	assert_int_equal(fault.reason, REASON_AUDIT_TRUNCATED);
	assert_names(0);
}

static void checkpoints_go_forward(void **state)
{
	struct event saved = items[2];

	items[2] = items[0];
	assert_false(proves(good, good_size));
	assert_int_equal(fault.reason, REASON_EVENT_SEMANTICS);
	items[2] = saved;
}

/* Without a checkpoint a log is hearsay, whatever it says. */
static void proves_nothing_without_checkpoints(void **state)
{
	struct events all = events;

	events.count = 0;
	assert_true(proves(good, good_size));
	assert_int_equal(audit.records, RECORDS);
	assert_int_equal(audit.proven, 0);
	assert_true(proves(NULL, 0));
	assert_false(audit.shown);
	assert_true(proves((const uint8_t *)"nonsense", 8));
	assert_non_null(audit.rest);
	events = all;
}

static void finds_what_is_forbidden(void **state)
{
	struct bytes log = {good, good_size};

	fault = (struct fault){0};
	assert_true(audit_check_forbidden(&log, 1u << AUDIT_WORLD_FAULT, &fault));
	assert_false(
		audit_check_forbidden(&log, 1u << AUDIT_WORLD_FAULT | 1u << AUDIT_DENIAL, &fault));
	assert_int_equal(fault.reason, REASON_AUDIT_FORBIDDEN);
	assert_string_equal(fault.what, "audit record 1 (denial)");
	assert_string_equal(fault.found, "world=w number=1");
}

/* What found no room may have been what is forbidden. */
static void refuses_what_is_not_whole(void **state)
{
	static const struct {
		enum audit_kind kind;
		const char *of;
		bool refused;
	} cases[] = {
		{AUDIT_SUPPRESSED, "any", true},
		{AUDIT_SUPPRESSED, "world-fault", true},
		{AUDIT_SUPPRESSED, "denial", false},
		{AUDIT_FULL, "", true},
	};
	static uint8_t chunk[AUDIT_CHUNK_BYTES];
	static struct audit_log log;

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct audit_field field = {"kind", cases[i].of};
		struct bytes bytes = {chunk, 0};

		log = (struct audit_log){0};
		audit_log_init(&log, chunk);
		audit_log_add(&log, 1, AUDIT_BOOT, NULL, &field, 1);
		bytes.size = log.bytes;
		assert_true(audit_check_forbidden(&bytes, 1u << AUDIT_WORLD_FAULT, &fault));
		audit_log_add(&log, 2, AUDIT_BOOT, NULL, &field, 1);
		chunk[bytes.size + 6] = (uint8_t)cases[i].kind;
		bytes.size = log.bytes;
		assert_int_equal(audit_check_forbidden(&bytes, 1u << AUDIT_WORLD_FAULT, &fault),
			!cases[i].refused);
		assert_true(audit_check_forbidden(&bytes, 0, &fault));
	}
}

static void describes_in_bounds(void **state)
{
	static const char text[] = "a=b c\nd=\nlong=xxxxxxxxxxxxxxxxxxxx\n";
	struct audit_record r = {.text = text, .text_bytes = sizeof(text) - 1};
	char line[20];

	audit_describe(&r, line, sizeof(line));
	assert_string_equal(line, "a='b c' d= long=xxx");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proves_what_is_anchored),
		cmocka_unit_test(names_each_altered_record),
		cmocka_unit_test(names_each_dropped_record),
		cmocka_unit_test(names_each_record_out_of_place),
		cmocka_unit_test(names_each_record_that_is_doubled),
		cmocka_unit_test(names_where_it_was_cut),
		cmocka_unit_test(sees_a_log_that_was_written_anew),
		cmocka_unit_test(wants_a_log_for_a_checkpoint),
		cmocka_unit_test(checkpoints_go_forward),
		cmocka_unit_test(proves_nothing_without_checkpoints),
		cmocka_unit_test(finds_what_is_forbidden),
		cmocka_unit_test(refuses_what_is_not_whole),
		cmocka_unit_test(describes_in_bounds),
	};

	return cmocka_run_group_tests(tests, make, NULL);
}
