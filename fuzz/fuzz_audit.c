/* sources: kernel/trust/audit_read.c kernel/lib/keyval.c kernel/lib/hex.c */
/* sources: attest/verifier/audit.c attest/verifier/semantics.c attest/verifier/firmware.c */
/* sources: attest/verifier/fault.c attest/verifier/reason.c attest/verifier/bytes.c */
/* sources: attest/verifier/evidence.c kernel/trust/evlog_read.c */
/* libs: -lcrypto -ljansson */
/*
 * The audit log's reader on anything: each walk ends, stays inside, and says how. And what it
 * accepts, changed in any one byte, does not lead to the head that it led to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmkapi/events.h>

#include "verifier/audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

/* Number of records that can be read. */
static uint64_t walk(const uint8_t *data, size_t size)
{
	struct audit_cursor cursor;
	struct audit_record r;
	enum vmk_status status;
	uint64_t records = 0;
	const char *why;
	char text[300];

	if (audit_open(&cursor, data, size, &why) != VMK_OK)
		return 0;
	while ((status = audit_next(&cursor, &r)) == VMK_OK) {
		check(r.offset + r.bytes == cursor.offset && cursor.offset <= size);
		check(r.text >= (const char *)data &&
			r.text + r.text_bytes <= (const char *)data + size);
		audit_describe(&r, text, sizeof(text));
		check(strlen(text) < sizeof(text));
		records++;
	}
	check((status == VMK_NOT_FOUND) == (cursor.offset == size));
	check((status == VMK_NOT_FOUND) == !cursor.why);
	return records;
}

/* Proven by one checkpoint over `records` records whose head is that of the last one. */
static bool proven(const uint8_t *data, size_t size, uint64_t records, const uint8_t head[32])
{
	struct bytes log = {.data = (uint8_t *)data, .size = size};
	struct fault fault = {0};
	struct audit audit;
	char hex[65], text[160];
	struct event event = {.log = LOG_VMK, .type = VMK_EV_AUDIT, .pcr = 22};
	struct events events = {&event, 1};

	hex_encode(hex, head, 32);
	snprintf(text, sizeof(text), VMK_AUDIT_FORMAT, (unsigned long long)records, hex);
	event.data = (const uint8_t *)text;
	event.data_size = (uint32_t)strlen(text) + 1;
	if (!audit_check(&audit, &events, &log, &fault)) {
		check(fault.reason != REASON_NONE && fault.what[0]);
		return false;
	}
	check(audit.proven == records && audit.proven_bytes <= size);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t records = walk(data, size), count = 0;
	struct audit_cursor cursor;
	struct audit_record r;
	uint8_t head[32], *other;
	const char *why;

	if (!records)
		return 0;
	audit_open(&cursor, data, size, &why);
	while (count++ < records)
		audit_next(&cursor, &r);
	sha256(head, data + r.offset, r.bytes);
	if (!proven(data, size, records, head))
		return 0;
	other = malloc(size);
	memcpy(other, data, size);
	other[data[size - 1] % (r.offset + r.bytes)] ^= 1;
	check(!proven(other, size, records, head));
	free(other);
	return 0;
}
