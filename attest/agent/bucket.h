/* Token buckets, kept as one time stamp each (the generic cell rate algorithm). Pure. */
#ifndef AGENT_BUCKET_H
#define AGENT_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket_rate {
	uint32_t burst;       /* tokens that a full bucket has, at least 1 */
	uint64_t interval_ns; /* one token comes back in this time */
};

struct bucket {
	uint64_t full_ns; /* when it will be full again; in the past: it is */
};

/* Takes a token. False when there is none; *wait_ns then says when there will be one. */
bool bucket_take(
	struct bucket *bucket, const struct bucket_rate *rate, uint64_t now_ns, uint64_t *wait_ns);
/* Takes so many at once, or none; no more than the burst. */
bool bucket_take_some(struct bucket *bucket, const struct bucket_rate *rate, unsigned tokens,
	uint64_t now_ns, uint64_t *wait_ns);

/* One bucket for each address; a table that is full forgets the bucket that is fullest. */
#define BUCKET_SOURCES 64
struct bucket_table {
	struct {
		uint8_t ip[16];
		struct bucket bucket;
	} sources[BUCKET_SOURCES];
};
struct bucket *bucket_of(struct bucket_table *table, const uint8_t ip[16]);

#endif
