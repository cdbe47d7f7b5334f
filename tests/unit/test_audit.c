/* sources: kernel/trust/audit_log.c kernel/trust/audit_limit.c kernel/trust/audit_read.c */
/* sources: kernel/trust/hash.c kernel/lib/keyval.c tests/unit/shim/panic.c */
/* needs: build/host-lib/libmbedtls.a */
/* libs: build/host-lib/libmbedtls.a */
/* The audit log: its chain, its bounds, what is counted instead of written, when it is anchored. */
#include "trust/audit_log.h"
#include "trust/audit_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SECOND 1000000000ull

static struct audit_log a;
static uint8_t bytes[AUDIT_LOG_MAX];

static int start(void **state)
{
	memset(&a, 0, sizeof(a));
	audit_log_init(&a, malloc(AUDIT_CHUNK_BYTES));
	return 0;
}

static int end(void **state)
{
	for (unsigned i = 0; i < a.chunk_count; i++)
		free(a.chunks[i]);
	return 0;
}

static void add(uint64_t now, enum audit_kind kind, const char *subject, const char *value)
{
	const struct audit_field fields[] = {{"world", subject ? subject : ""}, {"why", value}};

	while (audit_log_wants_chunk(&a))
		audit_log_give_chunk(&a, malloc(AUDIT_CHUNK_BYTES));
	audit_log_add(&a, now, kind, subject, fields, 2);
}

/* The whole log, checked record by record; the last one of a kind, and how many there are. */
static uint64_t walk(enum audit_kind kind, struct audit_record *last)
{
	struct audit_cursor cursor;
	struct audit_record r;
	uint64_t count = 0, records = 0;
	const char *why = NULL;
	enum vmk_status status;
	size_t size = audit_log_read(&a, 0, bytes, sizeof(bytes));

	assert_int_equal(size, a.bytes);
	assert_int_equal(audit_open(&cursor, bytes, size, &why), VMK_OK);
	while ((status = audit_next(&cursor, &r)) == VMK_OK) {
		assert_int_equal(r.index, records++);
		count += r.kind == kind;
		if (r.kind == kind)
			*last = r;
	}
	assert_int_equal(status, VMK_NOT_FOUND);
	assert_int_equal(records, a.records);
	return count;
}

static void assert_field(const struct audit_record *r, const char *key, const char *value)
{
	char text[AUDIT_VALUE_MAX + 1];

	assert_true(audit_field_get(r, key, text, sizeof(text)));
	assert_string_equal(text, value);
}

static void chains(void **state)
{
	uint8_t link[SHA256_BYTES];
	struct audit_cursor cursor;
	struct audit_record r;
	const char *why;
	size_t size;

	hash_sha256(AUDIT_MAGIC, AUDIT_MAGIC_BYTES, link);
	for (unsigned i = 0; i < 200; i++)
		add(i, AUDIT_DENIAL, i % 2 ? "one" : "two", "reason");
	size = audit_log_read(&a, 0, bytes, sizeof(bytes));
	assert_int_equal(audit_open(&cursor, bytes, size, &why), VMK_OK);
	while (audit_next(&cursor, &r) == VMK_OK) {
		assert_memory_equal(r.link, link, sizeof(link));
		hash_sha256(bytes + r.offset, r.bytes, link);
	}
	assert_memory_equal(a.head, link, sizeof(link));
}

static void says_what_it_was_given(void **state)
{
	struct audit_record r;

	add(7, AUDIT_WORLD_FAULT, "agent", "a line\nkind=forged\x01\xff");
	assert_int_equal(walk(AUDIT_WORLD_FAULT, &r), 1);
	assert_int_equal(r.time_ns, 7);
	assert_field(&r, "world", "agent");
	assert_field(&r, "why", "a line?kind=forged??");
}

static void cuts_long_values(void **state)
{
	char text[AUDIT_VALUE_MAX + 50];
	struct audit_record r;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	add(7, AUDIT_DENIAL, "w", text);
	assert_int_equal(walk(AUDIT_DENIAL, &r), 1);
	text[AUDIT_VALUE_MAX] = 0;
	assert_field(&r, "why", text);
}

static void counts_what_it_does_not_write(void **state)
{
	struct audit_record r;

	for (unsigned i = 0; i < 1000; i++)
		add(i, AUDIT_DENIAL, "hostile", "no");
	assert_int_equal(walk(AUDIT_DENIAL, &r), audit_kind_burst(AUDIT_DENIAL));
	assert_int_equal(a.counts[AUDIT_DENIAL], 1000);
	audit_log_tick(&a, SECOND);
	assert_int_equal(walk(AUDIT_SUPPRESSED, &r), 0);
	audit_log_tick(&a, 5 * SECOND);
	assert_int_equal(walk(AUDIT_SUPPRESSED, &r), 1);
	assert_field(&r, "kind", "denial");
	assert_field(&r, "subject", "hostile");
	assert_field(&r, "count", "968");
	audit_log_tick(&a, 5000 * SECOND);
	assert_int_equal(walk(AUDIT_SUPPRESSED, &r), 1);
}

