/* Audit logs as the kernel writes them (vmkapi/audit.h), of whatever kinds a target wants. */
#ifndef FUZZ_MODELS_PAPER_AUDIT_H
#define FUZZ_MODELS_PAPER_AUDIT_H

#include <vmkapi/audit.h>

#include "verifier/bytes.h"

#define PAPER_AUDIT_RECORDS    32u
#define PAPER_AUDIT_CHECKPOINT 160u
#define PAPER_AUDIT_BYTES      (AUDIT_MAGIC_BYTES + PAPER_AUDIT_RECORDS * 160u)

struct paper_audit {
	uint8_t bytes[PAPER_AUDIT_BYTES];
	size_t size;
	unsigned records;
	size_t offsets[PAPER_AUDIT_RECORDS + 1]; /* where each record begins, and the last ends */
	uint8_t head[DIGEST_SIZE];
};

/* Bytes beyond its size stay what they were. */
void paper_audit_start(struct paper_audit *log);
/* One more record; `number` goes into its text. Beyond PAPER_AUDIT_RECORDS nothing happens. */
void paper_audit_add(struct paper_audit *log, uint16_t kind, unsigned number);
/* The text of a checkpoint over so many records that lead to `head`, and how long it is. */
size_t paper_audit_checkpoint(
	unsigned records, const uint8_t head[DIGEST_SIZE], char text[PAPER_AUDIT_CHECKPOINT]);

#endif
