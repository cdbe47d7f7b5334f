/* sources: attest/wire/cbor.c */
/* coverage: edges, comparisons */
/*
 * Items read one after the other encode to the bytes that they were read from; into less room they
 * do not go. What is read as a kind that it is not fails, and everything after that does, too.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[1 << 16];

/* Of what size an item may be: bytes, items, or the number itself. */
struct range {
	size_t min, max;
};
static const struct range any = {0, SIZE_MAX};

/* Reads one item as `kind`; writes it (of arrays and maps: the head). False at an error. */
static bool copy_item(
	struct cbor_reader *r, struct cbor_writer *w, enum cbor_kind kind, struct range range)
{
	const uint8_t *bytes;
	const char *text;
	uint64_t number;
	size_t n;
	bool flag;

	switch (kind) {
	case CBOR_UINT:
		return cbor_read_uint(r, range.max, &number) && (cbor_write_uint(w, number), true);
	case CBOR_BYTES:
		return cbor_read_bytes(r, range.min, range.max, &bytes, &n) &&
		       (cbor_write_bytes(w, bytes, n), true);
	case CBOR_TEXT:
		return cbor_read_text(r, range.min, range.max, &text, &n) &&
		       (cbor_write_text(w, text, n), true);
	case CBOR_ARRAY:
		return cbor_read_array(r, range.min, range.max, &n) &&
		       (cbor_write_array(w, n), true);
	case CBOR_MAP:
		return cbor_read_map(r, range.min, range.max, &n) && (cbor_write_map(w, n), true);
	case CBOR_BOOL:
		return cbor_read_bool(r, &flag) && (cbor_write_bool(w, flag), true);
	case CBOR_NULL:
		return cbor_read_null(r) && (cbor_write_null(w), true);
	default:
		return false;
	}
}

static size_t copy_all(const uint8_t *data, size_t size, size_t capacity)
{
	struct cbor_reader r;
	struct cbor_writer w;
	size_t good = 0;

	cbor_reader_init(&r, data, size);
	cbor_writer_init(&w, out, capacity);
	while (copy_item(&r, &w, cbor_peek(&r), any))
		good = r.in.at;
	if (cbor_writer_size(&w) != (good <= capacity ? good : 0))
		abort();
	if (good <= capacity && memcmp(out, data, good))
		abort();
	if (r.status != VMK_OK && !r.error)
		abort();
	return good;
}

/* The first item as what it may not be: then nothing more is read, and the first error stays. */
static void read_as(enum cbor_kind kind, const uint8_t *data, size_t size)
{
	struct range range = {size & 3, 1u << (size & 31)};
	struct cbor_reader r;
	struct cbor_writer w;
	const char *error;
	bool fits, good;

	cbor_reader_init(&r, data, size);
	cbor_writer_init(&w, out, sizeof(out));
	fits = cbor_peek(&r) == kind;
	good = copy_item(&r, &w, kind, range);
	if (good != (r.status == VMK_OK) || (good && !fits))
		abort();
	if (good && cbor_read_end(&r) != (r.in.at == size))
		abort();
	if (r.status == VMK_OK)
		return;
	error = r.error;
	if (cbor_peek(&r) != CBOR_END || copy_item(&r, &w, kind, any) || cbor_read_end(&r) ||
		r.error != error)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t good;

	if (size > sizeof(out))
		return 0;
	good = copy_all(data, size, sizeof(out));
	copy_all(data, size, good / 2);
	for (enum cbor_kind kind = 0; kind < CBOR_OTHER; kind++)
		read_as(kind, data, size);
	return 0;
}
