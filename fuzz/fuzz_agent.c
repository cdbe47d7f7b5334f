/* sources: attest/agent/server.c attest/agent/body.c attest/agent/answers.c */
/* sources: attest/agent/bucket.c attest/agent/echo.c attest/agent/siphash.c */
/* sources: attest/wire/coap.c attest/wire/cbor.c attest/wire/tap.c attest/wire/exchange.c */
/*
 * Datagrams at the agent. The input is a sequence of {16 bits: length << 1 | kind, bytes}; kind 0
 * is a datagram as it is, kind 1 the payload of a request whose sender proved its address. A
 * stranger never gets more than was sent, and a good request is answered afterwards.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/reader.h"
#include "tests/unit/agent_bench.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bench bench;

static bool proves_address(const struct agent_address *from, const uint8_t *bytes, size_t size)
{
	struct coap_message m;
	struct coap_option echo;

	return coap_parse(bytes, size, &m) == VMK_OK &&
	       coap_find_option(&m, COAP_OPT_ECHO, &echo) &&
	       echo_valid(bench.agent.echo_key, from, bench.now_ns, echo.value, echo.size);
}

static void send_raw(const struct agent_address *from, const uint8_t *bytes, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1), reply[COAP_DATAGRAM_MAX];

	memcpy(exact, bytes, size);
	if (bench_send(&bench, from, exact, size, reply) > size &&
		!proves_address(from, bytes, size))
		abort();
	free(exact);
}

static void send_payload(const struct agent_address *from, const uint8_t *bytes, size_t size)
{
	uint8_t datagram[COAP_DATAGRAM_MAX], reply[COAP_DATAGRAM_MAX];
	size_t n = bench_datagram(&bench, from, (uint16_t)size, bytes, size, true, datagram);

	bench_send(&bench, from, datagram, n, reply);
}

static void expect_good_answer(void)
{
	static uint8_t request[ANSWER_REQUEST_MAX], body[ANSWER_BODY_MAX];
	struct agent_address client = bench_client(2, 40000);
	struct exchange x;
	size_t n = bench_request(1, false, request, sizeof(request));

	bench.now_ns += 60 * BENCH_NS_PER_S;
	exchange_init(&x, request, n, body, sizeof(body), COAP_SZX_MAX, 1);
	bench_run(&bench, &x, &client, 0);
	if (x.state != EXCHANGE_DONE)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct agent_address stranger = bench_client(9, 666);
	struct reader in = reader_of(data, size);

	bench_start(&bench);
	while (reader_left(&in)) {
		uint16_t head = reader_be16(&in);
		size_t n = head >> 1;
		const uint8_t *bytes;

		if (n > reader_left(&in))
			n = reader_left(&in);
		bytes = reader_bytes(&in, n);
		if (in.failed)
			break;
		if (head & 1)
			send_payload(&stranger, bytes, n);
		else
			send_raw(&stranger, bytes, n);
	}
	expect_good_answer();
	return 0;
}
