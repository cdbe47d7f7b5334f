/*
 * A client's side of one attestation request, as a pure state machine: it answers the Echo
 * challenge (RFC 9175), collects the blocks (RFC 7959) and retransmits (RFC 7252 4.2). The caller
 * owns the socket, the clock and the buffers.
 *
 *	exchange_init(); then repeat: exchange_poll() -> send what it wrote, wait that long;
 *	exchange_receive() for each datagram from the peer; until the state is DONE or FAILED.
 */
#ifndef WIRE_EXCHANGE_H
#define WIRE_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vmkapi/status.h>

#include "wire/coap.h"

enum exchange_state { EXCHANGE_RUNNING, EXCHANGE_DONE, EXCHANGE_FAILED };

struct exchange {
	enum exchange_state state;
	enum vmk_status status; /* of EXCHANGE_FAILED: TIMEOUT, DENIED (refused), BUSY (4.29, 5.03),
				   TOO_LARGE, BAD_FORMAT */
	uint8_t code;           /* the final answer's code; 0 when there was none */
	uint32_t max_age_s;     /* of 4.29 and 5.03: when to come back */
	char diagnostic[65];    /* the refusal's words, printable ASCII; may be empty */

	const uint8_t *request; /* the encoded request: the caller's, alive until the end */
	size_t request_size;
	uint8_t *body; /* the answer is collected here: the caller's */
	size_t body_capacity, body_size;

	uint8_t szx;          /* the block size that is asked for */
	unsigned datagrams;   /* sent, retransmissions included */
	unsigned retransmits; /* of the current message */
	unsigned restarts;    /* transfers begun anew because the answer changed or was lost */
	uint16_t id;
	uint8_t token[4];
	uint8_t echo[COAP_ECHO_MAX], etag[COAP_ETAG_MAX];
	size_t echo_size, etag_size;
	unsigned echo_challenges;
	uint32_t block; /* number of the block that is being asked for */
	bool send_now;
	uint64_t deadline_ns, timeout_ns;
};

/*
 * `seed`: unpredictable, it gives message id and token. `szx`: 0..6, normally COAP_SZX_MAX. On
 * success of the exchange the answer's body_size bytes are in `body`.
 */
void exchange_init(struct exchange *exchange, const void *request, size_t request_size, void *body,
	size_t body_capacity, uint8_t szx, uint64_t seed);
/*
 * Writes the datagram that is due at `now_ns` into `datagram` (COAP_DATAGRAM_MAX bytes) and returns
 * its size, or 0 when nothing is due. *wait_ns: how long to wait for an answer before polling
 * again.
 */
size_t exchange_poll(struct exchange *exchange, uint64_t now_ns, void *datagram, size_t capacity,
	uint64_t *wait_ns);
/* A datagram from the peer. What is not an answer to the current message is ignored. */
void exchange_receive(struct exchange *exchange, const void *datagram, size_t size);

#endif
