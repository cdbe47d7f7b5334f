/* sources: tboot-integration/txtstat/acm.c tboot-integration/txtstat/heap.c */
/* sources: tboot-integration/txtstat/tbootlog.c kernel/trust/txtheap.c */
/* needs: build/sinit.bin */
/* txtstat's decoders of files: authenticated code modules, and tboot's log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tboot-integration/txtstat/acm.h"
#include "tboot-integration/txtstat/tbootlog.h"
#include "tests/unit/txtstat_sink.h"

static struct sink sink;
static uint8_t acm[1 << 18];
static size_t acm_size;

static void expect(const char *part)
{
	if (!strstr(sink.text, part))
		fail_msg("no \"%s\" in:\n%s", part, sink.text);
}

static int load_sinit(void **state)
{
	FILE *file = fopen("build/sinit.bin", "rb");

	if (!file)
		return -1;
	acm_size = fread(acm, 1, sizeof(acm), file);
	fclose(file);
	return 0;
}

static void reads_a_sinit(void **state)
{
	const struct acmstat_chipset ours = {0x8086, 0xb001, 1}, other = {0x8086, 0xb002, 1};
	struct report report = sink_report(&sink);

	assert_null(acmstat_not_sinit(acm, acm_size));
	assert_true(acmstat_fits(acm, acm_size, &ours));
	assert_false(acmstat_fits(acm, acm_size, &other));
	acmstat_report(&report, acm, acm_size);
	assert_int_equal(sink.depth, 0);
	expect("usable_sinit=yes\n");
	expect("type=SINIT\n");
	expect("device=0xb001\n");
	expect("tcg-event-log=yes\n");
}

static void refuses_what_is_no_sinit(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		const char *why;
	} cases[] = {
		{0, 3, "module type"},
		{16, 0x87, "vendor"},
		{24, 1, "not as long"},
		{4, 0, "information table"},
		{4 * (161 + 143) + 16, 0, "not a SINIT"},
		{4 * (161 + 143) + 0x100, 0, "names no chipset"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t kept = acm[cases[i].at];
		const char *why;

		acm[cases[i].at] = cases[i].value;
		why = acmstat_not_sinit(acm, acm_size);
		if (!why || !strstr(why, cases[i].why))
			fail_msg("case %zu: %s", i, why ? why : "accepted");
		acm[cases[i].at] = kept;
	}
	assert_non_null(acmstat_not_sinit(acm, acm_size - 4));
	assert_non_null(acmstat_not_sinit(acm, 0));
}

static void every_truncated_module(void **state)
{
	for (size_t size = 0; size < 2048; size++) {
		uint8_t *exact = malloc(size ? size : 1);
		struct report report = sink_report(&sink);

		memcpy(exact, acm, size);
		acmstat_report(&report, exact, size);
		assert_int_equal(sink.depth, 0);
		free(exact);
	}
}

/* --- tboot's log */

static const uint8_t uuid[16] = {0x26, 0x25, 0x19, 0xc0, 0x30, 0x6b, 0xb4, 0x4d, 0x4c, 0x84, 0xa3,
	0xe9, 0x53, 0xb8, 0x81, 0x74};
enum { END = 18, POSITIONS = 20, BYTES = 40, ZIPS = 60, TEXT = 61 };
static uint8_t log_bytes[1024];

/* One compressed part ("TBOOT: aaaa!" with a repetition and a literal marker), then plain text. */
static size_t make_log(void)
{
	static const uint8_t packed[] = {
		0xfe, 'T', 'B', 'O', 'O', 'T', ':', ' ', 'a', 0xfe, 3, 1, 0xfe, 0, '!', '\n'};
	static const char plain[] = "TBOOT: SINIT not found\n";

	memset(log_bytes, 0, sizeof(log_bytes));
	memcpy(log_bytes, uuid, sizeof(uuid));
	log_bytes[ZIPS] = 1;
	log_bytes[BYTES] = sizeof(packed);
	memcpy(log_bytes + TEXT, packed, sizeof(packed));
	log_bytes[POSITIONS + 2] = sizeof(packed);
	memcpy(log_bytes + TEXT + sizeof(packed), plain, sizeof(plain) - 1);
	log_bytes[END] = sizeof(packed) + sizeof(plain) - 1;
	return TEXT + sizeof(packed) + sizeof(plain) - 1;
}

static void reads_a_log(void **state)
{
	static const char expected[] = "TBOOT: aaaa\xfe!\nTBOOT: SINIT not found\n";
	struct report report = sink_report(&sink);
	size_t size = make_log(), used;
	char text[256];

	assert_int_equal(tbootlog_text(log_bytes, size, text, sizeof(text), &used), VMK_OK);
	assert_int_equal(used, sizeof(expected) - 1);
	assert_memory_equal(text, expected, used);
	tbootlog_report_findings(&report, text, used);
	expect("line=SINIT not found\n");
	expect("remedy=put the SINIT");
	for (size_t room = 0; room < used; room++)
		assert_int_equal(tbootlog_text(log_bytes, size, text, room, &used), VMK_TOO_LARGE);
}

static enum vmk_status read_with(size_t at, uint8_t value)
{
	char text[256];
	size_t size = make_log(), used;

	log_bytes[at] = value;
	return tbootlog_text(log_bytes, size, text, sizeof(text), &used);
}

static void hostile_logs(void **state)
{
	size_t size = make_log(), used;
	char text[256];

	assert_int_equal(read_with(0, 0), VMK_NOT_FOUND);
	assert_int_equal(read_with(ZIPS, 10), VMK_BAD_FORMAT);
	assert_int_equal(read_with(TEXT + 11, 9), VMK_BAD_FORMAT); /* before the part's beginning */
	assert_int_equal(read_with(TEXT + 11, 0), VMK_BAD_FORMAT);
	assert_int_equal(read_with(BYTES, 11), VMK_BAD_FORMAT); /* ends inside a repetition */
	assert_int_equal(read_with(BYTES + 1, 0xff), VMK_TRUNCATED);
	assert_int_equal(read_with(POSITIONS + 1, 0xff), VMK_TRUNCATED);
	assert_int_equal(read_with(END, 3), VMK_BAD_FORMAT);
	assert_int_equal(read_with(END + 1, 0xff), VMK_TRUNCATED);
	make_log();
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *exact = malloc(cut ? cut : 1);

		memcpy(exact, log_bytes, cut);
		assert_int_not_equal(tbootlog_text(exact, cut, text, sizeof(text), &used), VMK_OK);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_sinit),
		cmocka_unit_test(refuses_what_is_no_sinit),
		cmocka_unit_test(every_truncated_module),
		cmocka_unit_test(reads_a_log),
		cmocka_unit_test(hostile_logs),
	};

	return cmocka_run_group_tests(tests, load_sinit, NULL);
}
