#include "agent/echo.h"

#include <string.h>

#include "agent/siphash.h"

static void echo_of_period(const uint8_t key[16], const struct agent_address *client,
	uint64_t period, uint8_t value[ECHO_VALUE_SIZE])
{
	uint8_t input[16 + 2 + 8];
	uint64_t hash;

	memcpy(input, client->ip, 16);
	memcpy(input + 16, &client->port, 2);
	memcpy(input + 18, &period, 8);
	hash = siphash(key, input, sizeof(input));
	memcpy(value, &hash, ECHO_VALUE_SIZE);
}

void echo_make(const uint8_t key[16], const struct agent_address *client, uint64_t now_ns,
	uint8_t value[ECHO_VALUE_SIZE])
{
	echo_of_period(key, client, now_ns / ECHO_PERIOD_NS, value);
}

static unsigned differing(const uint8_t *a, const uint8_t *b)
{
	unsigned bits = 0;

	for (size_t i = 0; i < ECHO_VALUE_SIZE; i++)
		bits |= a[i] ^ b[i];
	return bits;
}

bool echo_valid(const uint8_t key[16], const struct agent_address *client, uint64_t now_ns,
	const uint8_t *value, size_t size)
{
	uint64_t period = now_ns / ECHO_PERIOD_NS;
	uint8_t current[ECHO_VALUE_SIZE], previous[ECHO_VALUE_SIZE];
	unsigned from_current, from_previous;

	if (size != ECHO_VALUE_SIZE)
		return false;
	echo_of_period(key, client, period, current);
	echo_of_period(key, client, period ? period - 1 : 0, previous);
	from_current = differing(current, value);
	from_previous = differing(previous, value);
	return !from_current || !from_previous;
}
