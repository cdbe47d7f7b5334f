/* sources: attest/wire/coap.c attest/wire/exchange.c */
/*
 * A hostile server at the client's state machine. The input is a sequence of {16 bits: length,
 * bytes}; each is the part after the header of an answer to what was asked last. The client ends
 * in bounded time, and never holds more than its buffer.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/reader.h"
#include "wire/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t body[3000];

static void receive(struct exchange *x, uint8_t code, const uint8_t *bytes, size_t size)
{
	size_t head = COAP_HEADER_SIZE + sizeof(x->token);
	uint8_t *datagram = malloc(head + size);

	datagram[0] = 1 << 6 | COAP_ACK << 4 | sizeof(x->token);
	datagram[1] = code;
	datagram[2] = (uint8_t)(x->id >> 8);
	datagram[3] = (uint8_t)x->id;
	memcpy(datagram + COAP_HEADER_SIZE, x->token, sizeof(x->token));
	memcpy(datagram + head, bytes, size);
	exchange_receive(x, datagram, head + size);
	free(datagram);
	if (x->body_size > sizeof(body) || (x->state == EXCHANGE_FAILED && x->status == VMK_OK) ||
		strlen(x->diagnostic) >= sizeof(x->diagnostic))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of(data, size);
	uint8_t datagram[COAP_DATAGRAM_MAX];
	struct exchange x;
	uint64_t wait;

	exchange_init(&x, "r", 1, body, sizeof(body), COAP_SZX_MAX, 0);
	while (x.state == EXCHANGE_RUNNING && reader_left(&in) > 3) {
		size_t n = reader_be16(&in);
		uint8_t code = reader_u8(&in);

		if (n > reader_left(&in))
			n = reader_left(&in);
		exchange_poll(&x, 0, datagram, sizeof(datagram), &wait);
		receive(&x, code, reader_bytes(&in, n), n);
	}
	return 0;
}
