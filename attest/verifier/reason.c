#include "verifier/reason.h"

#include <string.h>

static const struct {
	const char *code;
	const char *meaning;
	const char *advice;
} reasons[] = {
#define X(symbol, code, meaning, advice) {code, meaning, advice},
	REASONS(X)
#undef X
};

const char *reason_code(enum reason reason)
{
	return (unsigned int)reason < REASON_COUNT ? reasons[reason].code : "?";
}

const char *reason_meaning(enum reason reason)
{
	return (unsigned int)reason < REASON_COUNT ? reasons[reason].meaning : "?";
}

const char *reason_advice(enum reason reason)
{
	return (unsigned int)reason < REASON_COUNT ? reasons[reason].advice : "?";
}

enum reason reason_find(const char *code)
{
	for (unsigned int i = 0; i < REASON_COUNT; i++) {
		if (strcmp(reasons[i].code, code) == 0)
			return (enum reason)i;
	}
	return REASON_COUNT;
}
