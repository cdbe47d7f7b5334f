/* sources: attest/wire/tap.c attest/wire/cbor.c */
/*
 * The encoding is deterministic: what decodes, encodes to the very same bytes. What would not
 * decode is not encoded.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[1 << 16];

/* An options map that says nothing but the default is the one form that is not kept. */
static bool has_default_options(const struct tap_request *request, const uint8_t *data)
{
	return data[0] == 0x87 && !request->qd_version;
}

/* What would not decode is not encoded, and neither is what has no room. */
static void encode_badly(const struct tap_request *good, size_t bytes)
{
	struct tap_request bad = *good;
	size_t n;

	if (tap_encode_request(good, out, bytes - 1, &n) != VMK_TOO_LARGE)
		abort();
	bad.qd_version = TAP_QD_VERSION_MAX + 1;
	if (tap_encode_request(&bad, out, sizeof(out), &n) != VMK_BAD_PARAM)
		abort();
	bad = *good;
	bad.credential.size = 0;
	if (good->secret.size && tap_encode_request(&bad, out, sizeof(out), &n) != VMK_BAD_PARAM)
		abort();
	bad = *good;
	bad.log_count = TAP_LOGS_MAX + 1;
	if (tap_encode_request(&bad, out, sizeof(out), &n) != VMK_BAD_PARAM)
		abort();
}

static void try_request(const uint8_t *data, size_t size)
{
	struct tap_request request;
	struct tap_error error = {0};
	size_t n;

	if (tap_decode_request(data, size, &request, &error) != VMK_OK) {
		if (!error.what || !error.why || error.offset > size)
			abort();
		return;
	}
	if (tap_encode_request(&request, out, sizeof(out), &n) != VMK_OK)
		abort();
	if (!has_default_options(&request, data) && (n != size || memcmp(out, data, n)))
		abort();
	encode_badly(&request, n);
}

static void try_response(const uint8_t *data, size_t size)
{
	struct tap_response response;
	size_t n;

	if (tap_decode_response(data, size, &response, NULL) != VMK_OK)
		return;
	if (tap_encode_response(&response, out, sizeof(out), &n) != VMK_OK || n != size ||
		memcmp(out, data, n))
		abort();
	for (size_t i = 0; i < response.log_count; i++) {
		const struct tap_log *log = &response.logs[i];

		if (tap_log_is(log, "vmk") != (log->id_size == 3 && !strncmp(log->id, "vmk", 3)))
			abort();
	}
	if (tap_encode_response(&response, out, n - 1, &n) != VMK_TOO_LARGE)
		abort();
	if (response.log_count) {
		response.logs[0].id_size = 0;
		if (tap_encode_response(&response, out, sizeof(out), &n) != VMK_BAD_PARAM)
			abort();
	}
	response.log_count = TAP_LOGS_MAX + 1;
	if (tap_encode_response(&response, out, sizeof(out), &n) != VMK_BAD_PARAM)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > sizeof(out))
		return 0;
	try_request(data, size);
	try_response(data, size);
	return 0;
}
