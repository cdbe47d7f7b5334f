#include "wire/exchange.h"

#include <string.h>

/* RFC 7252 4.8: transmission parameters. */
#define ACK_TIMEOUT_NS    2000000000ull
#define MAX_RETRANSMIT    4
#define DEFAULT_MAX_AGE_S 60
/* A server asks for one Echo at the start, and again when a long transfer outlives it. */
#define ECHO_CHALLENGES_MAX 4
#define RESTARTS_MAX        3
#define BLOCKS_MAX          (1u << 20)

static void fail(struct exchange *x, enum vmk_status status)
{
	x->state = EXCHANGE_FAILED;
	x->status = status;
}

/* The next message gets an id of its own; the token stays, one request is open at a time. */
static void send_next(struct exchange *x)
{
	x->id++;
	x->send_now = true;
}

void exchange_init(struct exchange *exchange, const void *request, size_t request_size, void *body,
	size_t body_capacity, uint8_t szx, uint64_t seed)
{
	*exchange = (struct exchange){
		.request = request,
		.request_size = request_size,
		.body = body,
		.body_capacity = body_capacity,
		.szx = szx > COAP_SZX_MAX ? COAP_SZX_MAX : szx,
		.id = (uint16_t)(seed >> 32),
		.send_now = true,
	};
	memcpy(exchange->token, &seed, sizeof(exchange->token));
}

static size_t build(const struct exchange *x, void *datagram, size_t capacity)
{
	struct coap_block block = {.number = x->block, .szx = x->szx};
	struct coap_writer out;

	coap_begin(
		&out, datagram, capacity, COAP_CON, COAP_FETCH, x->id, x->token, sizeof(x->token));
	coap_put_option(&out, COAP_OPT_URI_PATH, "attest", 6);
	coap_put_uint(&out, COAP_OPT_CONTENT_FORMAT, COAP_FORMAT_CBOR);
	coap_put_uint(&out, COAP_OPT_BLOCK2, coap_block_encode(&block));
	if (x->echo_size)
		coap_put_option(&out, COAP_OPT_ECHO, x->echo, x->echo_size);
	coap_put_payload(&out, x->request, x->request_size);
	return coap_finish(&out);
}

size_t exchange_poll(struct exchange *exchange, uint64_t now_ns, void *datagram, size_t capacity,
	uint64_t *wait_ns)
{
	size_t size;

	*wait_ns = 0;
	if (exchange->state != EXCHANGE_RUNNING)
		return 0;
	if (!exchange->send_now && now_ns < exchange->deadline_ns) {
		*wait_ns = exchange->deadline_ns - now_ns;
		return 0;
	}
	if (exchange->send_now) {
		exchange->retransmits = 0;
		/* RFC 7252 4.8: ACK_RANDOM_FACTOR spreads clients over 1 to 1.5 */
		exchange->timeout_ns = ACK_TIMEOUT_NS + ACK_TIMEOUT_NS / 512 * exchange->token[0];
	} else if (exchange->retransmits++ == MAX_RETRANSMIT) {
		fail(exchange, VMK_TIMEOUT);
		return 0;
	} else {
		exchange->timeout_ns *= 2;
	}
	size = build(exchange, datagram, capacity);
	if (!size) {
		fail(exchange, VMK_TOO_LARGE);
		return 0;
	}
	exchange->send_now = false;
	exchange->datagrams++;
	exchange->deadline_ns = now_ns + exchange->timeout_ns;
	*wait_ns = exchange->timeout_ns;
	return size;
}

static void restart(struct exchange *x)
{
	if (x->restarts++ == RESTARTS_MAX) {
		fail(x, VMK_BUSY);
		return;
	}
	x->block = 0;
	x->body_size = 0;
	x->etag_size = 0;
	send_next(x);
}

static void receive_challenge(struct exchange *x, const struct coap_option *echo)
{
	if (x->echo_challenges++ == ECHO_CHALLENGES_MAX || !echo->size ||
		echo->size > sizeof(x->echo)) {
		fail(x, VMK_DENIED);
		return;
	}
	memcpy(x->echo, echo->value, echo->size);
	x->echo_size = echo->size;
	send_next(x);
}

