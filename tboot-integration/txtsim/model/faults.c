#include "tboot-integration/txtsim/model/faults.h"

#include <string.h>

const struct txt_fault_row txt_faults[TXT_FAULT_COUNT] = {
#define X(symbol, name, what, end) {name, what, end},
	TXT_FAULTS(X)
#undef X
};

const uint64_t txt_faults_polled = 0
#define X(symbol) | 1ull << TXT_FAULT_##symbol
	TXT_FAULTS_POLLED(X)
#undef X
	;

static bool find(const char *name, size_t size, uint64_t *mask)
{
	for (unsigned i = 0; i < TXT_FAULT_COUNT; i++) {
		if (strlen(txt_faults[i].name) == size && !memcmp(txt_faults[i].name, name, size)) {
			*mask |= 1ull << i;
			return true;
		}
	}
	return false;
}

bool txt_faults_parse(const char *text, uint64_t *mask, const char **bad, size_t *bad_size)
{
	*mask = 0;
	while (*text) {
		size_t size = strcspn(text, ",");

		if (!find(text, size, mask)) {
			*bad = text;
			*bad_size = size;
			return false;
		}
		text += size;
		if (*text)
			text++;
	}
	return true;
}
