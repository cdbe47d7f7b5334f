/*
 * The end of the evidence chain, said apart from the chain: how many records there are, and the
 * digest of the last. Each record tells of the one before; that the newest are gone only this does.
 * Two lines: `merlon-head-1 COUNT SHA256`, and the signature of that line by the verifier's key, in
 * hex. headfile.h keeps it.
 */
#ifndef VERIFIER_HEAD_H
#define VERIFIER_HEAD_H

#include "verifier/signature.h"

#define HEAD_LINE_MAX 128u
#define HEAD_TEXT_MAX (HEAD_LINE_MAX + 2 * SIGNATURE_MAX + 2)

struct head {
	uint64_t records;
	uint8_t last[DIGEST_SIZE]; /* zero: there are no records */
};

/* Writes the two lines; their length, or 0 if they could not be signed. */
size_t head_print(const struct head *head, EVP_PKEY *key, char text[HEAD_TEXT_MAX + 1]);
/* Takes what head_print() writes with that key, and nothing else. NULL, or what is wrong. */
const char *head_parse(struct head *head, EVP_PKEY *key, const struct bytes *text);

#endif
