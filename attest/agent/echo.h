/*
 * Echo values (RFC 9175 section 2): proof that a client receives what is sent to its address. A
 * value is a keyed hash of the address and a coarse time, so the agent keeps no state for
 * strangers.
 */
#ifndef AGENT_ECHO_H
#define AGENT_ECHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ECHO_VALUE_SIZE 8
/* A value is good for one to two of these. */
#define ECHO_PERIOD_NS 64000000000ull

struct agent_address {
	uint8_t ip[16]; /* IPv6, or IPv4 mapped into it (RFC 4291 2.5.5.2) */
	uint16_t port;
};

void echo_make(const uint8_t key[16], const struct agent_address *client, uint64_t now_ns,
	uint8_t value[ECHO_VALUE_SIZE]);
/* Constant time in the value. */
bool echo_valid(const uint8_t key[16], const struct agent_address *client, uint64_t now_ns,
	const uint8_t *value, size_t size);

#endif
