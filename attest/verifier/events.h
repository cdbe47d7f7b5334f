/* The events of all logs of one piece of evidence, in the order in which they were extended. */
#ifndef VERIFIER_EVENTS_H
#define VERIFIER_EVENTS_H

#include "verifier/bytes.h"
#include "verifier/evidence.h"
#include "verifier/fault.h"

/* Twenty times what a boot with hundreds of packages logs. */
#define EVENTS_MAX 8192u

struct event {
	enum log_id log;
	unsigned int index; /* in its log, from 0 */
	uint32_t pcr;
	uint32_t type;
	uint8_t digest[DIGEST_SIZE]; /* SHA-256 */
	const uint8_t *sha1;         /* NULL when that bank was not logged */
	const uint8_t *data;         /* in the evidence, which must outlive this */
	uint32_t data_size;
};

struct events {
	struct event *items;
	size_t count;
};

/*
 * Decodes tcg-boot, then txt-drtm, then vmk. Faults: log-truncated, log-malformed, naming log,
 * record and offset. Events that extend nothing (EV_NO_ACTION) are left out.
 */
bool events_decode(struct events *events, const struct evidence *evidence, struct fault *fault);
void events_free(struct events *events);

#endif
