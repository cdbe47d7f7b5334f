#include "trust/evlog_write.h"

#include <string.h>

#define ALG_SHA1     0x0004u
#define ALG_SHA256   0x000bu
#define SHA1_SIZE    20u
#define SHA256_SIZE  32u
#define EV_NO_ACTION 3u
/* A record's data is a line of text; more is a mistake. */
#define DATA_MAX 65536u

static void put(struct evlog_writer *w, const void *from, size_t bytes)
{
	memcpy(w->bytes + w->size, from, bytes);
	w->size += bytes;
}

static void put_le(struct evlog_writer *w, uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		w->bytes[w->size++] = (uint8_t)(value >> (8 * i));
}

static unsigned banks(const struct evlog_writer *w)
{
	return (unsigned)w->sha1 + (unsigned)w->sha256;
}

/* TCG_EfiSpecIdEvent, in a TCG_PCClientPCREvent of the old form. */
static void put_header(struct evlog_writer *w)
{
	static const uint8_t zero_digest[SHA1_SIZE];
	static const char signature[16] = "Spec ID Event03";

	put_le(w, 0, 4);
	put_le(w, EV_NO_ACTION, 4);
	put(w, zero_digest, sizeof(zero_digest));
	put_le(w, 16 + 4 + 4 + 4 + 4 * banks(w) + 1, 4);
	put(w, signature, sizeof(signature));
	put_le(w, 0, 4); /* platform class: client */
	put_le(w, 0, 1); /* version 2.0, errata 0 */
	put_le(w, 2, 1);
	put_le(w, 0, 1);
	put_le(w, 2, 1); /* UINTN of 64 bits */
	put_le(w, banks(w), 4);
	if (w->sha1) {
		put_le(w, ALG_SHA1, 2);
		put_le(w, SHA1_SIZE, 2);
	}
	if (w->sha256) {
		put_le(w, ALG_SHA256, 2);
		put_le(w, SHA256_SIZE, 2);
	}
	put_le(w, 0, 1); /* no vendor information */
}

enum vmk_status evlog_write_begin(
	struct evlog_writer *writer, void *buffer, size_t room, bool sha1, bool sha256)
{
	*writer = (struct evlog_writer){
		.bytes = buffer, .room = room, .sha1 = sha1, .sha256 = sha256};
	if (!sha1 && !sha256)
		return VMK_BAD_PARAM;
	if (room < 32 + 16 + 4 + 4 + 4 + 4 * banks(writer) + 1)
		return VMK_NO_RESOURCES;
	put_header(writer);
	return VMK_OK;
}

static size_t record_size(const struct evlog_writer *w, size_t data_bytes)
{
	size_t digests = (w->sha1 ? 2 + SHA1_SIZE : 0) + (w->sha256 ? 2 + SHA256_SIZE : 0);

	return 4 + 4 + 4 + digests + 4 + data_bytes;
}

bool evlog_write_fits(const struct evlog_writer *writer, size_t data_bytes)
{
	return data_bytes <= DATA_MAX &&
	       record_size(writer, data_bytes) <= writer->room - writer->size;
}

enum vmk_status evlog_write_event(struct evlog_writer *writer, uint32_t pcr, uint32_t type,
	const uint8_t sha1[20], const uint8_t sha256[32], const void *data, size_t data_bytes)
{
	if (!evlog_write_fits(writer, data_bytes))
		return VMK_NO_RESOURCES;
	put_le(writer, pcr, 4);
	put_le(writer, type, 4);
	put_le(writer, banks(writer), 4);
	if (writer->sha1) {
		put_le(writer, ALG_SHA1, 2);
		put(writer, sha1, SHA1_SIZE);
	}
	if (writer->sha256) {
		put_le(writer, ALG_SHA256, 2);
		put(writer, sha256, SHA256_SIZE);
	}
	put_le(writer, (uint32_t)data_bytes, 4);
	put(writer, data, data_bytes);
	return VMK_OK;
}

void *evlog_write_move(struct evlog_writer *writer, void *buffer, size_t room)
{
	void *old = writer->bytes;

	memcpy(buffer, old, writer->size);
	writer->bytes = buffer;
	writer->room = room;
	return old;
}
