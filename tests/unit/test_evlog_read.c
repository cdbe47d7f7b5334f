/* sources: kernel/trust/evlog_read.c */
/* The reader of TCG event logs: what it accepts, what it refuses, and that it stays in bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>

#include "trust/evlog_read.h"

struct log {
	uint8_t bytes[1024];
	size_t size;
};

static void put(struct log *log, const void *data, size_t size)
{
	assert_true(size <= sizeof(log->bytes) - log->size);
	memcpy(log->bytes + log->size, data, size);
	log->size += size;
}

static void put_le(struct log *log, uint32_t value, size_t size)
{
	uint8_t b[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
		(uint8_t)(value >> 24)};

	put(log, b, size);
}

static void put_header(struct log *log, uint16_t alg, uint16_t size, uint32_t algs)
{
	static const uint8_t zero[20];

	put_le(log, 0, 4);
	put_le(log, EVLOG_NO_ACTION, 4);
	put(log, zero, sizeof(zero));
	put_le(log, 29 + 4 * algs, 4);
	put(log, "Spec ID Event03", 16);
	put_le(log, 0, 4);
	put_le(log, 0x01000200, 4);
	put_le(log, algs, 4);
	for (uint32_t i = 0; i < algs; i++) {
		put_le(log, alg + i, 2);
		put_le(log, size, 2);
	}
	put_le(log, 0, 1);
}

static void put_event(struct log *log, uint32_t pcr, uint32_t type, uint8_t fill, const char *data)
{
	uint8_t digest[32];

	memset(digest, fill, sizeof(digest));
	put_le(log, pcr, 4);
	put_le(log, type, 4);
	put_le(log, 1, 4);
	put_le(log, EVLOG_ALG_SHA256, 2);
	put(log, digest, sizeof(digest));
	put_le(log, (uint32_t)strlen(data), 4);
	put(log, data, strlen(data));
}

static struct log good_log(void)
{
	struct log log = {0};

	put_header(&log, EVLOG_ALG_SHA256, 32, 1);
	put_event(&log, 17, 0x402, 0xaa, "first");
	put_event(&log, 18, 0x410, 0xbb, "");
	return log;
}

static void walks_a_good_log(void **state)
{
	struct log log = good_log();
	struct evlog opened;
	struct evlog_event event;
	struct evlog_cursor cursor;

	assert_int_equal(evlog_open(&opened, log.bytes, log.size, NULL), VMK_OK);
	assert_int_equal(opened.alg_count, 1);
	cursor = evlog_begin(&opened);
	assert_int_equal(evlog_next(&cursor, &event), VMK_OK);
	assert_int_equal(event.pcr, 17);
	assert_string_equal(evlog_type_name(event.type), "HASH_START");
	assert_int_equal(event.data_size, 5);
	assert_memory_equal(event.data, "first", 5);
	assert_int_equal(evlog_digest(&event, EVLOG_ALG_SHA256)->bytes[31], 0xaa);
	assert_null(evlog_digest(&event, EVLOG_ALG_SHA1));
	assert_int_equal(evlog_next(&cursor, &event), VMK_OK);
	assert_int_equal(event.pcr, 18);
	assert_int_equal(evlog_next(&cursor, &event), VMK_NOT_FOUND);
	assert_null(cursor.why);
}

/* Every proper prefix that does not end between records is truncated, none is well. */
static void refuses_each_prefix(void **state)
{
	struct log log = good_log();
	unsigned int whole = 0;

	for (size_t size = 0; size < log.size; size++) {
		uint8_t *exact = malloc(size ? size : 1);
		struct evlog opened;
		struct evlog_event event;
		struct evlog_cursor cursor;
		enum vmk_status status;

		memcpy(exact, log.bytes, size);
		status = evlog_open(&opened, exact, size, NULL);
		if (status == VMK_OK) {
			cursor = evlog_begin(&opened);
			do
				status = evlog_next(&cursor, &event);
			while (status == VMK_OK);
		}
		whole += status == VMK_NOT_FOUND;
		assert_true(status == VMK_NOT_FOUND || status == VMK_TRUNCATED);
		free(exact);
	}
	assert_int_equal(whole, 2); /* no event, one event */
}

static enum vmk_status open_with(uint16_t alg, uint16_t size, uint32_t algs)
{
	struct log log = {0};
	struct evlog opened;

