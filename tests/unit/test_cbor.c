/* sources: attest/wire/cbor.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/cbor.h"

/* RFC 8949 appendix A: unsigned integers. */
struct uint_case {
	uint64_t value;
	size_t size;
	uint8_t bytes[9];
};
static const struct uint_case uints[] = {
	{0, 1, {0x00}},
	{1, 1, {0x01}},
	{10, 1, {0x0a}},
	{23, 1, {0x17}},
	{24, 2, {0x18, 0x18}},
	{25, 2, {0x18, 0x19}},
	{100, 2, {0x18, 0x64}},
	{1000, 3, {0x19, 0x03, 0xe8}},
	{1000000, 5, {0x1a, 0x00, 0x0f, 0x42, 0x40}},
	{1000000000000, 9, {0x1b, 0x00, 0x00, 0x00, 0xe8, 0xd4, 0xa5, 0x10, 0x00}},
	{UINT64_MAX, 9, {0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
};

static void test_uints_as_in_rfc_8949(void **state)
{
	for (size_t i = 0; i < sizeof(uints) / sizeof(uints[0]); i++) {
		struct cbor_reader r;
		struct cbor_writer w;
		uint64_t value;
		uint8_t out[9];

		cbor_reader_init(&r, uints[i].bytes, uints[i].size);
		assert_int_equal(cbor_peek(&r), CBOR_UINT);
		assert_true(cbor_read_uint(&r, UINT64_MAX, &value));
		assert_true(value == uints[i].value);
		assert_true(cbor_read_end(&r));
		cbor_writer_init(&w, out, sizeof(out));
		cbor_write_uint(&w, uints[i].value);
		assert_int_equal(cbor_writer_size(&w), uints[i].size);
		assert_memory_equal(out, uints[i].bytes, uints[i].size);
		for (size_t cut = 0; cut < uints[i].size; cut++) {
			cbor_reader_init(&r, uints[i].bytes, cut);
			assert_false(cbor_read_uint(&r, UINT64_MAX, &value));
			assert_int_equal(r.status, VMK_TRUNCATED);
		}
	}
}

struct item {
	size_t size;
	uint8_t bytes[9];
};

static void test_refuses_longer_forms(void **state)
{
	static const struct item cases[] = {
		{2, {0x18, 0x17}},
		{3, {0x19, 0x00, 0xff}},
		{5, {0x1a, 0x00, 0x00, 0xff, 0xff}},
		{9, {0x1b, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff}},
		{1, {0x1c}},
		{1, {0x1f}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cbor_reader r;
		uint64_t value;

		cbor_reader_init(&r, cases[i].bytes, cases[i].size);
		assert_false(cbor_read_uint(&r, UINT64_MAX, &value));
		assert_int_equal(r.status, VMK_BAD_FORMAT);
	}
}

static void test_refuses_indefinite_lengths(void **state)
{
	static const uint8_t bytes[] = {0x5f, 0x41, 0x00, 0xff}, array[] = {0x9f, 0xff};
	struct cbor_reader r;
	const uint8_t *string;
	size_t size;

	cbor_reader_init(&r, bytes, sizeof(bytes));
	assert_false(cbor_read_bytes(&r, 0, 100, &string, &size));
	assert_int_equal(r.status, VMK_BAD_FORMAT);
	assert_string_equal(r.error, "not of definite length");
	cbor_reader_init(&r, array, sizeof(array));
	assert_false(cbor_read_array(&r, 0, 100, &size));
	assert_int_equal(r.status, VMK_BAD_FORMAT);
}

static void test_strings(void **state)
{
	/* RFC 8949 appendix A: h'01020304', "IETF", and a text with a byte that is not ASCII */
	static const uint8_t input[] = {
		0x44, 1, 2, 3, 4, 0x64, 'I', 'E', 'T', 'F', 0x62, 0xc3, 0xbc};
	struct cbor_reader r;
	const uint8_t *bytes;
	const char *text;
	size_t size;

	cbor_reader_init(&r, input, sizeof(input));
	assert_true(cbor_read_bytes(&r, 4, 4, &bytes, &size));
	assert_int_equal(size, 4);
	assert_ptr_equal(bytes, input + 1);
	assert_true(cbor_read_text(&r, 1, 4, &text, &size));
	assert_memory_equal(text, "IETF", 4);
	assert_false(cbor_read_text(&r, 1, 4, &text, &size));
	assert_int_equal(r.status, VMK_BAD_FORMAT);
	assert_int_equal(r.at, 10);
}

static void test_string_bounds(void **state)
{
	static const uint8_t input[] = {0x44, 1, 2, 3, 4};
	static const uint8_t huge[] = {0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};
	struct cbor_reader r;
	const uint8_t *bytes;
	size_t size;

	cbor_reader_init(&r, input, sizeof(input));
	assert_false(cbor_read_bytes(&r, 5, 9, &bytes, &size));
	assert_int_equal(r.status, VMK_BAD_FORMAT);
	cbor_reader_init(&r, input, sizeof(input));
	assert_false(cbor_read_bytes(&r, 0, 3, &bytes, &size));
	assert_int_equal(r.status, VMK_TOO_LARGE);
	cbor_reader_init(&r, input, 4);
	assert_false(cbor_read_bytes(&r, 0, 9, &bytes, &size));
	assert_int_equal(r.status, VMK_TRUNCATED);
	cbor_reader_init(&r, huge, sizeof(huge));
	assert_false(cbor_read_bytes(&r, 0, SIZE_MAX, &bytes, &size));
	assert_int_equal(r.status, VMK_TRUNCATED);
}

static void test_simple_values(void **state)
{
	static const uint8_t input[] = {0xf4, 0xf5, 0xf6, 0xf7};
	struct cbor_reader r;
	bool value = true;

	cbor_reader_init(&r, input, sizeof(input));
	assert_int_equal(cbor_peek(&r), CBOR_BOOL);
	assert_true(cbor_read_bool(&r, &value));
	assert_false(value);
	assert_true(cbor_read_bool(&r, &value));
	assert_true(value);
	assert_int_equal(cbor_peek(&r), CBOR_NULL);
	assert_true(cbor_read_null(&r));
	assert_int_equal(cbor_peek(&r), CBOR_OTHER);
	assert_false(cbor_read_bool(&r, &value));
}

static void test_errors_stick(void **state)
{
	static const uint8_t input[] = {0x40, 0x01};
	struct cbor_reader r;
	uint64_t value = 77;

	cbor_reader_init(&r, input, sizeof(input));
	assert_false(cbor_read_uint(&r, 9, &value));
	assert_false(cbor_read_uint(&r, 9, &value));
	assert_int_equal(value, 77);
	assert_int_equal(cbor_peek(&r), CBOR_END);
	assert_string_equal(r.error, "not an unsigned integer");
	assert_false(cbor_read_end(&r));
}

static void test_refuses_trailing_bytes(void **state)
{
	static const uint8_t input[] = {0x01, 0x00};
	struct cbor_reader r;
	uint64_t value;

	cbor_reader_init(&r, input, sizeof(input));
	assert_true(cbor_read_uint(&r, 9, &value));
	assert_false(cbor_read_end(&r));
	assert_int_equal(r.status, VMK_BAD_FORMAT);
}

static void test_writer(void **state)
{
	/* {1: [false, null, "a"], 2: h'ff'} */
	static const uint8_t wanted[] = {0xa2, 0x01, 0x83, 0xf4, 0xf6, 0x61, 'a', 0x02, 0x41, 0xff};
	struct cbor_writer w;
	uint8_t out[sizeof(wanted)];

	for (size_t capacity = 0; capacity <= sizeof(out); capacity++) {
		cbor_writer_init(&w, out, capacity);
		cbor_write_map(&w, 2);
		cbor_write_uint(&w, 1);
		cbor_write_array(&w, 3);
		cbor_write_bool(&w, false);
		cbor_write_null(&w);
		cbor_write_text(&w, "a", 1);
		cbor_write_uint(&w, 2);
		cbor_write_bytes(&w, "\xff", 1);
		assert_int_equal(cbor_writer_size(&w), capacity == sizeof(wanted) ? capacity : 0);
	}
	assert_memory_equal(out, wanted, sizeof(wanted));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uints_as_in_rfc_8949),
		cmocka_unit_test(test_refuses_longer_forms),
		cmocka_unit_test(test_refuses_indefinite_lengths),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_string_bounds),
		cmocka_unit_test(test_simple_values),
		cmocka_unit_test(test_errors_stick),
		cmocka_unit_test(test_refuses_trailing_bytes),
		cmocka_unit_test(test_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