/* One that floods takes nothing from another, nor from another kind. */
static void limits_each_on_its_own(void **state)
{
	struct audit_record r;

	for (unsigned i = 0; i < 1000; i++)
		add(i, AUDIT_DENIAL, "hostile", "no");
	add(1001, AUDIT_DENIAL, "other", "no");
	assert_int_equal(walk(AUDIT_DENIAL, &r), audit_kind_burst(AUDIT_DENIAL) + 1);
	assert_field(&r, "world", "other");
	add(1002, AUDIT_WORLD_FAULT, "hostile", "no");
	assert_int_equal(walk(AUDIT_WORLD_FAULT, &r), 1);
}

static void tells_less_and_less_often(void **state)
{
	struct audit_record r;
	uint64_t now, told;

	/* A denial each millisecond for an hour. */
	for (now = 0; now < 3600 * SECOND; now += SECOND / 1000) {
		add(now, AUDIT_DENIAL, "hostile", "no");
		if (now % SECOND == 0)
			audit_log_tick(&a, now);
	}
	told = walk(AUDIT_SUPPRESSED, &r);
	assert_in_range(told, 8, 12);
	/* After an hour of quiet, each is written again. */
	audit_log_tick(&a, now + 2 * 3600 * SECOND);
	now += 4 * 3600 * SECOND;
	add(now, AUDIT_DENIAL, "hostile", "again");
	assert_int_equal(walk(AUDIT_DENIAL, &r), audit_kind_burst(AUDIT_DENIAL) + 1);
	assert_field(&r, "why", "again");
}

static void shares_a_count_among_too_many(void **state)
{
	struct audit_record r;
	char name[16];

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "w%u", i);
		add(i, AUDIT_DENIAL, name, "no");
	}
	assert_int_equal(walk(AUDIT_DENIAL, &r), AUDIT_SUBJECTS + audit_kind_burst(AUDIT_DENIAL));
	audit_log_tick(&a, 5 * SECOND);
	assert_int_equal(walk(AUDIT_SUPPRESSED, &r), 1);
	assert_field(&r, "subject", "(others)");
}

/* Nor does one who waits for an hour of quiet each time fill it. */
static void bounds_the_patient(void **state)
{
	struct audit_record r;
	uint64_t now = 0;

	for (unsigned hours = 0; hours < 1000; hours += 2) {
		now += 2 * 3600 * SECOND;
		for (unsigned i = 0; i < audit_kind_burst(AUDIT_DENIAL); i++)
			add(now, AUDIT_DENIAL, "patient", "no");
		audit_log_tick(&a, now + 5 * SECOND);
	}
	assert_int_equal(walk(AUDIT_DENIAL, &r), AUDIT_BURSTS_MAX * audit_kind_burst(AUDIT_DENIAL));
	assert_in_range(walk(AUDIT_SUPPRESSED, &r), 480, 500);
	assert_field(&r, "subject", "patient");
	assert_in_range(a.bytes, 0, AUDIT_LOG_MAX / 4);
	assert_false(a.full);
}

/* The last record says that there is no more room, and everything after it is counted. */
static void ends_when_full(void **state)
{
	struct audit_record r;
	char name[16];
	uint64_t now = 0;

	while (!a.full) {
		now += 2 * 3600 * SECOND;
		snprintf(name, sizeof(name), "w%u", (unsigned)a.records);
		add(now, AUDIT_DENIAL, name, "no");
	}
	assert_int_equal(walk(AUDIT_FULL, &r), 1);
	assert_int_equal(r.index, a.records - 1);
	assert_in_range(a.bytes, AUDIT_LOG_MAX - 300, AUDIT_LOG_MAX);
	add(now + 1, AUDIT_DENIAL, "other", "no");
	assert_int_equal(walk(AUDIT_FULL, &r), 1);
	assert_int_equal(a.lost, 2);
}

/* Before its memory comes, what is recorded is lost, and said. */
static void tells_what_found_no_memory(void **state)
{
	struct audit_field field = {"why", "x"};
	struct audit_record r;
	char name[16];

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "w%u", i);
		audit_log_add(&a, i * 4000 * SECOND, AUDIT_DENIAL, name, &field, 1);
	}
	assert_true(a.lost > 0);
	assert_false(a.full);
	add(4000001 * SECOND, AUDIT_DENIAL, "w", "x");
	audit_log_tick(&a, 4000001 * SECOND);
	assert_int_equal(walk(AUDIT_SUPPRESSED, &r), 1);
	assert_field(&r, "kind", "any");
}

