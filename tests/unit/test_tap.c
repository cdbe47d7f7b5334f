/* sources: attest/wire/tap.c attest/wire/cbor.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/tap.h"

/* attest/PROTOCOL.md's request by hand: [0x20200, false, h'', nonce, [[11, [17, 18]]], [["vmk", 0,
 * 0]]] */
static const uint8_t request_bytes[] = {0x86, 0x1a, 0x00, 0x02, 0x02, 0x00, 0xf4, 0x40, 0x48, 1, 2,
	3, 4, 5, 6, 7, 8, 0x81, 0x82, 0x0b, 0x82, 0x11, 0x12, 0x81, 0x83, 0x63, 'v', 'm', 'k', 0x00,
	0x00};

static struct tap_request sample_request(void)
{
	static const uint8_t nonce[] = {1, 2, 3, 4, 5, 6, 7, 8};

	return (struct tap_request){
		.nonce = {nonce, sizeof(nonce)},
		.pcr_mask = 1u << 17 | 1u << 18,
		.log_count = 1,
		.logs = {{.id = "vmk", .id_size = 3}},
	};
}

static void test_request_bytes(void **state)
{
	struct tap_request request = sample_request(), back;
	uint8_t out[64];
	size_t size;

	assert_int_equal(tap_encode_request(&request, out, sizeof(out), &size), VMK_OK);
	assert_int_equal(size, sizeof(request_bytes));
	assert_memory_equal(out, request_bytes, size);
	assert_int_equal(tap_decode_request(request_bytes, size, &back, NULL), VMK_OK);
	assert_int_equal(back.pcr_mask, request.pcr_mask);
	assert_int_equal(back.nonce.size, 8);
	assert_int_equal(back.log_count, 1);
	assert_int_equal(back.qd_version, 0);
}

static void test_request_with_credential(void **state)
{
	struct tap_request request = sample_request(), back;
	uint8_t out[256];
	size_t size;

	request.hello = true;
	request.qd_version = 2;
	request.credential = (struct tap_bytes){(const uint8_t *)"credential", 10};
	request.secret = (struct tap_bytes){(const uint8_t *)"secret", 6};
	assert_int_equal(tap_encode_request(&request, out, sizeof(out), &size), VMK_OK);
	assert_int_equal(tap_decode_request(out, size, &back, NULL), VMK_OK);
	assert_true(back.hello);
	assert_int_equal(back.qd_version, 2);
	assert_memory_equal(back.credential.data, "credential", 10);
	assert_memory_equal(back.secret.data, "secret", 6);
}

static void test_encoder_refuses_what_the_decoder_would(void **state)
{
	struct tap_request request = sample_request();
	uint8_t out[2048];
	size_t size;

	request.pcr_mask = 0;
	assert_int_equal(tap_encode_request(&request, out, sizeof(out), &size), VMK_BAD_PARAM);
	request = sample_request();
	request.pcr_mask = 1u << 24;
	assert_int_equal(tap_encode_request(&request, out, sizeof(out), &size), VMK_BAD_PARAM);
	request = sample_request();
	request.nonce.size = 7;
	assert_int_equal(tap_encode_request(&request, out, sizeof(out), &size), VMK_BAD_PARAM);
	request = sample_request();
	request.qd_version = 2; /* without a credential */
	assert_int_equal(tap_encode_request(&request, out, sizeof(out), &size), VMK_BAD_PARAM);
	request = sample_request();
	request.credential = request.secret = request.nonce; /* without version 2 */
	assert_int_equal(tap_encode_request(&request, out, sizeof(out), &size), VMK_BAD_PARAM);
	request = sample_request();
	assert_int_equal(tap_encode_request(&request, out, 30, &size), VMK_TOO_LARGE);
	request.log_count = TAP_LOGS_MAX + 1;
	assert_int_equal(tap_encode_request(&request, out, sizeof(out), &size), VMK_BAD_PARAM);
}

static void test_every_cut_is_refused(void **state)
{
	struct tap_request request;
	struct tap_error error;

	for (size_t size = 0; size < sizeof(request_bytes); size++) {
		uint8_t *exact = malloc(size ? size : 1);

		memcpy(exact, request_bytes, size);
		error = (struct tap_error){0};
		assert_int_equal(tap_decode_request(exact, size, &request, &error), VMK_TRUNCATED);
		assert_non_null(error.what);
		assert_non_null(error.why);
		free(exact);
	}
}

struct change {
	size_t at;
	uint8_t byte;
	enum vmk_status status;
	const char *what;
};

static void test_names_what_is_wrong(void **state)
{
	static const struct change changes[] = {
		{0, 0x85, VMK_BAD_FORMAT, "request"},
		{0, 0x88, VMK_TOO_LARGE, "request"},
		{4, 0x03, VMK_UNSUPPORTED, "specver"},
		{6, 0xf6, VMK_BAD_FORMAT, "hello"},
		{7, 0x60, VMK_BAD_FORMAT, "key-id"},
		{8, 0x47, VMK_BAD_FORMAT, "nonce"},
		{17, 0x82, VMK_TOO_LARGE, "selections"},
		{19, 0x04, VMK_UNSUPPORTED, "selection bank"},
		{20, 0x80, VMK_BAD_FORMAT, "selection PCRs"},
		{22, 0x11, VMK_BAD_FORMAT, "selection PCR"}, /* twice the same */
		{22, 0x10, VMK_BAD_FORMAT, "selection PCR"}, /* descending */
		{25, 0x43, VMK_BAD_FORMAT, "log id"},
		{26, 0x07, VMK_BAD_FORMAT, "log id"},
		{29, 0x20, VMK_BAD_FORMAT, "log start"},
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		uint8_t bytes[sizeof(request_bytes)];
		struct tap_request request;
		struct tap_error error;

		memcpy(bytes, request_bytes, sizeof(bytes));
		bytes[changes[i].at] = changes[i].byte;
		assert_int_equal(tap_decode_request(bytes, sizeof(bytes), &request, &error),
			changes[i].status);
		assert_string_equal(error.what, changes[i].what);
	}
}

