/* sources: tests/unit/agent_net_unity.c attest/agent/world/say.c attest/agent/config.c */
/* sources: kernel/worlds/libnet/address.c */
/* sources: attest/agent/server.c attest/agent/body.c attest/agent/answers.c */
/* sources: attest/agent/bucket.c attest/agent/echo.c attest/agent/siphash.c */
/* sources: attest/wire/coap.c attest/wire/cbor.c attest/wire/tap.c attest/wire/exchange.c */
/* coverage: edges, comparisons */
/*
 * Frames at the agent's network edge. The input is a sequence of {16 bits: length, frame}; few
 * frames come back for each. Then the agent still answers ARP: no buffer was lost.
 */
#include "agent/world/net.h"
#include "lib/reader.h"
#include "tests/unit/agent_bench.h"
#include "tests/unit/agent_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An answer, and an ARP question for its addressee. */
#define FRAMES_OUT_MAX 2

static struct bench bench;

static void start_once(void)
{
	static const char text[] = "net=10.0.2.15/24\ngateway=10.0.2.2\n";
	static bool started;
	struct agent_config config;
	unsigned line;

	if (started)
		return;
	started = true;
	bench_start(&bench);
	agent_config_parse(text, sizeof(text) - 1, &config, &line);
	if (net_start(WIRE_PORT, &config, &bench.agent) != VMK_OK)
		abort();
}

static void put_frame(const uint8_t *bytes, size_t size)
{
	unsigned before = wire.sent;

	memcpy(wire.in, bytes, size);
	wire.in_size = size;
	if (net_poll() != VMK_OK || wire.sent - before > FRAMES_OUT_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of(data, size);

	start_once();
	while (reader_left(&in)) {
		size_t n = reader_be16(&in) % WIRE_FRAME_MAX;
		const uint8_t *frame;

		if (n > reader_left(&in))
			n = reader_left(&in);
		frame = reader_bytes(&in, n);
		if (in.failed || !n)
			break;
		put_frame(frame, n);
	}
	wire.now_ns += BENCH_NS_PER_S;
	if (net_poll() != VMK_OK) /* the timers have their turn: ARP asks again, and forgets */
		abort();
	wire.out_size = 0;
	wire_arp(1);
	if (net_poll() != VMK_OK || !wire_sent_arp_answer())
		abort();
	return 0;
}
