#include "trust/audit_read.h"

#include "lib/keyval.h"
#include "lib/reader.h"
#include "lib/types.h"

#include <string.h>

static const char *const kind_names[AUDIT_KIND_END] = {
#define X(symbol, number, name, burst, meaning) [symbol] = name,
	AUDIT_KINDS(X)
#undef X
};

const char *audit_kind_name(enum audit_kind kind)
{
	return (unsigned)kind < AUDIT_KIND_END && kind_names[kind] ? kind_names[kind] : "?";
}

enum audit_kind audit_kind_find(const char *name)
{
	for (unsigned i = AUDIT_NONE + 1; i < AUDIT_KIND_END; i++)
		if (strcmp(kind_names[i], name) == 0)
			return (enum audit_kind)i;
	return AUDIT_NONE;
}

enum vmk_status audit_open(
	struct audit_cursor *cursor, const void *log, size_t size, const char **why)
{
	static const uint8_t magic[AUDIT_MAGIC_BYTES] = AUDIT_MAGIC;

	*cursor = (struct audit_cursor){.log = log, .size = size, .offset = AUDIT_MAGIC_BYTES};
	*why = NULL;
	if (size >= sizeof(magic) && memcmp(log, magic, sizeof(magic)) == 0)
		return VMK_OK;
	*why = "it does not begin as an audit log of this version";
	return VMK_BAD_FORMAT;
}

static enum vmk_status fail(struct audit_cursor *cursor, enum vmk_status status, const char *why)
{
	cursor->why = why;
	return status;
}

enum vmk_status audit_next(struct audit_cursor *cursor, struct audit_record *record)
{
	struct reader r = reader_of(cursor->log + cursor->offset, cursor->size - cursor->offset);
	uint32_t bytes;
	uint16_t version, kind;
	struct keyval pairs;

	if (cursor->offset == cursor->size)
		return VMK_NOT_FOUND;
	bytes = reader_le32(&r);
	version = reader_le16(&r);
	kind = reader_le16(&r);
	if (r.failed)
		return fail(cursor, VMK_TRUNCATED, "the log ends inside a record's header");
	if (version != AUDIT_VERSION)
		return fail(cursor, VMK_UNSUPPORTED, "a record of another version");
	if (bytes < AUDIT_HEADER_BYTES || bytes > AUDIT_RECORD_MAX)
		return fail(cursor, VMK_BAD_FORMAT, "a record of a size that none has");
	if (kind == AUDIT_NONE || kind >= AUDIT_KIND_END)
		return fail(cursor, VMK_BAD_FORMAT, "a record of an unknown kind");
	*record = (struct audit_record){
		.offset = cursor->offset, .bytes = bytes, .kind = (enum audit_kind)kind};
	record->index = reader_le64(&r);
	record->time_ns = reader_le64(&r);
	record->link = reader_bytes(&r, AUDIT_HEADER_BYTES - AUDIT_LINK_OFFSET);
	record->text_bytes = bytes - AUDIT_HEADER_BYTES;
	record->text = (const char *)reader_bytes(&r, record->text_bytes);
	if (r.failed)
		return fail(cursor, VMK_TRUNCATED, "the log ends inside a record");
	if (keyval_check(&pairs, record->text, record->text_bytes) != VMK_OK)
		return fail(cursor, VMK_BAD_FORMAT, "a record whose text is not key=value lines");
	cursor->offset += bytes;
	return VMK_OK;
}

bool audit_field_get(const struct audit_record *record, const char *key, char *value, size_t size)
{
	return keyval_get(record->text, record->text_bytes, key, value, size) == VMK_OK;
}

/* What a text of `size` bytes has room for, before its end. */
struct line {
	char *text;
	size_t size, at;
};

static void append(struct line *line, const char *from, size_t bytes)
{
	bytes = MIN(bytes, line->size - 1 - line->at);
	memcpy(line->text + line->at, from, bytes);
	line->at += bytes;
}

void audit_describe(const struct audit_record *record, char *text, size_t size)
{
	struct keyval pairs = keyval_of(record->text, record->text_bytes);
	struct line line = {text, size, 0};

	while (keyval_next(&pairs) == VMK_OK) {
		const size_t quote = memchr(pairs.value, ' ', pairs.value_length) != NULL;

		append(&line, " ", line.at != 0);
		append(&line, pairs.key, pairs.key_length);
		append(&line, "='", 1 + quote);
		append(&line, pairs.value, pairs.value_length);
		append(&line, "'", quote);
	}
	text[line.at] = 0;
}
