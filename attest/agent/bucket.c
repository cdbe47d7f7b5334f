#include "agent/bucket.h"

#include <stddef.h>
#include <string.h>

bool bucket_take_some(struct bucket *bucket, const struct bucket_rate *rate, unsigned tokens,
	uint64_t now_ns, uint64_t *wait_ns)
{
	uint64_t depth = rate->interval_ns * rate->burst;
	uint64_t full = bucket->full_ns > now_ns ? bucket->full_ns : now_ns;

	full += tokens * rate->interval_ns;
	if (full - now_ns > depth) {
		*wait_ns = full - now_ns - depth;
		return false;
	}
	bucket->full_ns = full;
	return true;
}

bool bucket_take(
	struct bucket *bucket, const struct bucket_rate *rate, uint64_t now_ns, uint64_t *wait_ns)
{
	return bucket_take_some(bucket, rate, 1, now_ns, wait_ns);
}

struct bucket *bucket_of(struct bucket_table *table, const uint8_t ip[16])
{
	size_t fullest = 0;

	for (size_t i = 0; i < BUCKET_SOURCES; i++) {
		if (!memcmp(table->sources[i].ip, ip, 16))
			return &table->sources[i].bucket;
		if (table->sources[i].bucket.full_ns < table->sources[fullest].bucket.full_ns)
			fullest = i;
	}
	memcpy(table->sources[fullest].ip, ip, 16);
	table->sources[fullest].bucket.full_ns = 0;
	return &table->sources[fullest].bucket;
}
