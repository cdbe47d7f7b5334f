#include "fuzz/models/paper_audit.h"

#include <stdio.h>
#include <string.h>

static void put(uint8_t *to, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

void paper_audit_start(struct paper_audit *log)
{
	*log = (struct paper_audit){.size = AUDIT_MAGIC_BYTES};
	memcpy(log->bytes, AUDIT_MAGIC, AUDIT_MAGIC_BYTES);
	log->offsets[0] = log->size;
	sha256(log->head, log->bytes, log->size);
}

void paper_audit_add(struct paper_audit *log, uint16_t kind, unsigned number)
{
	uint8_t *p = log->bytes + log->size;
	char *text = (char *)p + AUDIT_HEADER_BYTES;
	uint32_t size;

	if (log->records == PAPER_AUDIT_RECORDS)
		return;
	if (kind == AUDIT_SUPPRESSED)
		size = (uint32_t)sprintf(text, "kind=%s\ncount=%u\n",
			number % 3 == 0   ? "denial"
			: number % 3 == 1 ? "login"
					  : "nothing",
			number);
	else
		size = (uint32_t)sprintf(text, "world=w\nnumber=%u\n", number);
	size += AUDIT_HEADER_BYTES;
	memset(p, 0, AUDIT_HEADER_BYTES);
	put(p, size, 4);
	put(p + 4, AUDIT_VERSION, 2);
	put(p + 6, kind, 2);
	put(p + 8, log->records, 8);
	put(p + 16, number, 8);
	memcpy(p + AUDIT_LINK_OFFSET, log->head, DIGEST_SIZE);
	sha256(log->head, p, size);
	log->size += size;
	log->offsets[++log->records] = log->size;
}
