#include "replay/trace.h"
#include <stdio.h>

#define LINE_BYTES 160
#define FNV_BASIS  0xcbf29ce484222325ull
#define FNV_PRIME  0x100000001b3ull

struct replay_trace trace_to(void (*line)(const char *text))
{
	return (struct replay_trace){.line = line, .hash = FNV_BASIS};
}

void trace_add(struct replay_trace *trace, uint64_t word)
{
	trace->hash = (trace->hash ^ word) * FNV_PRIME;
	trace->hash ^= trace->hash >> 32;
}

void trace_step(struct replay_trace *trace, const char *text)
{
	char line[LINE_BYTES];

	trace->steps++;
	if (!trace->line)
		return;
	snprintf(line, sizeof(line), "step %u %016llx %s", trace->steps,
		(unsigned long long)trace->hash, text);
	trace->line(line);
}
