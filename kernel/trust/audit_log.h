/*
 * Writes the audit log (vmkapi/audit.h): the chain, its bounds, and when its head is to be anchored
 * in a PCR. Pure; its memory comes in pieces from whoever drives it, since records are also made
 * where nothing can be allocated. What finds no room is counted as lost, never silently dropped.
 *
 * Anchors: an event with the number of records and their head, AUDIT_ANCHOR_RECORDS records or
 * AUDIT_ANCHOR_AGE_NS after the first unanchored one at the latest, while no more than
 * AUDIT_ANCHOR_BURST come at once; beyond that one each AUDIT_ANCHOR_REFILL_NS, so that the event
 * log stays small whatever a world does, and at most AUDIT_ANCHORS_MAX in a boot.
 */
#ifndef TRUST_AUDIT_LOG_H
#define TRUST_AUDIT_LOG_H

#include "trust/audit_limit.h"
#include "trust/hash.h"

#define AUDIT_CHUNK_BYTES      16384u
#define AUDIT_CHUNKS           (AUDIT_LOG_MAX / AUDIT_CHUNK_BYTES)
#define AUDIT_ANCHOR_RECORDS   64u
#define AUDIT_ANCHOR_AGE_NS    5000000000ull
#define AUDIT_ANCHOR_BURST     64u
#define AUDIT_ANCHOR_REFILL_NS 600000000000ull
#define AUDIT_ANCHORS_MAX      6000u

struct audit_field {
	const char *key, *value;
};

/* What management may know. */
struct audit_status {
	uint64_t records, bytes;
	uint64_t suppressed; /* not written one by one, but counted in records */
	uint64_t lost;       /* no room: since the log is full, or its memory came too late */
	uint64_t anchored;   /* records that the last anchor covers */
	uint64_t anchors;
	uint8_t head[SHA256_BYTES];
	bool full;
};

struct audit_log {
	uint8_t *chunks[AUDIT_CHUNKS]; /* NULL: not given yet */
	unsigned chunk_count;
	uint32_t bytes;
	uint64_t records, suppressed, lost;
	uint64_t untold;            /* lost, and not yet said in the log */
	uint8_t head[SHA256_BYTES]; /* of all records */
	bool full;
	uint64_t counts[AUDIT_KIND_END]; /* recorded, suppressed and lost */
	struct audit_limit limit;
	uint64_t anchored, anchors;
	uint64_t unanchored_ns; /* time of the first unanchored record */
	uint32_t anchor_tokens;
	uint64_t refill_ns;
	uint8_t record[AUDIT_RECORD_MAX]; /* the one that is being made */
};

/* The first chunk, of AUDIT_CHUNK_BYTES. Chunks must outlive the log. */
void audit_log_init(struct audit_log *log, void *chunk);
/* Should another chunk be given before the room runs out? */
bool audit_log_wants_chunk(const struct audit_log *log);
void audit_log_give_chunk(struct audit_log *log, void *chunk);
/* Record, or count: audit_record() in trust/audit.h says what is done with subject and fields. */
void audit_log_add(struct audit_log *log, uint64_t now_ns, enum audit_kind kind,
	const char *subject, const struct audit_field *fields, unsigned count);
/* To be called now and then: tells what was suppressed. */
void audit_log_tick(struct audit_log *log, uint64_t now_ns);
size_t audit_log_read(const struct audit_log *log, uint64_t offset, void *to, size_t bytes);

/* Should the head be anchored now? `at_once`: as soon as there is anything to anchor. */
bool audit_log_anchor_due(struct audit_log *log, uint64_t now_ns, bool at_once);
/* The first `records` records are anchored. */
void audit_log_anchored(struct audit_log *log, uint64_t records, uint64_t now_ns);
void audit_log_status(const struct audit_log *log, struct audit_status *status);

#endif
