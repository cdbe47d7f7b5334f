/* Asks a host over CoAP on UDP (attest/PROTOCOL.md, Transport). */
#ifndef VERIFIER_CLIENT_H
#define VERIFIER_CLIENT_H

#include "verifier/evidence.h"
#include "wire/tap.h"

/* What went over the network, in bytes of UDP payload, and how long it took. */
struct wire {
	unsigned int datagrams_sent, datagrams_received;
	uint64_t bytes_sent, bytes_received;
	uint64_t first_ms, last_ms; /* monotonic: first datagram sent, last one received */
};

struct client {
	int socket;
	char address[160];        /* as given, for messages */
	uint64_t give_up_ms;      /* monotonic; nothing heard until then: unreachable */
	uint64_t first_answer_ms; /* milliseconds since 1970; 0: none yet */
	struct wire wire;
	bool refused; /* the host said that nobody listens on that port */
};

#define CLIENT_ANSWER_MAX (4u << 20)

/* address: "IP:PORT", "[IP6]:PORT" or "NAME:PORT"; port 5683 when none is given. Sends nothing. */
bool client_open(
	struct client *client, const char *address, unsigned int wait_seconds, struct fault *fault);
void client_close(struct client *client);

/*
 * One request, repeated until it is answered or the time is over. The response points into body,
 * which the caller frees. Faults: unreachable, saying what was tried; refused, in the host's
 * words; malformed.
 */
bool client_ask(struct client *client, const struct tap_request *request,
	struct tap_response *response, struct bytes *body, struct fault *fault);

/* A new object. */
json_t *wire_to_json(const struct wire *wire);

uint64_t wall_clock_ms(void);
uint64_t monotonic_ms(void);

#endif
