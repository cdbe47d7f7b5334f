/* sources: kernel/trust/txtheap.c kernel/trust/evlog_read.c */
/* The TXT heap's reader: a heap made here, every way to break it, and a real host's where present.
 */
#include "trust/evlog_read.h"
#include "trust/txtheap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BASE       0x7ff00000ull
#define HEAP_BYTES 4096u

/* Places in the heap that make() builds. */
enum {
	OS_MLE = 48,
	LOG = OS_MLE + 8 + 16,
	LOG_ROOM = 256,
	OS_SINIT = LOG + LOG_ROOM,
	VERSION = OS_SINIT + 8,
	ELEMENTS = OS_SINIT + 8 + 92,
	TCG = ELEMENTS + 12, /* behind another element */
	END = TCG + 28,
	SINIT_MLE = END + 8,
};

static uint8_t heap[HEAP_BYTES];
static struct txtheap parsed;
static const char *why;

static void put(size_t at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		heap[at + i] = (uint8_t)(value >> (8 * i));
}

static void make(void)
{
	memset(heap, 0, sizeof(heap));
	put(0, OS_MLE, 8);
	put(OS_MLE, OS_SINIT - OS_MLE, 8);
	put(OS_SINIT, SINIT_MLE - OS_SINIT, 8);
	put(VERSION, 7, 4);
	put(ELEMENTS, 5, 4);
	put(ELEMENTS + 4, 12, 4);
	put(TCG, 8, 4);
	put(TCG + 4, 28, 4);
	put(TCG + 8, BASE + LOG, 8);
	put(TCG + 16, LOG_ROOM, 4);
	put(TCG + 20, 0, 4);
	put(TCG + 24, 100, 4);
	put(END + 4, 8, 4);
	put(SINIT_MLE, 164, 8);
	put(SINIT_MLE + 8, 9, 4);
}

static enum vmk_status parse(size_t bytes)
{
	why = "nothing";
	return txtheap_parse(heap, bytes, BASE, &parsed, &why);
}

static void expect(enum vmk_status status, const char *text)
{
	enum vmk_status found = parse(HEAP_BYTES);

	if (found != status || !strstr(why, text))
		fail_msg("%s (%s), expected %s (%s)", vmk_status_name(found), why,
			vmk_status_name(status), text);
	make();
}

static int setup(void **state)
{
	make();
	return 0;
}

static void test_finds_the_log(void **state)
{
	assert_int_equal(parse(HEAP_BYTES), VMK_OK);
	assert_int_equal(parsed.os_sinit_version, 7);
	assert_int_equal(parsed.log_offset, LOG);
	assert_int_equal(parsed.log_bytes, 100);
	assert_int_equal(parsed.blobs[TXTHEAP_OS_MLE].offset, OS_MLE + 8);
	assert_int_equal(parsed.blobs[TXTHEAP_SINIT_MLE].bytes, 156);
	put(TCG + 20, 40, 4);
	assert_int_equal(parse(HEAP_BYTES), VMK_OK);
	assert_int_equal(parsed.log_offset, LOG + 40);
	assert_int_equal(parsed.log_bytes, 60);
}

static void test_hostile_blobs(void **state)
{
	static const struct {
		size_t at;
		const char *name;
	} blobs[] = {{0, "BiosData"}, {OS_MLE, "OsMleData"}, {OS_SINIT, "OsSinitData"},
		{SINIT_MLE, "SinitMleData"}};

	for (size_t i = 0; i < 4; i++) {
		put(blobs[i].at, 7, 8);
		expect(VMK_TRUNCATED, blobs[i].name);
		put(blobs[i].at, HEAP_BYTES + 1 - blobs[i].at, 8);
		expect(VMK_TRUNCATED, blobs[i].name);
		put(blobs[i].at, UINT64_MAX, 8);
		expect(VMK_TRUNCATED, blobs[i].name);
	}
	put(OS_SINIT, 8 + 91, 8);
	put(OS_SINIT + 8 + 91, 8, 8);
	expect(VMK_TRUNCATED, "OsSinitData is too short");
	put(VERSION, 5, 4);
	expect(VMK_UNSUPPORTED, "OsSinitData is older than version 6");
	put(SINIT_MLE + 8, 5, 4);
	expect(VMK_UNSUPPORTED, "SinitMleData is older than version 6");
	put(SINIT_MLE, 8 + 3, 8);
	expect(VMK_UNSUPPORTED, "SinitMleData is older than version 6");
}

static void test_hostile_elements(void **state)
{
	put(ELEMENTS + 4, 7, 4);
	expect(VMK_TRUNCATED, "do not end");
	put(ELEMENTS + 4, 0, 4);
	expect(VMK_TRUNCATED, "do not end");
	put(ELEMENTS + 4, UINT32_MAX, 4);
	expect(VMK_TRUNCATED, "do not end");
	put(TCG, 7, 4);
	expect(VMK_NOT_FOUND, "no crypto-agile");
	put(TCG + 4, 27, 4);
	expect(VMK_TRUNCATED, "too short");
	/* Elements of 8 bytes without end: bounded. */
	put(OS_SINIT, 8 + 92 + 8 * 100, 8);
	for (size_t i = 0; i < 100; i++) {
		put(ELEMENTS + 8 * i, 9, 4);
		put(ELEMENTS + 8 * i + 4, 8, 4);
	}
	put(ELEMENTS + 8 * 100, 8, 8);
	expect(VMK_BAD_FORMAT, "too many");
}

