/* sources: attest/wire/coap.c attest/wire/exchange.c */
/* coverage: edges, comparisons */
/*
 * A hostile server at the client's state machine. The input is a sequence of {3 bits: what,
 * 13 bits: length, u8 code, bytes}: the bytes are what comes after the header of an answer to what
 * was asked last. The client ends in bounded time, and never holds more than its buffer.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/reader.h"
#include "wire/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ANSWER, OTHER_TYPE, OTHER_ID, OTHER_TOKEN, SHORT_TOKEN, EARLY, TIME, START };

static uint8_t body[3000];

static void check(const struct exchange *x)
{
	if (x->body_size > x->body_capacity ||
		(x->state == EXCHANGE_FAILED && x->status == VMK_OK) ||
		strlen(x->diagnostic) >= sizeof(x->diagnostic))
		abort();
}

static void receive(
	struct exchange *x, unsigned what, uint8_t code, const uint8_t *bytes, size_t size)
{
	size_t token = sizeof(x->token) - (what == SHORT_TOKEN), head = COAP_HEADER_SIZE + token;
	uint8_t *datagram = malloc(head + size);
	uint8_t type = what == OTHER_TYPE ? COAP_ACK + 1 + size % 3 : COAP_ACK;
	uint16_t id = x->id + (what == OTHER_ID);
	struct exchange before = *x;

	datagram[0] = (uint8_t)(1 << 6 | (type & 3) << 4 | (int)token);
	datagram[1] = code;
	datagram[2] = (uint8_t)(id >> 8);
	datagram[3] = (uint8_t)id;
	memcpy(datagram + COAP_HEADER_SIZE, x->token, token);
	datagram[COAP_HEADER_SIZE] ^= what == OTHER_TOKEN;
	memcpy(datagram + head, bytes, size);
	exchange_receive(x, datagram, head + size);
	free(datagram);
	if (what >= OTHER_ID && what <= SHORT_TOKEN && memcmp(&before, x, sizeof(before)))
		abort(); /* not an answer to what was asked */
	check(x);
}

/* A client of some block size and request, with some room for the answer. */
static void start(struct exchange *x, uint8_t options, size_t size)
{
	static const uint8_t request[COAP_DATAGRAM_MAX];

	exchange_init(x, request, options & 0x80 ? sizeof(request) : 1, body,
		options & 0x40 ? sizeof(body) / 100 : sizeof(body), options & 7, size);
}

/* Nobody answers any more: after a few tries the client says so. */
static void run_out(struct exchange *x, uint64_t now_ns)
{
	uint8_t datagram[COAP_DATAGRAM_MAX];
	uint64_t wait;

	for (unsigned i = 0; x->state == EXCHANGE_RUNNING; i++) {
		if (i > 32)
			abort();
		exchange_poll(x, now_ns, datagram, sizeof(datagram), &wait);
		now_ns += wait;
		check(x);
	}
	if (exchange_poll(x, now_ns, datagram, sizeof(datagram), &wait) || wait)
		abort();
	exchange_receive(x, datagram, sizeof(datagram));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of(data, size);
	uint8_t datagram[COAP_DATAGRAM_MAX];
	struct exchange x;
	uint64_t wait, now_ns = 0;

	start(&x, COAP_SZX_MAX, 0);
	while (x.state == EXCHANGE_RUNNING && reader_left(&in) > 3) {
		uint16_t head = reader_be16(&in);
		size_t n = head & 0x1fff;
		unsigned what = head >> 13;
		uint8_t code = reader_u8(&in);

		if (what == START) {
			start(&x, code, n);
			continue;
		}
		if (what == TIME)
			now_ns += n * 1000000;
		if (what != EARLY)
			exchange_poll(&x, now_ns, datagram, sizeof(datagram), &wait);
		if (n > reader_left(&in))
			n = reader_left(&in);
		if (what != TIME)
			receive(&x, what, code, reader_bytes(&in, n), n);
	}
	run_out(&x, now_ns);
	return 0;
}
