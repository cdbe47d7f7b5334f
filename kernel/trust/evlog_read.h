/*
 * Reads TCG crypto-agile event logs: TCG PC Client Platform Firmware Profile 1.05, section 10
 * (TCG_EfiSpecIDEvent, then TCG_PCR_EVENT2 records). Pure: no allocation, no hardware, nothing
 * outside the buffer is read whatever the buffer holds.
 */
#ifndef TRUST_EVLOG_READ_H
#define TRUST_EVLOG_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmkapi/status.h>

#define EVLOG_MAX_ALGS 8u
#define EVLOG_MAX_PCR  23u
/* No event that we know of carries more; a length beyond this is nonsense, not data. */
#define EVLOG_MAX_DATA (1u << 20)

/* TPM_ALG_ID of the digests that we speak of. */
#define EVLOG_ALG_SHA1   0x0004u
#define EVLOG_ALG_SHA256 0x000bu

#define EVLOG_NO_ACTION  3u

/* One opened log; points into the caller's buffer, which must outlive it. */
struct evlog {
	const uint8_t *bytes;
	size_t size;
	size_t first; /* offset of the first TCG_PCR_EVENT2 */
	unsigned int alg_count;
	struct {
		uint16_t alg;
		uint16_t size; /* of a digest, bytes */
	} algs[EVLOG_MAX_ALGS];
};

struct evlog_digest {
	uint16_t alg;
	uint16_t size;
	const uint8_t *bytes;
};

struct evlog_event {
	size_t offset; /* of the record in the log */
	uint32_t pcr;
	uint32_t type;
	unsigned int digest_count;
	struct evlog_digest digests[EVLOG_MAX_ALGS]; /* of these, digest_count */
	const uint8_t *data;
	uint32_t data_size;
};

/* Where a walk stands. */
struct evlog_cursor {
	const struct evlog *log;
	size_t offset;
	const char *why; /* what was wrong with the record at offset; NULL while all is well */
};

/*
 * Reads the header. VMK_TRUNCATED when the buffer ends inside it, VMK_BAD_FORMAT when it is not a
 * Spec ID event, VMK_UNSUPPORTED when it lists more than EVLOG_MAX_ALGS algorithms. *why, when not
 * NULL, says in words what was wrong.
 */
enum vmk_status evlog_open(struct evlog *log, const void *bytes, size_t size, const char **why);

/* Starts a walk at the first event. */
struct evlog_cursor evlog_begin(const struct evlog *log);

/*
 * The next event. VMK_NOT_FOUND exactly at the end of the log; VMK_TRUNCATED when the log ends
 * inside a record, VMK_BAD_FORMAT when the record breaks the format; the cursor then stays.
 */
enum vmk_status evlog_next(struct evlog_cursor *cursor, struct evlog_event *event);

/* The event's digest for one algorithm, or NULL. */
const struct evlog_digest *evlog_digest(const struct evlog_event *event, uint16_t alg);

/*
 * The size of a log whose buffer is padded with zero bytes: up to the end of the last well-formed
 * record if nothing but zero bytes follows it, else the whole size. For files only; a live log is
 * cut where its descriptor says.
 */
size_t evlog_unpadded_size(const struct evlog *log);

/* The name of an event type (trust/tcg_events.h; TXT MLE developer's guide, appendix G; tboot;
 * vmkapi/events.h). */
const char *evlog_type_name(uint32_t type);

#endif
