/*
 * CBOR (RFC 8949) in its core deterministic encoding (section 4.2.1): definite lengths, shortest
 * heads; whatever deviates is refused. Only what the attestation protocol uses: unsigned integers,
 * byte and text strings, arrays, maps with unsigned keys, false, true, null. Pure, no allocation.
 */
#ifndef WIRE_CBOR_H
#define WIRE_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vmkapi/status.h>

#include "lib/reader.h"

/*
 * A reader over one encoded item. Its error sticks: after the first failure each read fails,
 * `status` and `error` tell why, and `at` is the offset of the item at fault.
 */
struct cbor_reader {
	struct reader in;
	size_t at;
	enum vmk_status status;
	const char *error; /* a few constant words; NULL while there is none */
};

enum cbor_kind {
	CBOR_UINT,
	CBOR_BYTES,
	CBOR_TEXT,
	CBOR_ARRAY,
	CBOR_MAP,
	CBOR_BOOL,
	CBOR_NULL,
	CBOR_OTHER, /* valid CBOR perhaps, but nothing that this protocol uses */
	CBOR_END,   /* no bytes left, or an earlier error */
};

void cbor_reader_init(struct cbor_reader *reader, const void *data, size_t size);
/* What the next item is, by its first byte. */
enum cbor_kind cbor_peek(const struct cbor_reader *reader);
/* Each reads one item, or sets the error and returns false, leaving the results alone. */
bool cbor_read_uint(struct cbor_reader *reader, uint64_t max, uint64_t *value);
bool cbor_read_bool(struct cbor_reader *reader, bool *value);
bool cbor_read_null(struct cbor_reader *reader);
/* The string stays in the reader's data. min and max are in bytes. */
bool cbor_read_bytes(
	struct cbor_reader *reader, size_t min, size_t max, const uint8_t **string, size_t *size);
/* Text is limited to printable ASCII here. */
bool cbor_read_text(
	struct cbor_reader *reader, size_t min, size_t max, const char **string, size_t *size);
/* The head only: `count` items (or pairs, for a map) follow. */
bool cbor_read_array(struct cbor_reader *reader, size_t min, size_t max, size_t *count);
bool cbor_read_map(struct cbor_reader *reader, size_t min, size_t max, size_t *count);
/* Sets the error, unless there is one already. Returns false, to be returned. */
bool cbor_fail(struct cbor_reader *reader, enum vmk_status status, const char *error);
/* True when all bytes were read and nothing failed; trailing bytes set the error. */
bool cbor_read_end(struct cbor_reader *reader);

/* A writer into the caller's buffer. Errors stick: only cbor_writer_size() need be checked. */
struct cbor_writer {
	uint8_t *buffer;
	size_t capacity, used;
	bool failed;
};
void cbor_writer_init(struct cbor_writer *writer, void *buffer, size_t capacity);
void cbor_write_uint(struct cbor_writer *writer, uint64_t value);
void cbor_write_bool(struct cbor_writer *writer, bool value);
void cbor_write_null(struct cbor_writer *writer);
void cbor_write_bytes(struct cbor_writer *writer, const void *string, size_t size);
void cbor_write_text(struct cbor_writer *writer, const char *string, size_t size);
void cbor_write_array(struct cbor_writer *writer, size_t count);
void cbor_write_map(struct cbor_writer *writer, size_t count);
/* Writes a byte string's head and leaves `size` bytes for the caller to fill; NULL on failure. */
uint8_t *cbor_reserve_bytes(struct cbor_writer *writer, size_t size);
/* Bytes that a head with this argument takes: 1, 2, 3, 5 or 9. */
size_t cbor_head_size(uint64_t argument);
/* The encoding's size in bytes; 0 when it did not fit. */
size_t cbor_writer_size(const struct cbor_writer *writer);

#endif