static void receive_refusal(struct exchange *x, const struct coap_message *message)
{
	size_t n = message->payload_size;

	if (n >= sizeof(x->diagnostic))
		n = sizeof(x->diagnostic) - 1;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = message->payload[i];

		x->diagnostic[i] = c >= ' ' && c <= '~' ? (char)c : '.';
	}
	x->diagnostic[n] = 0;
	x->max_age_s = DEFAULT_MAX_AGE_S;
	coap_find_uint(message, COAP_OPT_MAX_AGE, &x->max_age_s);
	if (x->code == COAP_TOO_MANY_REQUESTS || x->code == COAP_UNAVAILABLE)
		fail(x, VMK_BUSY);
	else
		fail(x, x->code == COAP_REQUEST_TOO_LARGE ? VMK_TOO_LARGE : VMK_DENIED);
}

/* The answer's ETag must stay the same over all blocks; false when it changed. */
static bool same_etag(struct exchange *x, const struct coap_message *message)
{
	struct coap_option etag = {0};

	if (coap_find_option(message, COAP_OPT_ETAG, &etag) && etag.size > COAP_ETAG_MAX)
		return false;
	if (x->block)
		return etag.size == x->etag_size &&
		       (!etag.size || !memcmp(etag.value, x->etag, etag.size));
	if (etag.size)
		memcpy(x->etag, etag.value, etag.size);
	x->etag_size = etag.size;
	return true;
}

/* Is this the block that was asked for? The server may choose smaller blocks, at the first one. */
static bool block_fits(const struct exchange *x, const struct coap_message *message,
	const struct coap_block *block)
{
	size_t size = coap_block_size(block);

	if (block->number != x->block || block->szx > x->szx || (x->block && block->szx != x->szx))
		return false;
	return block->more ? message->payload_size == size && x->block + 1 < BLOCKS_MAX
			   : message->payload_size <= size;
}

static void receive_content(struct exchange *x, const struct coap_message *message)
{
	struct coap_block block = {.szx = x->szx};
	uint32_t value;

	if (!coap_find_uint(message, COAP_OPT_CONTENT_FORMAT, &value) ||
		value != COAP_FORMAT_CBOR) {
		fail(x, VMK_BAD_FORMAT);
		return;
	}
	if (coap_find_uint(message, COAP_OPT_BLOCK2, &value) && !coap_block_decode(value, &block)) {
		fail(x, VMK_BAD_FORMAT);
		return;
	}
	if (!same_etag(x, message)) {
		restart(x);
		return;
	}
	if (!block_fits(x, message, &block)) {
		fail(x, VMK_BAD_FORMAT);
		return;
	}
	if (message->payload_size > x->body_capacity - x->body_size) {
		fail(x, VMK_TOO_LARGE);
		return;
	}
	if (message->payload_size)
		memcpy(x->body + x->body_size, message->payload, message->payload_size);
	x->body_size += message->payload_size;
	x->szx = block.szx;
	if (!block.more) {
		x->state = EXCHANGE_DONE;
		return;
	}
	x->block++;
	send_next(x);
}

void exchange_receive(struct exchange *exchange, const void *datagram, size_t size)
{
	struct coap_message message;
	struct coap_option echo;

	if (exchange->state != EXCHANGE_RUNNING || exchange->send_now)
		return;
	if (coap_parse(datagram, size, &message) != VMK_OK || message.id != exchange->id)
		return;
	if (message.type == COAP_RST) {
		fail(exchange, VMK_DENIED);
		return;
	}
	if (message.type != COAP_ACK || message.code == COAP_EMPTY ||
		message.token_size != sizeof(exchange->token) ||
		memcmp(message.token, exchange->token, sizeof(exchange->token)))
		return;
	exchange->code = message.code;
	if (message.code == COAP_CONTENT)
		receive_content(exchange, &message);
	else if (message.code == COAP_UNAUTHORIZED &&
		 coap_find_option(&message, COAP_OPT_ECHO, &echo))
		receive_challenge(exchange, &echo);
	else if (message.code == COAP_INCOMPLETE && exchange->block)
		restart(exchange);
	else
		receive_refusal(exchange, &message);
}
