/* sources: tests/unit/agent_net_unity.c attest/agent/world/say.c attest/agent/config.c */
/* sources: kernel/worlds/libnet/address.c */
/* sources: attest/agent/server.c attest/agent/body.c attest/agent/answers.c */
/* sources: attest/agent/bucket.c attest/agent/echo.c attest/agent/siphash.c */
/* sources: attest/wire/coap.c attest/wire/cbor.c attest/wire/tap.c attest/wire/exchange.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/world/net.h"
#include "tests/unit/agent_bench.h"
#include "tests/unit/agent_wire.h"

static struct bench bench;

/* lwIP has one life in a process, so one agent serves all tests. */
static int start(void **state)
{
	static const char text[] = "hostname=esx1\nnet=10.0.2.15/24\ngateway=10.0.2.2\n";
	struct agent_config config;
	unsigned line;

	bench_start(&bench);
	wire.now_ns = bench.now_ns;
	if (agent_config_parse(text, sizeof(text) - 1, &config, &line) != VMK_OK)
		return -1;
	return net_start(WIRE_PORT, &config, &bench.agent) != VMK_OK;
}

static void poll(void)
{
	wire.out_size = 0;
	assert_int_equal(net_poll(), VMK_OK);
}

static void meet_peer(void)
{
	wire_arp(1);
	poll();
}

static void test_says_where_it_listens(void **state)
{
	assert_string_equal(wire.log, "attester listening on 10.0.2.15:5683\n");
	assert_memory_equal(wire.address.address, "\x0a\x00\x02\x0f", 4);
	assert_int_equal(wire.address.prefix, 24);
	assert_int_equal(wire.address.dhcp, 0);
}

static void test_answers_arp(void **state)
{
	meet_peer();
	assert_true(wire_sent_arp_answer());
}

static void test_answers_ping(void **state)
{
	static const uint8_t ping[] = {0x40, 0x00, 0x12, 0x34}, reset[] = {0x70, 0x00, 0x12, 0x34};

	meet_peer();
	wire_udp(wire_agent_ip, COAP_PORT, ping, sizeof(ping));
	poll();
	assert_true(wire.out_size >= WIRE_UDP_HEAD + sizeof(reset));
	assert_memory_equal(wire.out, wire_peer_mac, 6);
	assert_memory_equal(wire.out + 26, wire_agent_ip, 4);
	assert_memory_equal(wire.out + 30, wire_peer_ip, 4);
	assert_int_equal(wire.out[34] << 8 | wire.out[35], COAP_PORT);
	assert_int_equal(wire.out[36] << 8 | wire.out[37], 40000);
	assert_memory_equal(wire.out + WIRE_UDP_HEAD, reset, sizeof(reset));
}

static void test_ignores_broadcast_and_other_ports(void **state)
{
	static const uint8_t ping[] = {0x40, 0x00, 0x12, 0x34};
	static const uint8_t everyone[4] = {10, 0, 2, 255}, all[4] = {255, 255, 255, 255};

	meet_peer();
	wire_udp(everyone, COAP_PORT, ping, sizeof(ping));
	poll();
	assert_int_equal(wire.out_size, 0);
	wire_udp(all, COAP_PORT, ping, sizeof(ping));
	poll();
	assert_int_equal(wire.out_size, 0);
	wire_udp(wire_agent_ip, COAP_PORT + 1, ping, 3);
	poll();
	assert_true(wire.out_size < WIRE_UDP_HEAD || wire.out[23] == 1); /* ICMP at most */
}

static void test_attests(void **state)
{
	static uint8_t request[ANSWER_REQUEST_MAX], body[ANSWER_BODY_MAX];
	uint8_t datagram[COAP_DATAGRAM_MAX];
	struct exchange x;
	uint64_t wait;
	size_t n = bench_request(1, false, request, sizeof(request));

	meet_peer();
	exchange_init(&x, request, n, body, sizeof(body), COAP_SZX_MAX, 3);
	while (x.state == EXCHANGE_RUNNING) {
		n = exchange_poll(&x, wire.now_ns, datagram, sizeof(datagram), &wait);
		assert_int_not_equal(n, 0);
		wire_udp(wire_agent_ip, COAP_PORT, datagram, n);
		poll();
		n = (size_t)(wire.out[38] << 8 | wire.out[39]) - 8;
		assert_in_range(n, 4, wire.out_size - WIRE_UDP_HEAD);
		exchange_receive(&x, wire.out + WIRE_UDP_HEAD, n);
	}
	assert_int_equal(x.state, EXCHANGE_DONE);
	assert_true(x.body_size > 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_says_where_it_listens),
		cmocka_unit_test(test_answers_arp),
		cmocka_unit_test(test_answers_ping),
		cmocka_unit_test(test_ignores_broadcast_and_other_ports),
		cmocka_unit_test(test_attests),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
