/*
 * Reads an audit log (vmkapi/audit.h), record by record. Pure: allocates nothing, and reads nothing
 * outside the bytes that it was given, whatever they hold. It checks form alone; what a chain
 * proves is the verifier's to say.
 */
#ifndef TRUST_AUDIT_READ_H
#define TRUST_AUDIT_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmkapi/audit.h>
#include <vmkapi/status.h>

struct audit_cursor {
	const uint8_t *log; /* not owned */
	size_t size, offset;
	const char *why; /* what was wrong with the record at offset; NULL while all is well */
};

struct audit_record {
	size_t offset, bytes; /* in the log */
	enum audit_kind kind;
	uint64_t index, time_ns;
	const uint8_t *link; /* SHA-256 of the record before, 32 bytes */
	const char *text;    /* key=value lines, not terminated; text_bytes of them */
	size_t text_bytes;
};

/* VMK_BAD_FORMAT: these are not the beginnings of an audit log. *why: static text. */
enum vmk_status audit_open(
	struct audit_cursor *cursor, const void *log, size_t size, const char **why);
/*
 * The next record: VMK_OK; VMK_NOT_FOUND at the end; VMK_TRUNCATED, VMK_BAD_FORMAT or
 * VMK_UNSUPPORTED (of another version) with cursor->why, and the cursor stays.
 */
enum vmk_status audit_next(struct audit_cursor *cursor, struct audit_record *record);
/* The value of a field, zero-terminated; false if there is none or it does not fit. */
bool audit_field_get(const struct audit_record *record, const char *key, char *value, size_t size);

/* One line for people: the fields with blanks between, values with blanks in quotes; cut at size.
 */
void audit_describe(const struct audit_record *record, char *text, size_t size);

/* "?" for a number that is no kind. AUDIT_NONE for a name that is none. */
const char *audit_kind_name(enum audit_kind kind);
enum audit_kind audit_kind_find(const char *name);

#endif
