#include "wire/cbor.h"

#include <string.h>

/* Major types: RFC 8949 3.1. */
enum major {
	MAJOR_UINT = 0,
	MAJOR_BYTES = 2,
	MAJOR_TEXT = 3,
	MAJOR_ARRAY = 4,
	MAJOR_MAP = 5,
	MAJOR_SIMPLE = 7,
};
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, SIMPLE_NULL = 22 };
/* Additional information 24 to 27: the argument follows in 1, 2, 4 or 8 bytes. */
#define INFO_UINT8  24
#define INFO_UINT64 27

void cbor_reader_init(struct cbor_reader *reader, const void *data, size_t size)
{
	*reader = (struct cbor_reader){.in = reader_of(data, size)};
}

bool cbor_fail(struct cbor_reader *reader, enum vmk_status status, const char *error)
{
	if (reader->status == VMK_OK) {
		reader->status = status;
		reader->error = error;
	}
	return false;
}

enum cbor_kind cbor_peek(const struct cbor_reader *reader)
{
	static const enum cbor_kind kinds[8] = {
		[MAJOR_UINT] = CBOR_UINT,
		[1] = CBOR_OTHER,
		[MAJOR_BYTES] = CBOR_BYTES,
		[MAJOR_TEXT] = CBOR_TEXT,
		[MAJOR_ARRAY] = CBOR_ARRAY,
		[MAJOR_MAP] = CBOR_MAP,
		[6] = CBOR_OTHER,
		[MAJOR_SIMPLE] = CBOR_OTHER,
	};
	uint8_t head;

	if (reader->status != VMK_OK || !reader_left(&reader->in))
		return CBOR_END;
	head = reader->in.data[reader->in.at];
	if (head == (MAJOR_SIMPLE << 5 | SIMPLE_NULL))
		return CBOR_NULL;
	if (head == (MAJOR_SIMPLE << 5 | SIMPLE_FALSE) || head == (MAJOR_SIMPLE << 5 | SIMPLE_TRUE))
		return CBOR_BOOL;
	return kinds[head >> 5];
}

/* An item's head: major type as expected, argument in its shortest form. */
static bool read_head(
	struct cbor_reader *reader, enum major major, const char *expected, uint64_t *argument)
{
	unsigned head, info;
	uint64_t value;

	if (reader->status != VMK_OK)
		return false;
	reader->at = reader->in.at;
	head = reader_u8(&reader->in);
	if (reader->in.failed)
		return cbor_fail(reader, VMK_TRUNCATED, "missing");
	if (head >> 5 != (unsigned)major)
		return cbor_fail(reader, VMK_BAD_FORMAT, expected);
	info = head & 31;
	if (info > INFO_UINT64)
		return cbor_fail(reader, VMK_BAD_FORMAT, "not of definite length");
	value = info < INFO_UINT8 ? info : reader_be(&reader->in, 1u << (info - INFO_UINT8));
	if (reader->in.failed)
		return cbor_fail(reader, VMK_TRUNCATED, "cut short");
	if (cbor_head_size(value) != 1 + (info < INFO_UINT8 ? 0 : (size_t)1 << (info - INFO_UINT8)))
		return cbor_fail(reader, VMK_BAD_FORMAT, "not in shortest form");
	*argument = value;
	return true;
}

bool cbor_read_uint(struct cbor_reader *reader, uint64_t max, uint64_t *value)
{
	uint64_t v;

	if (!read_head(reader, MAJOR_UINT, "not an unsigned integer", &v))
		return false;
	if (v > max)
		return cbor_fail(reader, VMK_TOO_LARGE, "above its maximum");
	*value = v;
	return true;
}

bool cbor_read_bool(struct cbor_reader *reader, bool *value)
{
	uint64_t v;

	if (!read_head(reader, MAJOR_SIMPLE, "not a boolean", &v))
		return false;
	if (v != SIMPLE_FALSE && v != SIMPLE_TRUE)
		return cbor_fail(reader, VMK_BAD_FORMAT, "not a boolean");
	*value = v == SIMPLE_TRUE;
	return true;
}

bool cbor_read_null(struct cbor_reader *reader)
{
	uint64_t v;

	if (!read_head(reader, MAJOR_SIMPLE, "not null", &v))
		return false;
	if (v != SIMPLE_NULL)
		return cbor_fail(reader, VMK_BAD_FORMAT, "not null");
	return true;
}

static bool read_counted(struct cbor_reader *reader, enum major major, const char *expected,
	size_t min, size_t max, size_t *count)
{
	uint64_t v;

	if (!read_head(reader, major, expected, &v))
		return false;
	if (v < min)
		return cbor_fail(reader, VMK_BAD_FORMAT, "too short");
	if (v > max)
		return cbor_fail(reader, VMK_TOO_LARGE, "too long");
	*count = (size_t)v;
	return true;
}

