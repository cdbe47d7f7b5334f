/* sources: kernel/trust/evlog_write.c kernel/trust/evlog_read.c */
/* What the writer writes, the reader reads; and a full log stays whole. */
#include "trust/evlog_read.h"
#include "trust/evlog_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static uint8_t buffer[1024];
static const uint8_t sha1[20] = {1, 2, 3}, sha256[32] = {9, 8, 7};

static unsigned count(const struct evlog_writer *w, struct evlog_event *last)
{
	const char *why = NULL;
	struct evlog log;
	struct evlog_cursor cursor;
	struct evlog_event event;
	unsigned events = 0;

	assert_int_equal(evlog_open(&log, w->bytes, w->size, &why), VMK_OK);
	assert_int_equal(log.alg_count, (unsigned)w->sha1 + (unsigned)w->sha256);
	cursor = evlog_begin(&log);
	while (evlog_next(&cursor, &event) == VMK_OK) {
		events++;
		*last = event;
	}
	assert_null(cursor.why);
	return events;
}

static void test_round_trip(void **state)
{
	struct evlog_writer w;
	struct evlog_event event;

	assert_int_equal(evlog_write_begin(&w, buffer, sizeof(buffer), true, true), VMK_OK);
	assert_int_equal(count(&w, &event), 0);
	assert_int_equal(evlog_write_event(&w, 19, 0x4d4c0001, sha1, sha256, "text", 5), VMK_OK);
	assert_int_equal(count(&w, &event), 1);
	assert_int_equal(event.pcr, 19);
	assert_int_equal(event.type, 0x4d4c0001);
	assert_int_equal(event.data_size, 5);
	assert_string_equal((const char *)event.data, "text");
	assert_memory_equal(evlog_digest(&event, EVLOG_ALG_SHA1)->bytes, sha1, 20);
	assert_memory_equal(evlog_digest(&event, EVLOG_ALG_SHA256)->bytes, sha256, 32);
}

static void test_one_bank(void **state)
{
	struct evlog_writer w;
	struct evlog_event event;

	assert_int_equal(evlog_write_begin(&w, buffer, sizeof(buffer), false, true), VMK_OK);
	assert_int_equal(evlog_write_event(&w, 21, 7, NULL, sha256, "", 0), VMK_OK);
	assert_int_equal(count(&w, &event), 1);
	assert_null(evlog_digest(&event, EVLOG_ALG_SHA1));
	assert_int_equal(evlog_write_begin(&w, buffer, sizeof(buffer), true, false), VMK_OK);
	assert_int_equal(count(&w, &event), 0);
	assert_int_equal(
		evlog_write_begin(&w, buffer, sizeof(buffer), false, false), VMK_BAD_PARAM);
}

/* Exact allocations, so that a byte too many is seen. */
static void test_every_room(void **state)
{
	for (size_t room = 0; room < 400; room++) {
		uint8_t *exact = malloc(room ? room : 1);
		struct evlog_writer w;
		struct evlog_event event;
		unsigned written = 0;

		if (evlog_write_begin(&w, exact, room, true, true) == VMK_OK) {
			while (evlog_write_event(&w, 19, 1, sha1, sha256, "data", 5) == VMK_OK)
				written++;
			assert_true(w.size <= room);
			assert_int_equal(count(&w, &event), written);
			assert_int_equal(written, (room - 69) / (12 + 22 + 34 + 4 + 5));
		} else {
			assert_true(room < 69);
		}
		free(exact);
	}
}

static void test_absurd_data(void **state)
{
	struct evlog_writer w;

	assert_int_equal(evlog_write_begin(&w, buffer, sizeof(buffer), true, true), VMK_OK);
	assert_false(evlog_write_fits(&w, SIZE_MAX));
	assert_false(evlog_write_fits(&w, sizeof(buffer)));
	assert_int_equal(
		evlog_write_event(&w, 19, 1, sha1, sha256, buffer, SIZE_MAX), VMK_NO_RESOURCES);
	assert_int_equal(w.size, 69);
}

static void test_moves_into_more_room(void **state)
{
	uint8_t small[200], large[400], before[200];
	struct evlog_writer w;
	size_t size;

	assert_int_equal(evlog_write_begin(&w, small, sizeof(small), true, true), VMK_OK);
	assert_int_equal(evlog_write_event(&w, 19, 1, sha1, sha256, "x", 1), VMK_OK);
	assert_int_equal(evlog_write_event(&w, 19, 1, sha1, sha256, "x", 1), VMK_NO_RESOURCES);
	size = w.size;
	memcpy(before, small, size);
	assert_ptr_equal(evlog_write_move(&w, large, sizeof(large)), small);
	memset(small, 0, sizeof(small));
	assert_int_equal(evlog_write_event(&w, 19, 1, sha1, sha256, "x", 1), VMK_OK);
	assert_memory_equal(large, before, size);
	assert_ptr_equal(w.bytes, large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_moves_into_more_room),
		cmocka_unit_test(test_one_bank),
		cmocka_unit_test(test_every_room),
		cmocka_unit_test(test_absurd_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
