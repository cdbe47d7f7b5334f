/* sources: attest/wire/coap.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/coap.h"

/* RFC 7252 appendix A, figure 16: GET /temperature and its piggybacked answer. */
static const uint8_t rfc_request[] = {
	0x40, 0x01, 0x7d, 0x34, 0xbb, 't', 'e', 'm', 'p', 'e', 'r', 'a', 't', 'u', 'r', 'e'};
static const uint8_t rfc_answer[] = {0x60, 0x45, 0x7d, 0x34, 0xff, '2', '2', '.', '3', ' ', 'C'};

static void test_parses_rfc_7252_figure_16(void **state)
{
	struct coap_option option = {0};
	struct coap_message m;

	assert_int_equal(coap_parse(rfc_request, sizeof(rfc_request), &m), VMK_OK);
	assert_int_equal(m.type, COAP_CON);
	assert_int_equal(m.code, COAP_GET);
	assert_int_equal(m.id, 0x7d34);
	assert_int_equal(m.token_size, 0);
	assert_null(m.payload);
	assert_true(coap_next_option(&m, &option));
	assert_int_equal(option.number, COAP_OPT_URI_PATH);
	assert_int_equal(option.size, 11);
	assert_memory_equal(option.value, "temperature", 11);
	assert_false(coap_next_option(&m, &option));

	assert_int_equal(coap_parse(rfc_answer, sizeof(rfc_answer), &m), VMK_OK);
	assert_int_equal(m.type, COAP_ACK);
	assert_int_equal(m.code, COAP_CONTENT);
	assert_int_equal(m.payload_size, 6);
	assert_memory_equal(m.payload, "22.3 C", 6);
}

static void test_builds_rfc_7252_figure_16(void **state)
{
	struct coap_writer w;
	uint8_t out[32];

	coap_begin(&w, out, sizeof(out), COAP_CON, COAP_GET, 0x7d34, NULL, 0);
	coap_put_option(&w, COAP_OPT_URI_PATH, "temperature", 11);
	assert_int_equal(coap_finish(&w), sizeof(rfc_request));
	assert_memory_equal(out, rfc_request, sizeof(rfc_request));

	coap_begin(&w, out, sizeof(out), COAP_ACK, COAP_CONTENT, 0x7d34, NULL, 0);
	coap_put_payload(&w, "22.3 C", 6);
	assert_int_equal(coap_finish(&w), sizeof(rfc_answer));
	assert_memory_equal(out, rfc_answer, sizeof(rfc_answer));
}

/* Every size of delta and length nibble: below 13, one extension byte, two. */
static void test_option_sizes_round_trip(void **state)
{
	static const uint32_t numbers[] = {0, 12, 13, 268, 269, 65535};
	static const size_t sizes[] = {0, 12, 13, 268, 269, 1100};
	static uint8_t value[1100], out[2048];

	memset(value, 0x5a, sizeof(value));
	for (size_t i = 0; i < 6; i++) {
		for (size_t j = 0; j < 6; j++) {
			struct coap_option option;
			struct coap_message m;
			struct coap_writer w;

			coap_begin(&w, out, sizeof(out), COAP_NON, COAP_FETCH, 1, "token", 5);
			coap_put_option(&w, numbers[i], value, sizes[j]);
			coap_put_payload(&w, "p", 1);
			assert_int_equal(coap_parse(out, coap_finish(&w), &m), VMK_OK);
			assert_true(coap_find_option(&m, numbers[i], &option));
			assert_int_equal(option.size, sizes[j]);
			assert_int_equal(m.token_size, 5);
			assert_memory_equal(m.token, "token", 5);
			assert_int_equal(m.payload_size, 1);
		}
	}
}

static void test_uint_options_are_shortest(void **state)
{
	static const uint32_t values[] = {0, 1, 255, 256, 65535, 65536, 0xffffff, 0xffffffff};
	static const size_t sizes[] = {0, 1, 1, 2, 2, 3, 3, 4};

	for (size_t i = 0; i < 8; i++) {
		struct coap_option option;
		struct coap_message m;
		struct coap_writer w;
		uint8_t out[32];
		uint32_t back;

		coap_begin(&w, out, sizeof(out), COAP_CON, COAP_GET, 1, NULL, 0);
		coap_put_uint(&w, COAP_OPT_MAX_AGE, values[i]);
		assert_int_equal(coap_parse(out, coap_finish(&w), &m), VMK_OK);
		assert_true(coap_find_option(&m, COAP_OPT_MAX_AGE, &option));
		assert_int_equal(option.size, sizes[i]);
		assert_true(coap_find_uint(&m, COAP_OPT_MAX_AGE, &back));
		assert_int_equal(back, values[i]);
	}
}

struct bad {
	enum vmk_status status;
	size_t size;
	uint8_t bytes[8];
};

