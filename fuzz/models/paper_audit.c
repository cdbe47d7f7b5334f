#include "fuzz/models/paper_audit.h"

#include <string.h>
#include <vmkapi/events.h>

#define KNOWN 1024u

static void put(uint8_t *to, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

void paper_audit_start(struct paper_audit *log)
{
	static uint8_t head[DIGEST_SIZE];
	static bool known;

	if (!known)
		sha256(head, (const uint8_t *)AUDIT_MAGIC, AUDIT_MAGIC_BYTES);
	known = true;
	memcpy(log->bytes, AUDIT_MAGIC, AUDIT_MAGIC_BYTES);
	log->size = log->offsets[0] = AUDIT_MAGIC_BYTES;
	log->records = 0;
	memcpy(log->head, head, sizeof(head));
}

static char *put_number(char *to, unsigned number)
{
	char digits[12];
	unsigned i = sizeof(digits);

	digits[--i] = 0;
	do
		digits[--i] = (char)('0' + number % 10);
	while (number /= 10);
	return stpcpy(to, digits + i);
}

/* What a record makes of the head before it is remembered: most logs begin as others do. */
static void move_head(uint8_t head[DIGEST_SIZE], uint16_t kind, unsigned number,
	const uint8_t *record, uint32_t size)
{
	static struct known {
		uint8_t before[DIGEST_SIZE], after[DIGEST_SIZE];
		unsigned number;
		uint16_t kind; /* 0: nothing is known */
	} all[KNOWN];
	struct known *k = &all[(head[0] | head[1] << 8) % KNOWN];

	if (k->kind != kind || k->number != number || memcmp(k->before, head, DIGEST_SIZE) != 0) {
		memcpy(k->before, head, DIGEST_SIZE);
		k->kind = kind;
		k->number = number;
		sha256(k->after, record, size);
	}
	memcpy(head, k->after, DIGEST_SIZE);
}

void paper_audit_add(struct paper_audit *log, uint16_t kind, unsigned number)
{
	static const char *const suppressed[] = {
		"kind=denial\ncount=", "kind=login\ncount=", "kind=nothing\ncount="};
	uint8_t *p = log->bytes + log->size;
	char *text = (char *)p + AUDIT_HEADER_BYTES, *end;
	uint32_t size;

	if (log->records == PAPER_AUDIT_RECORDS)
		return;
	end = stpcpy(text, kind == AUDIT_SUPPRESSED ? suppressed[number % 3] : "world=w\nnumber=");
	end = stpcpy(put_number(end, number), "\n");
	size = (uint32_t)(end - (char *)p);
	put(p, size, 4);
	put(p + 4, AUDIT_VERSION, 2);
	put(p + 6, kind, 2);
	put(p + 8, log->records, 8);
	put(p + 16, number, 8);
	memcpy(p + AUDIT_LINK_OFFSET, log->head, DIGEST_SIZE);
	move_head(log->head, kind, number, p, size);
	log->size += size;
	log->offsets[++log->records] = log->size;
}

size_t paper_audit_checkpoint(
	unsigned records, const uint8_t head[DIGEST_SIZE], char text[PAPER_AUDIT_CHECKPOINT])
{
	char *end = put_number(stpcpy(text, "audit records="), records);

	end = stpcpy(end, " head=");
	hex_encode(end, head, DIGEST_SIZE);
	return (size_t)(end - text) + HEX_SIZE(DIGEST_SIZE) - 1;
}
