#include "trust/sign.h"

#include "trust/hash.h"

#include <string.h>

static void say(char *to, size_t room, const char *text)
{
	const size_t bytes = strnlen(text, room - 1);

	memcpy(to, text, bytes);
	to[bytes] = 0;
}

void sign_say(struct verdict_sign *sign, bool holds, const char *expected, const char *found)
{
	sign->holds = holds;
	say(sign->expected, sizeof(sign->expected), expected);
	say(sign->found, sizeof(sign->found), found);
}

bool pcr_all_bytes(const uint8_t value[32], uint8_t byte)
{
	for (unsigned i = 0; i < 32; i++) {
		if (value[i] != byte)
			return false;
	}
	return true;
}

void pcr_extend(uint8_t pcr[32], const uint8_t digest[32])
{
	uint8_t joined[64];

	memcpy(joined, pcr, 32);
	memcpy(joined + 32, digest, 32);
	hash_sha256(joined, sizeof(joined), pcr);
}