static void works_without_any_memory(void **state)
{
	static struct audit_log none;
	struct audit_field field = {"why", "x"};

	audit_log_add(&none, 1, AUDIT_BOOT, NULL, &field, 1);
	audit_log_tick(&none, 2);
	assert_int_equal(none.lost, 1);
	assert_int_equal(none.records, 0);
}

static void anchors_by_age_and_count(void **state)
{
	assert_false(audit_log_anchor_due(&a, SECOND, true));
	add(SECOND, AUDIT_BOOT, NULL, "x");
	assert_true(audit_log_anchor_due(&a, SECOND, true));
	assert_false(audit_log_anchor_due(&a, SECOND, false));
	assert_true(audit_log_anchor_due(&a, 6 * SECOND, false));
	audit_log_anchored(&a, 1, 6 * SECOND);
	assert_false(audit_log_anchor_due(&a, 60 * SECOND, true));
	for (unsigned i = 0; i < 2 * AUDIT_ANCHOR_RECORDS; i++) {
		char name[8];

		snprintf(name, sizeof(name), "%u", i);
		add(60 * SECOND, AUDIT_DENIAL, name, "x");
		if (audit_log_anchor_due(&a, 60 * SECOND, false))
			break;
	}
	assert_int_equal(a.records - a.anchored, AUDIT_ANCHOR_RECORDS);
}

/* Whoever makes a record each second for weeks gets an anchor each ten minutes. */
static void anchors_seldom_under_attack(void **state)
{
	uint64_t now, hours = 24 * 7;

	for (now = SECOND; now < hours * 3600 * SECOND; now += 10 * SECOND) {
		a.records++; /* the log itself is bounded on its own */
		a.unanchored_ns = MIN(a.unanchored_ns, now);
		if (audit_log_anchor_due(&a, now, false))
			audit_log_anchored(&a, a.records, now);
	}
	assert_in_range(a.anchors, hours * 6, hours * 6 + AUDIT_ANCHOR_BURST + 1);
	for (; now < 24 * 365 * 3600 * SECOND; now += 600 * SECOND) {
		a.records++;
		if (audit_log_anchor_due(&a, now, false))
			audit_log_anchored(&a, a.records, now);
	}
	assert_int_equal(a.anchors, AUDIT_ANCHORS_MAX);
}

/* Events in any order and number: each is a record, or counted in one. */
static void counts_everything(void **state)
{
	uint64_t now = 0, random = 88172645463325252ull, told = 0, written = 0;
	const unsigned events = 100000;
	struct audit_cursor cursor;
	struct audit_record r;
	const char *why;
	char text[24];

	for (unsigned i = 0; i < events; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		snprintf(text, sizeof(text), "w%u", (unsigned)(random >> 8) % 90);
		now += random % SECOND;
		if (i % 100 == 0)
			audit_log_tick(&a, now);
		/* Now and then memory is late. */
		if (random >> 60)
			add(now, AUDIT_WORLD_FAULT + random % 4, text, "x");
		else
			audit_log_add(
				&a, now, AUDIT_DENIAL, text, &(struct audit_field){"why", "x"}, 1);
	}
	add(now, AUDIT_BOOT, NULL, "the end");
	audit_log_tick(&a, now + 10 * 3600 * SECOND);
	assert_false(a.full);
	audit_open(&cursor, bytes, audit_log_read(&a, 0, bytes, sizeof(bytes)), &why);
	while (audit_next(&cursor, &r) == VMK_OK) {
		written += r.kind != AUDIT_SUPPRESSED;
		if (r.kind == AUDIT_SUPPRESSED && audit_field_get(&r, "count", text, sizeof(text)))
			told += strtoull(text, NULL, 10);
	}
	assert_true(told > events / 2);
	assert_int_equal(written + told, events + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(chains, start, end),
		cmocka_unit_test_setup_teardown(says_what_it_was_given, start, end),
		cmocka_unit_test_setup_teardown(cuts_long_values, start, end),
		cmocka_unit_test_setup_teardown(counts_what_it_does_not_write, start, end),
		cmocka_unit_test_setup_teardown(limits_each_on_its_own, start, end),
		cmocka_unit_test_setup_teardown(tells_less_and_less_often, start, end),
		cmocka_unit_test_setup_teardown(shares_a_count_among_too_many, start, end),
		cmocka_unit_test_setup_teardown(bounds_the_patient, start, end),
		cmocka_unit_test_setup_teardown(ends_when_full, start, end),
		cmocka_unit_test_setup_teardown(tells_what_found_no_memory, start, end),
		cmocka_unit_test_setup_teardown(works_without_any_memory, start, end),
		cmocka_unit_test_setup_teardown(counts_everything, start, end),
		cmocka_unit_test_setup_teardown(anchors_by_age_and_count, start, end),
		cmocka_unit_test_setup_teardown(anchors_seldom_under_attack, start, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