bool cbor_read_bytes(
	struct cbor_reader *reader, size_t min, size_t max, const uint8_t **string, size_t *size)
{
	const uint8_t *p;
	size_t n;

	if (!read_counted(reader, MAJOR_BYTES, "not a byte string", min, max, &n))
		return false;
	p = reader_bytes(&reader->in, n);
	if (!p)
		return cbor_fail(reader, VMK_TRUNCATED, "cut short");
	*string = p;
	*size = n;
	return true;
}

bool cbor_read_text(
	struct cbor_reader *reader, size_t min, size_t max, const char **string, size_t *size)
{
	const uint8_t *p;
	size_t n;

	if (!read_counted(reader, MAJOR_TEXT, "not a text string", min, max, &n))
		return false;
	p = reader_bytes(&reader->in, n);
	if (!p)
		return cbor_fail(reader, VMK_TRUNCATED, "cut short");
	for (size_t i = 0; i < n; i++) {
		if (p[i] < ' ' || p[i] > '~')
			return cbor_fail(reader, VMK_BAD_FORMAT, "not printable ASCII");
	}
	*string = (const char *)p;
	*size = n;
	return true;
}

bool cbor_read_array(struct cbor_reader *reader, size_t min, size_t max, size_t *count)
{
	return read_counted(reader, MAJOR_ARRAY, "not an array", min, max, count);
}

bool cbor_read_map(struct cbor_reader *reader, size_t min, size_t max, size_t *count)
{
	return read_counted(reader, MAJOR_MAP, "not a map", min, max, count);
}

bool cbor_read_end(struct cbor_reader *reader)
{
	if (reader->status != VMK_OK)
		return false;
	reader->at = reader->in.at;
	if (reader_left(&reader->in))
		return cbor_fail(reader, VMK_BAD_FORMAT, "has trailing bytes");
	return true;
}

void cbor_writer_init(struct cbor_writer *writer, void *buffer, size_t capacity)
{
	*writer = (struct cbor_writer){.buffer = buffer, .capacity = capacity};
}

static uint8_t *reserve(struct cbor_writer *writer, size_t size)
{
	uint8_t *p;

	if (writer->failed || size > writer->capacity - writer->used) {
		writer->failed = true;
		return NULL;
	}
	p = writer->buffer + writer->used;
	writer->used += size;
	return p;
}

size_t cbor_head_size(uint64_t argument)
{
	if (argument < INFO_UINT8)
		return 1;
	if (argument <= UINT8_MAX)
		return 2;
	if (argument <= UINT16_MAX)
		return 3;
	return argument <= UINT32_MAX ? 5 : 9;
}

static void write_head(struct cbor_writer *writer, enum major major, uint64_t argument)
{
	size_t size = cbor_head_size(argument);
	uint8_t *p = reserve(writer, size);
	unsigned info = (unsigned)argument;

	if (!p)
		return;
	if (size > 1)
		info = INFO_UINT8 + (size > 2) + (size > 3) + (size > 5);
	p[0] = (uint8_t)((unsigned)major << 5 | info);
	for (size_t i = 1; i < size; i++)
		p[i] = (uint8_t)(argument >> (8 * (size - 1 - i)));
}

void cbor_write_uint(struct cbor_writer *writer, uint64_t value)
{
	write_head(writer, MAJOR_UINT, value);
}

void cbor_write_bool(struct cbor_writer *writer, bool value)
{
	write_head(writer, MAJOR_SIMPLE, value ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void cbor_write_null(struct cbor_writer *writer)
{
	write_head(writer, MAJOR_SIMPLE, SIMPLE_NULL);
}

uint8_t *cbor_reserve_bytes(struct cbor_writer *writer, size_t size)
{
	write_head(writer, MAJOR_BYTES, size);
	return reserve(writer, size);
}

void cbor_write_bytes(struct cbor_writer *writer, const void *string, size_t size)
{
	uint8_t *p = cbor_reserve_bytes(writer, size);

	if (p && size)
		memcpy(p, string, size);
}

void cbor_write_text(struct cbor_writer *writer, const char *string, size_t size)
{
	uint8_t *p;

	write_head(writer, MAJOR_TEXT, size);
	p = reserve(writer, size);
	if (p && size)
		memcpy(p, string, size);
}

void cbor_write_array(struct cbor_writer *writer, size_t count)
{
	write_head(writer, MAJOR_ARRAY, count);
}

void cbor_write_map(struct cbor_writer *writer, size_t count)
{
	write_head(writer, MAJOR_MAP, count);
}

size_t cbor_writer_size(const struct cbor_writer *writer)
{
	return writer->failed ? 0 : writer->used;
}
