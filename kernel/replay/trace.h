/*
 * What a replayed input did, step by step: a line for each step, with a hash of all that the steps
 * up to it have shown. Two replays agree if their lines do. Pure.
 */
#ifndef REPLAY_TRACE_H
#define REPLAY_TRACE_H

#include <stdint.h>

struct replay_trace {
	/* Who takes the lines, whose text is the callee's to copy; NULL: the hash is all that
	 * counts. */
	void (*line)(const char *text);
	uint64_t hash; /* FNV-1a over 64-bit words; for mistakes, not for attackers */
	unsigned steps;
};
struct replay_trace trace_to(void (*line)(const char *text));
/* One more word that the step has shown. */
void trace_add(struct replay_trace *trace, uint64_t word);
/* The step ends: "step NUMBER HASH TEXT". */
void trace_step(struct replay_trace *trace, const char *text);

#endif
