/* sources: kernel/sched/pool_spec.c */
/* coverage: edges, comparisons */
/* Whatever the text: it ends, each step moves on, and what is accepted keeps its bounds. */
#include "sched/pool_spec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES 600

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

static void check_spec(const struct pool_spec *spec)
{
	check(memchr(spec->path, 0, sizeof(spec->path)) != NULL);
	check(!strncmp(spec->path, "host/", 5) && spec->path[5]);
	check(spec->shares >= 1 && spec->shares <= POOL_SHARES_MAX);
	check(spec->reservation <= POOL_PERCENT_MAX && spec->limit <= POOL_PERCENT_MAX);
	check(!spec->limit || spec->limit >= spec->reservation);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char copy[TEXT_BYTES];
	const char *text = copy, *end, *why;
	struct pool_spec spec;

	if (size >= TEXT_BYTES)
		return 0;
	memcpy(copy, data, size);
	copy[size] = 0;
	end = copy + strlen(copy);
	while (*text) {
		const char *before = text;
		bool good = pool_spec_next(&text, &spec, &why);

		check(text > before && text <= end);
		check(good == !why);
		if (good)
			check_spec(&spec);
	}
	return 0;
}