static void test_hostile_log_place(void **state)
{
	put(TCG + 8, BASE - 1, 8);
	expect(VMK_BAD_FORMAT, "does not lie");
	put(TCG + 8, BASE + HEAP_BYTES, 8);
	expect(VMK_BAD_FORMAT, "does not lie");
	put(TCG + 8, UINT64_MAX - 8, 8);
	expect(VMK_BAD_FORMAT, "does not lie");
	put(TCG + 16, HEAP_BYTES - LOG + 1, 4);
	expect(VMK_BAD_FORMAT, "does not lie");
	put(TCG + 16, UINT32_MAX, 4);
	expect(VMK_BAD_FORMAT, "does not lie");
	put(TCG + 24, LOG_ROOM + 1, 4);
	expect(VMK_BAD_FORMAT, "out of order");
	put(TCG + 20, 101, 4);
	expect(VMK_BAD_FORMAT, "out of order");
}

static void test_every_truncation(void **state)
{
	for (size_t bytes = 0; bytes < SINIT_MLE + 164; bytes++) {
		uint8_t *exact = malloc(bytes ? bytes : 1);

		memcpy(exact, heap, bytes);
		assert_int_equal(txtheap_parse(exact, bytes, BASE, &parsed, &why), VMK_TRUNCATED);
		free(exact);
	}
	assert_int_equal(parse(SINIT_MLE + 164), VMK_OK);
}

/* The file has one page before the heap, and addresses count from the heap's start. */
static void test_real_host(void **state)
{
	const char *directory = getenv("MERLON_TXT_DATA");
	static uint8_t file[2 << 20];
	struct evlog log;
	struct evlog_cursor cursor;
	struct evlog_event event;
	unsigned events = 0;
	char path[512];
	size_t size;
	FILE *f;

	snprintf(path, sizeof(path), "%s/txt_heap_info.bin",
		directory ? directory : "../shared/data/txt");
	f = fopen(path, "rb");
	if (!f)
		skip();
	size = fread(file, 1, sizeof(file), f);
	fclose(f);
	assert_true(size > 4096);
	assert_int_equal(txtheap_parse(file + 4096, size - 4096, 0, &parsed, &why), VMK_OK);
	assert_int_equal(parsed.os_sinit_version, 7);
	assert_int_equal(parsed.log_bytes, 0x6ba);
	assert_int_equal(
		evlog_open(&log, file + 4096 + parsed.log_offset, parsed.log_bytes, &why), VMK_OK);
	cursor = evlog_begin(&log);
	while (evlog_next(&cursor, &event) == VMK_OK)
		events++;
	assert_null(cursor.why);
	assert_int_equal(cursor.offset, parsed.log_bytes);
	assert_true(events >= 15);
}

/* SinitMleData: version 9, a DMAR of 20 bytes, 200 bytes behind the size field. */
static void make_dmar(uint32_t version, uint32_t size, uint32_t offset)
{
	make();
	put(SINIT_MLE, 300, 8);
	put(SINIT_MLE + 8, version, 4);
	put(SINIT_MLE + 8 + 136, size, 4);
	put(SINIT_MLE + 8 + 140, offset, 4);
}

static bool find_dmar(size_t *offset, size_t *bytes)
{
	enum vmk_status status = parse(HEAP_BYTES);

	if (status != VMK_OK)
		fail_msg("%s: %s", vmk_status_name(status), why);
	return txtheap_find_dmar(heap, &parsed, offset, bytes);
}

static void test_dmar(void **state)
{
	size_t offset, bytes;

	make_dmar(9, 20, 200);
	assert_true(find_dmar(&offset, &bytes));
	assert_int_equal(offset, SINIT_MLE + 200);
	assert_int_equal(bytes, 20);
	make_dmar(9, 100, 200); /* up to the end */
	assert_true(find_dmar(&offset, &bytes));
	make_dmar(9, 101, 200);
	assert_false(find_dmar(&offset, &bytes));
	make_dmar(9, UINT32_MAX, 200);
	assert_false(find_dmar(&offset, &bytes));
	make_dmar(9, 20, UINT32_MAX);
	assert_false(find_dmar(&offset, &bytes));
	make_dmar(9, 20, 7);
	assert_false(find_dmar(&offset, &bytes));
	make_dmar(9, 0, 200);
	assert_false(find_dmar(&offset, &bytes));
	make_dmar(9, 20, 200);
	put(SINIT_MLE, 100, 8); /* too short to say */
	assert_false(find_dmar(&offset, &bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dmar),
		cmocka_unit_test_setup(test_finds_the_log, setup),
		cmocka_unit_test_setup(test_hostile_blobs, setup),
		cmocka_unit_test_setup(test_hostile_elements, setup),
		cmocka_unit_test_setup(test_hostile_log_place, setup),
		cmocka_unit_test_setup(test_every_truncation, setup),
		cmocka_unit_test(test_real_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
