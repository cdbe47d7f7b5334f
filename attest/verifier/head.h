/*
 * The end of the evidence chain, said apart from the chain: how many records there are, and the
 * digest of the last. Each record tells of the one before; that the newest are gone only this does.
 * A file of two lines, replaced whole: `merlon-head-1 COUNT SHA256`, and the signature of that line
 * by the verifier's key, in hex.
 */
#ifndef VERIFIER_HEAD_H
#define VERIFIER_HEAD_H

#include "verifier/store.h"

struct head {
	uint64_t records;
	uint8_t last[DIGEST_SIZE]; /* zero: there are no records */
};

/* Where it is. */
void head_path(char path[STORE_PATH_MAX], const struct store *store);
/* False with fault->reason REASON_NONE: there is none. Fault: state. */
bool head_load(const struct store *store, struct head *head, struct fault *fault);
bool head_save(const struct store *store, const struct head *head, struct fault *fault);

#endif