	put_header(&log, alg, size, algs);
	return evlog_open(&opened, log.bytes, log.size, NULL);
}

static void refuses_bad_headers(void **state)
{
	struct log log = good_log();
	struct evlog opened;

	assert_int_equal(open_with(EVLOG_ALG_SHA256, 32, 1), VMK_OK);
	assert_int_equal(open_with(EVLOG_ALG_SHA256, 20, 1), VMK_BAD_FORMAT);
	assert_int_equal(open_with(EVLOG_ALG_SHA1, 32, 1), VMK_BAD_FORMAT);
	assert_int_equal(open_with(0x100, 0, 1), VMK_BAD_FORMAT);
	assert_int_equal(open_with(0x100, 65, 1), VMK_BAD_FORMAT);
	assert_int_equal(open_with(0x100, 32, 0), VMK_BAD_FORMAT);
	assert_int_equal(open_with(0x100, 32, 9), VMK_UNSUPPORTED);
	log.bytes[4] = 4; /* not EV_NO_ACTION */
	assert_int_equal(evlog_open(&opened, log.bytes, log.size, NULL), VMK_BAD_FORMAT);
	log = good_log();
	log.bytes[32] = 'X'; /* the signature */
	assert_int_equal(evlog_open(&opened, log.bytes, log.size, NULL), VMK_BAD_FORMAT);
}

static enum vmk_status first_record(struct log *log, const char **why)
{
	struct evlog opened;
	struct evlog_event event;
	struct evlog_cursor cursor;
	enum vmk_status status;

	assert_int_equal(evlog_open(&opened, log->bytes, log->size, why), VMK_OK);
	cursor = evlog_begin(&opened);
	status = evlog_next(&cursor, &event);
	*why = cursor.why;
	return status;
}

static void refuses_bad_records(void **state)
{
	const size_t record = 65;
	struct log log = good_log();
	const char *why;

	log.bytes[record] = 24;
	assert_int_equal(first_record(&log, &why), VMK_BAD_FORMAT);
	assert_non_null(strstr(why, "PCR"));
	log = good_log();
	log.bytes[record + 8] = 2; /* more digests than algorithms */
	assert_int_equal(first_record(&log, &why), VMK_BAD_FORMAT);
	log = good_log();
	log.bytes[record + 12] = 4; /* SHA-1, which the header does not list */
	assert_int_equal(first_record(&log, &why), VMK_BAD_FORMAT);
	log = good_log();
	log.bytes[record + 49] = 0xff; /* a data size of almost 4 GiB */
	assert_int_equal(first_record(&log, &why), VMK_BAD_FORMAT);
}

static void finds_the_padding(void **state)
{
	struct log log = good_log();
	size_t size = log.size;
	struct evlog opened;

	log.size += 100;
	assert_int_equal(evlog_open(&opened, log.bytes, log.size, NULL), VMK_OK);
	assert_int_equal(evlog_unpadded_size(&opened), size);
	log.bytes[log.size - 1] = 1;
	assert_int_equal(evlog_unpadded_size(&opened), log.size);
}

/* A log that a real host's SINIT and tboot wrote; not part of this repository. */
static void reads_a_real_log(void **state)
{
	const char *directory = getenv("MERLON_TXT_DATA");
	static uint8_t bytes[65536];
	unsigned int events = 0;
	struct evlog opened;
	struct evlog_event event;
	struct evlog_cursor cursor;
	char path[4096];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/txt-logs.bin",
		directory ? directory : "../shared/data/txt");
	file = fopen(path, "rb");
	if (!file)
		skip();
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	assert_int_equal(evlog_open(&opened, bytes, size, NULL), VMK_OK);
	opened.size = evlog_unpadded_size(&opened);
	cursor = evlog_begin(&opened);
	while (evlog_next(&cursor, &event) == VMK_OK) {
		assert_string_not_equal(evlog_type_name(event.type), "UNKNOWN");
		events++;
	}
	assert_null(cursor.why);
	assert_int_equal(events, 19);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_a_good_log),
		cmocka_unit_test(refuses_each_prefix),
		cmocka_unit_test(refuses_bad_headers),
		cmocka_unit_test(refuses_bad_records),
		cmocka_unit_test(finds_the_padding),
		cmocka_unit_test(reads_a_real_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
