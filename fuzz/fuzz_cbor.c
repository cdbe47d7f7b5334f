/* sources: attest/wire/cbor.c */
/* Items read one after the other encode to the bytes that they were read from. */
#include <stdlib.h>
#include <string.h>

#include "wire/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[1 << 16];

/* Copies one item (for arrays and maps: its head); false at the end or at an error. */
static bool copy_item(struct cbor_reader *r, struct cbor_writer *w)
{
	const uint8_t *bytes;
	const char *text;
	uint64_t number;
	size_t n;
	bool flag;

	switch (cbor_peek(r)) {
	case CBOR_UINT:
		return cbor_read_uint(r, UINT64_MAX, &number) && (cbor_write_uint(w, number), true);
	case CBOR_BYTES:
		return cbor_read_bytes(r, 0, SIZE_MAX, &bytes, &n) &&
		       (cbor_write_bytes(w, bytes, n), true);
	case CBOR_TEXT:
		return cbor_read_text(r, 0, SIZE_MAX, &text, &n) &&
		       (cbor_write_text(w, text, n), true);
	case CBOR_ARRAY:
		return cbor_read_array(r, 0, SIZE_MAX, &n) && (cbor_write_array(w, n), true);
	case CBOR_MAP:
		return cbor_read_map(r, 0, SIZE_MAX, &n) && (cbor_write_map(w, n), true);
	case CBOR_BOOL:
		return cbor_read_bool(r, &flag) && (cbor_write_bool(w, flag), true);
	case CBOR_NULL:
		return cbor_read_null(r) && (cbor_write_null(w), true);
	default:
		return false;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cbor_reader r;
	struct cbor_writer w;
	size_t good = 0;

	if (size > sizeof(out))
		return 0;
	cbor_reader_init(&r, data, size);
	cbor_writer_init(&w, out, sizeof(out));
	while (copy_item(&r, &w))
		good = r.in.at;
	if (w.failed || w.used != good || memcmp(out, data, good))
		abort();
	if (r.status != VMK_OK && !r.error)
		abort();
	return 0;
}