static void test_refuses_malformed(void **state)
{
	static const struct bad cases[] = {
		{VMK_TRUNCATED, 0, {0}}, {VMK_TRUNCATED, 3, {0x40, 0x01, 0x00}},
		{VMK_UNSUPPORTED, 4, {0x80, 0x01, 0x00, 0x01}},
		{VMK_BAD_FORMAT, 5, {0x40, 0x00, 0x00, 0x01, 0x00}},      /* empty, and more */
		{VMK_BAD_FORMAT, 5, {0x41, 0x00, 0x00, 0x01, 0x00}},      /* empty with a token */
		{VMK_BAD_FORMAT, 4, {0x49, 0x01, 0x00, 0x01}},            /* token length 9 */
		{VMK_TRUNCATED, 5, {0x42, 0x01, 0x00, 0x01, 0x07}},       /* token cut */
		{VMK_BAD_FORMAT, 5, {0x40, 0x01, 0x00, 0x01, 0xff}},      /* marker, no payload */
		{VMK_BAD_FORMAT, 5, {0x40, 0x01, 0x00, 0x01, 0xf0}},      /* delta nibble 15 */
		{VMK_BAD_FORMAT, 5, {0x40, 0x01, 0x00, 0x01, 0x0f}},      /* length nibble 15 */
		{VMK_TRUNCATED, 6, {0x40, 0x01, 0x00, 0x01, 0xb6, 'a'}},  /* value cut */
		{VMK_TRUNCATED, 5, {0x40, 0x01, 0x00, 0x01, 0xd0}},       /* extension missing */
		{VMK_TRUNCATED, 6, {0x40, 0x01, 0x00, 0x01, 0xe0, 0x00}}, /* extension cut */
		{VMK_BAD_FORMAT, 7, {0x40, 0x01, 0x00, 0x01, 0xe0, 0xff, 0xff}}, /* number 65804 */
	};
	struct coap_message m;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(coap_parse(cases[i].bytes, cases[i].size, &m), cases[i].status);
}

/* So that a confirmable message can be reset: RFC 7252 4.2. */
static void test_malformed_keeps_type_and_id(void **state)
{
	static const uint8_t bytes[] = {0x40, 0x01, 0x12, 0x34, 0xff};
	struct coap_message m;

	assert_int_equal(coap_parse(bytes, sizeof(bytes), &m), VMK_BAD_FORMAT);
	assert_int_equal(m.type, COAP_CON);
	assert_int_equal(m.id, 0x1234);
}

static void test_block_values(void **state)
{
	struct coap_block block;

	/* RFC 7959 3.1, figure 2: Block2 values "1/0/128" and "3/1/128" have szx 3 */
	assert_true(coap_block_decode(1 << 4 | 3, &block));
	assert_int_equal(block.number, 1);
	assert_false(block.more);
	assert_int_equal(coap_block_size(&block), 128);
	assert_true(coap_block_decode(3 << 4 | 8 | 3, &block));
	assert_true(block.more);
	assert_int_equal(coap_block_encode(&block), 3 << 4 | 8 | 3);
	assert_false(coap_block_decode(7, &block));
	assert_false(coap_block_decode(1 << 24, &block));
	assert_true(coap_block_decode(0xfffffe, &block));
	assert_int_equal(block.number, 0xfffff);
}

static void test_writer_fails_closed(void **state)
{
	struct coap_writer w;
	uint8_t out[16];

	coap_begin(&w, out, sizeof(out), COAP_CON, COAP_GET, 1, "123456789", 9);
	assert_int_equal(coap_finish(&w), 0);
	coap_begin(&w, out, sizeof(out), COAP_CON, COAP_GET, 1, NULL, 0);
	coap_put_uint(&w, COAP_OPT_BLOCK2, 1);
	coap_put_uint(&w, COAP_OPT_URI_PATH, 1); /* out of order */
	assert_int_equal(coap_finish(&w), 0);
	for (size_t capacity = 0; capacity < 11; capacity++) {
		uint8_t *tight = malloc(capacity ? capacity : 1);

		coap_begin(&w, tight, capacity, COAP_CON, COAP_GET, 1, "ab", 2);
		coap_put_uint(&w, COAP_OPT_BLOCK2, 256);
		coap_put_payload(&w, "x", 1);
		assert_int_equal(coap_finish(&w), 0);
		free(tight);
	}
}

static void test_code_names(void **state)
{
	assert_string_equal(coap_code_name(COAP_TOO_MANY_REQUESTS), "Too Many Requests");
	assert_int_equal(COAP_TOO_MANY_REQUESTS, 0x9d);
	assert_string_equal(coap_code_name(0xe1), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parses_rfc_7252_figure_16),
		cmocka_unit_test(test_builds_rfc_7252_figure_16),
		cmocka_unit_test(test_option_sizes_round_trip),
		cmocka_unit_test(test_uint_options_are_shortest),
		cmocka_unit_test(test_refuses_malformed),
		cmocka_unit_test(test_malformed_keeps_type_and_id),
		cmocka_unit_test(test_block_values),
		cmocka_unit_test(test_writer_fails_closed),
		cmocka_unit_test(test_code_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