static void test_refuses_trailing_bytes(void **state)
{
	uint8_t bytes[sizeof(request_bytes) + 1] = {0};
	struct tap_request request;
	struct tap_error error;

	memcpy(bytes, request_bytes, sizeof(request_bytes));
	assert_int_equal(
		tap_decode_request(bytes, sizeof(bytes), &request, &error), VMK_BAD_FORMAT);
	assert_string_equal(error.why, "has trailing bytes");
	assert_int_equal(error.offset, sizeof(request_bytes));
}

/* A map must have its keys in order and once: [..., {2: ..., 1: ...}] and {1: 0, 1: 0}. */
static void test_refuses_unordered_options(void **state)
{
	static const uint8_t unordered[] = {0xa2, 0x02, 0x82, 0x41, 0, 0x41, 0, 0x01, 0x02};
	static const uint8_t twice[] = {0xa2, 0x01, 0x00, 0x01, 0x00};
	static const uint8_t unknown[] = {0xa1, 0x03, 0x00};
	static const struct {
		const uint8_t *bytes;
		size_t size;
		enum vmk_status status;
	} cases[] = {{unordered, sizeof(unordered), VMK_BAD_FORMAT},
		{twice, sizeof(twice), VMK_BAD_FORMAT},
		{unknown, sizeof(unknown), VMK_UNSUPPORTED}};

	for (size_t i = 0; i < 3; i++) {
		uint8_t bytes[64];
		struct tap_request request;

		memcpy(bytes, request_bytes, sizeof(request_bytes));
		bytes[0] = 0x87;
		memcpy(bytes + sizeof(request_bytes), cases[i].bytes, cases[i].size);
		assert_int_equal(tap_decode_request(bytes, sizeof(request_bytes) + cases[i].size,
					 &request, NULL),
			cases[i].status);
	}
}

/* One log asked for eight times would be read eight times, and from the TPM if that holds it. */
static void test_refuses_a_log_asked_for_twice(void **state)
{
	struct tap_request request = {.nonce = {(const uint8_t *)"12345678", 8},
		.pcr_mask = 1u << 17,
		.log_count = 3,
		.logs = {{.id = "vmk", .id_size = 3}, {.id = "vm", .id_size = 2},
			{.id = "vmk", .id_size = 3, .start = 1}}};
	uint8_t bytes[64];
	size_t size;

	assert_int_equal(tap_encode_request(&request, bytes, sizeof(bytes), &size), VMK_BAD_PARAM);
	request.log_count = 2;
	assert_int_equal(tap_encode_request(&request, bytes, sizeof(bytes), &size), VMK_OK);
}

static struct tap_response sample_response(void)
{
	return (struct tap_response){
		.has_quote = true,
		.attest = {(const uint8_t *)"attest", 6},
		.signature = {(const uint8_t *)"signature", 9},
		.log_count = 2,
		.logs = {{.id = "vmk",
				 .id_size = 3,
				 .start = 10,
				 .total = 14,
				 .content = {(const uint8_t *)"tail", 4}},
			{.id = "launch", .id_size = 6, .total = 0}},
	};
}

static void test_response_round_trip(void **state)
{
	struct tap_response response = sample_response(), back;
	uint8_t out[128];
	size_t size;

	assert_int_equal(tap_encode_response(&response, out, sizeof(out), &size), VMK_OK);
	assert_int_equal(tap_decode_response(out, size, &back, NULL), VMK_OK);
	assert_true(back.has_quote);
	assert_memory_equal(back.signature.data, "signature", 9);
	assert_int_equal(back.log_count, 2);
	assert_true(tap_log_is(&back.logs[0], "vmk"));
	assert_false(tap_log_is(&back.logs[0], "vm"));
	assert_int_equal(back.logs[0].start, 10);
	assert_memory_equal(back.logs[0].content.data, "tail", 4);
	assert_int_equal(back.logs[1].content.size, 0);

	response.has_quote = false;
	assert_int_equal(tap_encode_response(&response, out, sizeof(out), &size), VMK_OK);
	assert_int_equal(tap_decode_response(out, size, &back, NULL), VMK_OK);
	assert_false(back.has_quote);
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(tap_decode_response(out, cut, &back, NULL), VMK_TRUNCATED);
}

static void test_response_content_within_log(void **state)
{
	struct tap_response response = sample_response();
	uint8_t out[128];
	size_t size;

	response.logs[0].total = 13;
	assert_int_equal(tap_encode_response(&response, out, sizeof(out), &size), VMK_BAD_PARAM);
	response.logs[0].total = 9; /* ends before it starts */
	assert_int_equal(tap_encode_response(&response, out, sizeof(out), &size), VMK_BAD_PARAM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_bytes),
		cmocka_unit_test(test_request_with_credential),
		cmocka_unit_test(test_encoder_refuses_what_the_decoder_would),
		cmocka_unit_test(test_every_cut_is_refused),
		cmocka_unit_test(test_names_what_is_wrong),
		cmocka_unit_test(test_refuses_trailing_bytes),
		cmocka_unit_test(test_refuses_unordered_options),
		cmocka_unit_test(test_refuses_a_log_asked_for_twice),
		cmocka_unit_test(test_response_round_trip),
		cmocka_unit_test(test_response_content_within_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
