/* sources: attest/wire/tap.c attest/wire/cbor.c */
/* The encoding is deterministic: what decodes, encodes to the very same bytes. */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tap_request request;
	struct tap_response response;
	struct tap_error error = {0};
	size_t n;

	if (size > sizeof(out))
		return 0;
	if (tap_decode_request(data, size, &request, &error) == VMK_OK) {
		if (tap_encode_request(&request, out, sizeof(out), &n) != VMK_OK)
			abort();
		if (!has_default_options(&request, data) && (n != size || memcmp(out, data, n)))
			abort();
	} else if (!error.what || !error.why || error.offset > size) {
		abort();
	}
	if (tap_decode_response(data, size, &response, NULL) == VMK_OK) {
		if (tap_encode_response(&response, out, sizeof(out), &n) != VMK_OK || n != size ||
			memcmp(out, data, n))
			abort();
	}
	return 0;
}
