/* sources: attest/agent/server.c attest/agent/body.c attest/agent/answers.c */
/* sources: attest/agent/bucket.c attest/agent/echo.c attest/agent/siphash.c */
/* sources: attest/wire/coap.c attest/wire/cbor.c attest/wire/tap.c attest/wire/exchange.c */
/* coverage: edges, lean */
/*
 * Datagrams at the agent. The input is a sequence of {3 bits: what, 12 bits: length, 1 bit: kind,
 * bytes}: a datagram as it is (kind 0) or the payload of a request whose sender proved its address
 * (kind 1); the same with options of the input's; who sends; the time; how the host answers. A
 * stranger never gets more than was sent, no host holds more than its share of the slots, and a
 * good request is answered afterwards.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/reader.h"
#include "tests/unit/agent_bench.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DATAGRAM, OPTIONS, SENDER, CLOCK, HOST, START };

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

/* {u8 message id (bit 6: of an Echo that is a period old), u8 number of an option before Echo, u8
 * its size, value, payload}, proven. */
static void send_options(const struct agent_address *from, const uint8_t *bytes, size_t size)
{
	uint8_t out[4096], reply[COAP_DATAGRAM_MAX], echo[ECHO_VALUE_SIZE];
	struct reader in = reader_of(bytes, size);
	uint8_t id = reader_u8(&in), number = reader_u8(&in), n = reader_u8(&in) % 16;
	const uint8_t *value = reader_bytes(&in, n);
	struct coap_writer w;

	if (in.failed || number < COAP_OPT_CONTENT_FORMAT || number > COAP_OPT_ECHO)
		return;
	coap_begin(&w, out, sizeof(out), id & 0x80 ? COAP_NON : COAP_CON, COAP_FETCH, id, "tk", 2);
	coap_put_option(&w, COAP_OPT_URI_PATH, "attest", 6);
	coap_put_uint(&w, COAP_OPT_CONTENT_FORMAT, COAP_FORMAT_CBOR);
	coap_put_option(&w, number, value, n);
	echo_make(
		bench.agent.echo_key, from, bench.now_ns - (id & 0x40 ? ECHO_PERIOD_NS : 0), echo);
	coap_put_option(&w, COAP_OPT_ECHO, echo, sizeof(echo));
	coap_put_payload(&w, in.data + in.at, reader_left(&in));
	bench_send(&bench, from, out, coap_finish(&w), reply);
}

/* How the host answers from now on. */
static void set_host(struct reader in)
{
	uint8_t what = reader_u8(&in);
	uint16_t value = reader_le16(&in);

	switch (what % 8) {
	case 0:
		bench.quote_status = value;
		break;
	case 1:
		bench.log_status = value & 0xff;
		bench.log_reads_good = value >> 8;
		break;
	case 2:
		bench.random_fails = value;
		break;
	case 3:
		bench.attest_size = value;
		break;
	case 4:
		bench.vmk_size = value;
		break;
	case 5:
		bench.vmk_size = TAP_LOG_SIZE_MAX + value;
		break;
	default:
		bench.vmk_grows = value & 0x8000 ? -(uint64_t)(value & 255) : value & 255;
		bench.vmk_growths = value >> 8 & 7;
	}
}

/* Without random numbers there is no agent; soon after boot there is one as well. */
static void start_anew(uint8_t random_fails)
{
	bench_start(&bench);
	bench.random_fails = random_fails;
	if ((agent_init(&bench.agent, &bench_ops, &bench, &agent_default_limits) == VMK_OK) !=
		!(random_fails & 3))
		abort();
	bench_start(&bench);
	bench.now_ns = random_fails;
}

static void check_shares(void)
{
	const struct answer *slots = bench.agent.answers.slots;

	for (size_t i = 0; i < ANSWER_SLOTS; i++) {
		unsigned held = 0;

		for (size_t j = 0; j < ANSWER_SLOTS; j++)
			held += slots[j].used &&
				!memcmp(slots[j].client.ip, slots[i].client.ip, 16);
		if (slots[i].used && held > ANSWER_PER_HOST)
			abort();
	}
}

static void expect_good_answer(void)
{
	static uint8_t request[ANSWER_REQUEST_MAX], body[ANSWER_BODY_MAX];
	struct agent_address client = bench_client(2, 40000);
	struct exchange x;
	size_t n = bench_request(1, false, request, sizeof(request));

	check_shares();
	bench.quote_status = bench.log_status = VMK_OK;
	bench.attest_size = bench.random_fails = bench.vmk_growths = 0;
	bench.vmk_size = 5000;
	bench.now_ns += 60 * BENCH_NS_PER_S;
	exchange_init(&x, request, n, body, sizeof(body), COAP_SZX_MAX, 1);
	bench_run(&bench, &x, &client, 0);
	if (x.state != EXCHANGE_DONE)
		abort();
}

static void step(struct agent_address *sender, uint16_t head, const uint8_t *bytes, size_t n)
{
	switch (head >> 13) {
	case DATAGRAM:
		if (head & 1)
			send_payload(sender, bytes, n);
		else
			send_raw(sender, bytes, n);
		break;
	case OPTIONS:
		send_options(sender, bytes, n);
		break;
	case SENDER:
		*sender = bench_client(n ? bytes[0] : 9, n > 1 ? bytes[1] : 666);
		break;
	case CLOCK:
		bench.now_ns += (n ? bytes[0] : 1) * BENCH_NS_PER_S;
		break;
	case HOST:
		set_host(reader_of(bytes, n));
		break;
	case START:
		start_anew(n ? bytes[0] : 0);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct agent_address sender = bench_client(9, 666);
	struct reader in = reader_of(data, size);

	bench_start(&bench);
	while (reader_left(&in)) {
		uint16_t head = reader_be16(&in);
		size_t n = head >> 1 & 0xfff;
		const uint8_t *bytes;

		if (n > reader_left(&in))
			n = reader_left(&in);
		bytes = reader_bytes(&in, n);
		if (in.failed)
			break;
		step(&sender, head, bytes, n);
	}
	expect_good_answer();
	return 0;
}
