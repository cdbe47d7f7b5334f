/*
 * The answers that clients are fetching block by block (RFC 7959), and what recognizes a repeated
 * request (RFC 7252 4.5). A fixed number of slots: a client is refused rather than another one's
 * transfer dropped while it moves.
 */
#ifndef AGENT_ANSWERS_H
#define AGENT_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/echo.h"

#define ANSWER_SLOTS       8
#define ANSWER_PER_HOST    2 /* slots that one address may hold */
#define ANSWER_BODY_MAX    (64u * 1024)
#define ANSWER_REQUEST_MAX 1400
/* EXCHANGE_LIFETIME, RFC 7252 4.8.2: a message id may be repeated for that long. */
#define ANSWER_LIFETIME_NS 247000000000ull
/* A transfer without a request for this long gives way to a new one. */
#define ANSWER_PATIENCE_NS 10000000000ull

struct answer {
	bool used, complete; /* complete: its last block was sent */
	struct agent_address client;
	uint16_t message_id; /* of the request that made this answer */
	uint64_t touched_ns;
	uint8_t etag[8];
	size_t request_size, body_size;
	uint8_t request[ANSWER_REQUEST_MAX]; /* the payload, whole */
	uint8_t body[ANSWER_BODY_MAX];
};

struct answers {
	struct answer slots[ANSWER_SLOTS];
};

/* All slots are free. Bodies stay as they are: body_size says how much of one counts. */
void answers_init(struct answers *answers);

/*
 * The answer that this client got for exactly this request; NULL when it is gone or never was. An
 * empty request stands for the one that the client made last: libcoap asks for further blocks so.
 */
struct answer *answers_find(struct answers *answers, const struct agent_address *client,
	const void *request, size_t request_size, uint64_t now_ns);
/*
 * A slot for a new answer, marked with the client and its request, or NULL when every slot is in
 * use. request_size is at most ANSWER_REQUEST_MAX. A client (address and port) has one slot: a new
 * request ends its former transfer, and that of a host which has its share of slots already.
 */
struct answer *answers_claim(struct answers *answers, const struct agent_address *client,
	const void *request, size_t request_size, uint64_t now_ns);
/* Gives back a slot whose answer could not be made. */
void answers_release(struct answer *answer);

#endif
