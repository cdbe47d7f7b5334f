/* sources: attest/agent/server.c attest/agent/body.c attest/agent/answers.c */
/* sources: attest/agent/bucket.c attest/agent/echo.c attest/agent/siphash.c */
/* sources: attest/wire/coap.c attest/wire/cbor.c attest/wire/tap.c attest/wire/exchange.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/agent_bench.h"

static struct bench bench;
static uint8_t body[ANSWER_BODY_MAX], request[ANSWER_REQUEST_MAX];
static uint8_t datagram[COAP_DATAGRAM_MAX], reply[COAP_DATAGRAM_MAX];
static size_t reply_size; /* of the last ask() */

static int start(void **state)
{
	bench_start(&bench);
	return 0;
}

static struct coap_message parsed(size_t size)
{
	struct coap_message m;

	assert_int_equal(coap_parse(reply, size, &m), VMK_OK);
	return m;
}

/* Sends one good request with a message id and returns the answer's code. */
static uint8_t ask(const struct agent_address *from, uint16_t id, uint32_t nonce, bool hello)
{
	size_t n = bench_request(nonce, hello, request, sizeof(request));

	n = bench_datagram(&bench, from, id, request, n, true, datagram);
	reply_size = bench_send(&bench, from, datagram, n, reply);
	return parsed(reply_size).code;
}

static void fetch(struct exchange *x, uint32_t nonce, uint8_t szx, unsigned loss)
{
	struct agent_address client = bench_client(2, 40000);
	size_t n = bench_request(nonce, false, request, sizeof(request));

	exchange_init(x, request, n, body, sizeof(body), szx, nonce * 0x9e3779b97f4a7c15ull);
	bench_run(&bench, x, &client, loss);
}

static void assert_whole_answer(const struct exchange *x, uint64_t log_size)
{
	struct tap_response response;

	assert_int_equal(x->state, EXCHANGE_DONE);
	assert_int_equal(tap_decode_response(body, x->body_size, &response, NULL), VMK_OK);
	assert_true(response.has_quote);
	assert_int_equal(response.log_count, 2);
	assert_true(tap_log_is(&response.logs[0], "vmk"));
	assert_int_equal(response.logs[0].content.size, log_size);
	for (size_t i = 0; i < log_size; i++)
		assert_int_equal(response.logs[0].content.data[i], (uint8_t)(i * 7));
	/* a log that the host does not have is empty, not an error */
	assert_int_equal(response.logs[1].total, 0);
}

static void test_exchange_with_echo_and_blocks(void **state)
{
	struct exchange x;

	fetch(&x, 1, COAP_SZX_MAX, 0);
	assert_whole_answer(&x, 5000);
	assert_int_equal(x.echo_challenges, 1);
	assert_int_equal(bench.quotes, 1);
	assert_int_equal(x.datagrams, 1 + (x.body_size + 1023) / 1024);
}

static void test_every_block_size(void **state)
{
	for (uint8_t szx = 0; szx <= COAP_SZX_MAX; szx++) {
		struct exchange x;

		fetch(&x, 10 + szx, szx, 0);
		assert_whole_answer(&x, 5000);
		assert_int_equal(x.szx, szx);
		bench.now_ns += 10 * BENCH_NS_PER_S;
	}
	assert_int_equal(bench.quotes, 7);
}

static void test_lossy_network(void **state)
{
	for (uint32_t i = 0; i < 20; i++) {
		struct exchange x;

		fetch(&x, 100 + i, COAP_SZX_MAX, 40);
		assert_whole_answer(&x, 5000);
	}
	assert_int_equal(bench.quotes, 20);
}

/* RFC 7252 4.5: the same message gets the same answer, and the TPM is asked once. */
static void test_duplicates(void **state)
{
	struct agent_address client = bench_client(2, 40000);
	uint8_t first[COAP_DATAGRAM_MAX];
	size_t n, first_size;

	n = bench_request(1, false, request, sizeof(request));
	n = bench_datagram(&bench, &client, 7, request, n, true, datagram);
	first_size = bench_send(&bench, &client, datagram, n, first);
	bench.now_ns += 30 * BENCH_NS_PER_S;
	assert_int_equal(bench_send(&bench, &client, datagram, n, reply), first_size);
	assert_memory_equal(first, reply, first_size);
	assert_int_equal(bench.quotes, 1);
	assert_int_equal(ask(&client, 8, 1, false), COAP_CONTENT);
	assert_int_equal(bench.quotes, 2);
}

static void test_challenge_is_bound_to_the_address(void **state)
{
	struct agent_address a = bench_client(2, 40000), b = bench_client(2, 40001);
	struct coap_message m;
	size_t n = bench_request(1, false, request, sizeof(request));

	n = bench_datagram(&bench, &a, 7, request, n, true, datagram);
	m = parsed(bench_send(&bench, &b, datagram, n, reply));
	assert_int_equal(m.code, COAP_UNAUTHORIZED);
	assert_null(m.payload);
	b = bench_client(3, 40000);
	assert_int_equal(
		parsed(bench_send(&bench, &b, datagram, n, reply)).code, COAP_UNAUTHORIZED);
	bench.now_ns += 2 * ECHO_PERIOD_NS;
	assert_int_equal(
		parsed(bench_send(&bench, &a, datagram, n, reply)).code, COAP_UNAUTHORIZED);
	assert_int_equal(bench.quotes, 0);
}

static void test_source_bucket(void **state)
{
	struct agent_address client = bench_client(2, 40000), other = bench_client(3, 40000);
	uint16_t burst = (uint16_t)agent_default_limits.source.burst;
	struct coap_message m;
	uint32_t max_age;

	for (uint16_t id = 0; id < burst; id++)
		assert_int_equal(ask(&client, id, id, true), COAP_CONTENT);
	assert_int_equal(ask(&client, burst, burst, true), COAP_TOO_MANY_REQUESTS);
	m = parsed(reply_size);
	assert_true(coap_find_uint(&m, COAP_OPT_MAX_AGE, &max_age));
	assert_int_equal(max_age, 1);
	assert_int_equal(bench.notes, 1);
	assert_non_null(strstr(bench.last_note, "10.0.0.2:40000: too many requests"));
	/* nobody else pays for it */
	assert_int_equal(ask(&other, 1, 1, true), COAP_CONTENT);
	bench.now_ns += agent_default_limits.source.interval_ns;
	assert_int_equal(ask(&client, burst + 1, burst + 1u, true), COAP_CONTENT);
}

static void test_tpm_bucket(void **state)
{
	unsigned answered = 0;

	for (uint8_t host = 1; host <= 20; host++) {
		struct agent_address client = bench_client(host, 40000);
		uint8_t code = ask(&client, 1, host, false);

		bench.agent.answers = (struct answers){0};
		answered += code == COAP_CONTENT;
		assert_true(code == COAP_CONTENT || code == COAP_TOO_MANY_REQUESTS);
	}
	assert_int_equal(answered, agent_default_limits.tpm.burst);
	assert_int_equal(bench.quotes, agent_default_limits.tpm.burst);
}

/* One request for one log, without a quote; the answer's code. */
static uint8_t ask_log(const struct agent_address *from, uint16_t id, const char *name)
{
	struct tap_request r = {.hello = true,
		.nonce = {(const uint8_t *)name, 8},
		.pcr_mask = 0x7e0000,
		.log_count = 1,
		.logs = {{.id = name, .id_size = strlen(name)}}};
	size_t n;

	assert_int_equal(tap_encode_request(&r, request, sizeof(request), &n), VMK_OK);
	n = bench_datagram(&bench, from, id, request, n, true, datagram);
	return parsed(bench_send(&bench, from, datagram, n, reply)).code;
}

/* Whoever asks for no quote makes the TPM work all the same by what only it can tell. */
static void test_tpm_bucket_counts_logs_of_the_tpm(void **state)
{
	static const char *const names[] = {"pcr-values", "ek-cert\0", "ek-pub\0\0"};
	unsigned answered = 0;

	for (uint8_t host = 1; host <= 20; host++) {
		struct agent_address client = bench_client(host, 40000);

		answered += ask_log(&client, 1, names[host % 3]) == COAP_CONTENT;
		bench.agent.answers = (struct answers){0};
		assert_int_equal(ask_log(&client, 2, "txt-drtm"), COAP_CONTENT);
		bench.agent.answers = (struct answers){0};
	}
	assert_int_equal(answered, agent_default_limits.tpm.burst);
}

/* One address that asks all the time leaves tokens of the TPM to others. */
static void test_one_host_cannot_keep_the_tpm(void **state)
{
	struct agent_address greedy = bench_client(2, 40000), other = bench_client(3, 40000);
	unsigned answered = 0;

	for (uint16_t i = 1; i <= 1000; i++) {
		ask(&greedy, i, i, false);
		if (i % 100 == 0)
			answered += ask(&other, i, i, false) == COAP_CONTENT;
		bench.now_ns += BENCH_NS_PER_S / 100;
	}
	assert_int_equal(answered, 10);
}

/* A transfer that moves is not dropped for a new one; one that stands still is. */
static void test_transfer_slots(void **state)
{
	struct agent_address late = bench_client(100, 1);

	for (uint8_t host = 1; host <= ANSWER_SLOTS; host++) {
		struct agent_address client = bench_client(host, 40000);

		assert_int_equal(ask(&client, 1, host, true), COAP_CONTENT);
	}
	assert_int_equal(ask(&late, 1, 99, true), COAP_UNAVAILABLE);
	bench.now_ns += ANSWER_PATIENCE_NS + 1;
	assert_int_equal(ask(&late, 2, 99, true), COAP_CONTENT);
}

static void test_one_host_cannot_take_all_slots(void **state)
{
	struct agent_address other = bench_client(3, 1);

	for (uint16_t port = 1; port <= ANSWER_SLOTS; port++) {
		struct agent_address client = bench_client(2, port);

		assert_int_equal(ask(&client, 1, port, true), COAP_CONTENT);
	}
	assert_int_equal(ask(&other, 1, 99, true), COAP_CONTENT);
}

static void test_lost_transfer_starts_again(void **state)
{
	struct agent_address client = bench_client(2, 40000);
	size_t n = bench_request(1, false, request, sizeof(request));
	bool dropped = false;
	struct exchange x;
	uint64_t wait;

	exchange_init(&x, request, n, body, sizeof(body), COAP_SZX_MAX, 5);
	while (x.state == EXCHANGE_RUNNING) {
		n = exchange_poll(&x, bench.now_ns, datagram, sizeof(datagram), &wait);
		if (x.block == 3 && !dropped) {
			bench.agent.answers = (struct answers){0};
			dropped = true;
		}
		n = bench_send(&bench, &client, datagram, n, reply);
		exchange_receive(&x, reply, n);
	}
	assert_whole_answer(&x, 5000);
	assert_int_equal(x.restarts, 1);
	assert_int_equal(bench.quotes, 2);
}

static void test_quotes_again_when_the_log_moved(void **state)
{
	struct exchange x;

	bench.vmk_grows = 100;
	bench.vmk_growths = 2;
	fetch(&x, 1, COAP_SZX_MAX, 0);
	assert_whole_answer(&x, 5200);
	assert_int_equal(bench.quotes, 3);
	bench.vmk_growths = 1000;
	fetch(&x, 2, COAP_SZX_MAX, 0);
	assert_int_equal(x.state, EXCHANGE_FAILED);
	assert_int_equal(x.code, COAP_INTERNAL_ERROR);
	assert_string_equal(x.diagnostic, "quote: busy");
}

static void test_long_log_is_cut(void **state)
{
	struct tap_response response;
	struct exchange x;

	bench.vmk_size = 200000;
	fetch(&x, 1, COAP_SZX_MAX, 0);
	assert_int_equal(x.state, EXCHANGE_DONE);
	assert_int_equal(tap_decode_response(body, x.body_size, &response, NULL), VMK_OK);
	assert_int_equal(response.logs[0].total, 200000);
	assert_in_range(response.logs[0].content.size, ANSWER_BODY_MAX - 512, ANSWER_BODY_MAX);
}

static void test_failing_tpm(void **state)
{
	struct exchange x;

	bench.quote_status = VMK_TPM_ERROR;
	fetch(&x, 1, COAP_SZX_MAX, 0);
	assert_int_equal(x.state, EXCHANGE_FAILED);
	assert_int_equal(x.status, VMK_DENIED);
	assert_int_equal(x.code, COAP_INTERNAL_ERROR);
	assert_string_equal(x.diagnostic, "quote: tpm-error");
	bench.quote_status = VMK_OK;
	fetch(&x, 2, COAP_SZX_MAX, 0);
	assert_whole_answer(&x, 5000);
}

struct odd {
	uint8_t method;
	uint32_t option; /* an extra one; 0: none */
	uint32_t value;
	const char *path;
	uint32_t format;
	uint8_t code;
};

static void test_refusals(void **state)
{
	static const struct odd cases[] = {
		{COAP_FETCH, 0, 0, "attest", 60, COAP_CONTENT},
		{COAP_FETCH, COAP_OPT_ACCEPT, 60, "attest", 60, COAP_CONTENT},
		{COAP_FETCH, 6, 0, "attest", 60, COAP_CONTENT}, /* Observe: elective */
		{COAP_FETCH, COAP_OPT_ACCEPT, 50, "attest", 60, COAP_NOT_ACCEPTABLE},
		{COAP_FETCH, 9, 1, "attest", 60, COAP_BAD_OPTION}, /* OSCORE */
		{COAP_FETCH, COAP_OPT_BLOCK1, 0, "attest", 60, COAP_REQUEST_TOO_LARGE},
		{COAP_FETCH, COAP_OPT_BLOCK2, 7, "attest", 60, COAP_BAD_REQUEST},
		{COAP_FETCH, COAP_OPT_BLOCK2, 90 << 4 | 6, "attest", 60, COAP_INCOMPLETE},
		{COAP_FETCH, COAP_OPT_PROXY_SCHEME, 1, "attest", 60, COAP_NO_PROXYING},
		{COAP_FETCH, 0, 0, "attes", 60, COAP_NOT_FOUND},
		{COAP_FETCH, 0, 0, "attest", 50, COAP_UNSUPPORTED_FORMAT},
		{COAP_GET, 0, 0, "attest", 60, COAP_METHOD_NOT_ALLOWED},
		{COAP_CODE(0, 31), 0, 0, "attest", 60, COAP_METHOD_NOT_ALLOWED},
	};
	struct agent_address client = bench_client(2, 40000);
	uint8_t echo[ECHO_VALUE_SIZE];

	echo_make(bench.agent.echo_key, &client, bench.now_ns, echo);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct odd *c = &cases[i];
		size_t n = bench_request(1000 + (uint32_t)i, true, request, sizeof(request));
		struct coap_message m;
		struct coap_writer w;

		coap_begin(
			&w, datagram, sizeof(datagram), COAP_CON, c->method, (uint16_t)i, "t", 1);
		if (c->option && c->option < COAP_OPT_URI_PATH)
			coap_put_uint(&w, c->option, c->value);
		coap_put_option(&w, COAP_OPT_URI_PATH, c->path, strlen(c->path));
		coap_put_uint(&w, COAP_OPT_CONTENT_FORMAT, c->format);
		if (c->option > COAP_OPT_CONTENT_FORMAT)
			coap_put_uint(&w, c->option, c->value);
		coap_put_option(&w, COAP_OPT_ECHO, echo, sizeof(echo));
		coap_put_payload(&w, request, n);
		n = bench_send(&bench, &client, datagram, coap_finish(&w), reply);
		m = parsed(n);
		assert_int_equal(m.code, c->code);
		assert_int_equal(m.type, COAP_ACK);
		assert_int_equal(m.id, i);
		assert_int_equal(m.token_size, 1);
	}
}

/* A request for /attest with an option of one's choice and a valid Echo. */
static size_t send_with_option(enum coap_type type, uint32_t option, uint32_t value, unsigned times)
{
	struct agent_address client = bench_client(2, 40000);
	size_t n = bench_request(1, true, request, sizeof(request));
	uint8_t echo[ECHO_VALUE_SIZE];
	struct coap_writer w;

	echo_make(bench.agent.echo_key, &client, bench.now_ns, echo);
	coap_begin(&w, datagram, sizeof(datagram), type, COAP_FETCH, 77, "t", 1);
	coap_put_option(&w, COAP_OPT_URI_PATH, "attest", 6);
	coap_put_uint(&w, COAP_OPT_CONTENT_FORMAT, COAP_FORMAT_CBOR);
	while (times--)
		coap_put_uint(&w, option, value);
	coap_put_option(&w, COAP_OPT_ECHO, echo, sizeof(echo));
	coap_put_payload(&w, request, n);
	return bench_send(&bench, &client, datagram, coap_finish(&w), reply);
}

static void test_unknown_critical_options(void **state)
{
	/* RFC 7252 5.4.1: refused if confirmable, else ignored */
	assert_int_equal(parsed(send_with_option(COAP_CON, 19, 0, 1)).code, COAP_BAD_OPTION);
	assert_int_equal(send_with_option(COAP_NON, 19, 0, 1), 0);
	/* 5.4.5: one too many of a known one */
	assert_int_equal(
		parsed(send_with_option(COAP_CON, COAP_OPT_ACCEPT, 60, 1)).code, COAP_CONTENT);
	assert_int_equal(
		parsed(send_with_option(COAP_CON, COAP_OPT_ACCEPT, 60, 2)).code, COAP_BAD_OPTION);
}

static void test_block_past_the_end(void **state)
{
	struct coap_message m;

	m = parsed(send_with_option(COAP_CON, COAP_OPT_BLOCK2, 6, 1));
	assert_int_equal(m.code, COAP_CONTENT);
	/* 5000 bytes of log and a head: 79 blocks of 64 bytes, the last one not full */
	m = parsed(send_with_option(COAP_CON, COAP_OPT_BLOCK2, 78 << 4 | 2, 1));
	assert_int_equal(m.code, COAP_CONTENT);
	assert_in_range(m.payload_size, 1, 64);
	m = parsed(send_with_option(COAP_CON, COAP_OPT_BLOCK2, 79 << 4 | 2, 1));
	assert_int_equal(m.code, COAP_BAD_REQUEST);
	m = parsed(send_with_option(COAP_CON, COAP_OPT_BLOCK2, 0xfffff6, 1));
	assert_int_equal(m.code, COAP_BAD_REQUEST);
}

/* Who did not prove his address is refused without words. */
static void test_strangers_get_no_explanation(void **state)
{
	struct agent_address client = bench_client(2, 40000);
	size_t n = bench_request(1, true, request, sizeof(request));
	struct coap_message m;

	n = bench_datagram(&bench, &client, 1, request, n, false, datagram);
	datagram[1] = COAP_GET;
	m = parsed(bench_send(&bench, &client, datagram, n, reply));
	assert_int_equal(m.code, COAP_METHOD_NOT_ALLOWED);
	assert_null(m.payload);
}

static void test_bad_cbor_is_explained(void **state)
{
	struct agent_address client = bench_client(2, 40000);
	struct coap_message m;
	size_t n = bench_request(1, true, request, sizeof(request));

	request[8] = 0x47; /* a nonce of 7 bytes */
	n = bench_datagram(&bench, &client, 1, request, n, true, datagram);
	m = parsed(bench_send(&bench, &client, datagram, n, reply));
	assert_int_equal(m.code, COAP_BAD_REQUEST);
	assert_memory_equal(m.payload, "nonce: too short", m.payload_size);
}

/* RFC 7252 4.2 and 4.3. */
static void test_messages_that_are_no_requests(void **state)
{
	static const uint8_t ping[] = {0x40, 0x00, 0x12, 0x34}, pong[] = {0x70, 0x00, 0x12, 0x34};
	static const uint8_t broken_con[] = {0x40, 0x05, 0x12, 0x34, 0xff};
	static const uint8_t broken_non[] = {0x50, 0x05, 0x12, 0x34, 0xff};
	static const uint8_t stray_answer[] = {0x40, 0x45, 0x12, 0x34};
	static const uint8_t stray_ack[] = {0x60, 0x45, 0x12, 0x34};
	static const uint8_t future[] = {0x80, 0x05, 0x12, 0x34};
	struct agent_address client = bench_client(2, 40000);

	assert_int_equal(bench_send(&bench, &client, ping, sizeof(ping), reply), 4);
	assert_memory_equal(reply, pong, 4);
	assert_int_equal(bench_send(&bench, &client, broken_con, sizeof(broken_con), reply), 4);
	assert_memory_equal(reply, pong, 4);
	assert_int_equal(bench_send(&bench, &client, stray_answer, sizeof(stray_answer), reply), 4);
	assert_memory_equal(reply, pong, 4);
	assert_int_equal(bench_send(&bench, &client, broken_non, sizeof(broken_non), reply), 0);
	assert_int_equal(bench_send(&bench, &client, stray_ack, sizeof(stray_ack), reply), 0);
	assert_int_equal(bench_send(&bench, &client, future, sizeof(future), reply), 0);
	assert_int_equal(bench_send(&bench, &client, ping, 3, reply), 0);
}

static void test_non_confirmable(void **state)
{
	struct agent_address client = bench_client(2, 40000);
	size_t n = bench_request(1, true, request, sizeof(request));
	struct coap_message m;

	n = bench_datagram(&bench, &client, 1, request, n, true, datagram);
	datagram[0] |= COAP_NON << 4;
	m = parsed(bench_send(&bench, &client, datagram, n, reply));
	assert_int_equal(m.type, COAP_NON);
	assert_int_equal(m.code, COAP_CONTENT);
}

/* The challenge would be longer than this request: it gets nothing. */
static void test_no_challenge_longer_than_the_request(void **state)
{
	struct agent_address client = bench_client(2, 40000);
	size_t n = bench_datagram(&bench, &client, 1, NULL, 0, false, datagram);

	assert_int_equal(n, 15);
	assert_int_equal(bench_send(&bench, &client, datagram, n, reply), 0);
	n = bench_datagram(&bench, &client, 1, request, 2, false, datagram);
	assert_int_equal(n, 18);
	assert_int_equal(bench_send(&bench, &client, datagram, n, reply), 16);
}

/* A quote exists only for a client whose address is proved; one without is sent no more than he
 * sent. */
static void mutate(uint8_t *bytes, size_t *size)
{
	uint8_t dice[8];

	bench_random(&bench, dice, sizeof(dice));
	for (unsigned i = 0; i <= dice[0] % 4u; i++) {
		uint8_t where[3];

		bench_random(&bench, where, sizeof(where));
		bytes[(where[0] << 8 | where[1]) % *size] ^= where[2];
	}
	if (dice[1] < 64)
		*size = 1 + (dice[2] << 8 | dice[3]) % *size;
	if (dice[1] > 224 && *size + 16 < COAP_DATAGRAM_MAX)
		*size += dice[2] % 16u;
}

static void test_survives_mutated_datagrams(void **state)
{
	struct agent_address stranger = bench_client(9, 666);

	for (uint32_t i = 0; i < 100000; i++) {
		uint64_t challenges = bench.agent.stats.challenges;
		uint64_t quotes = bench.quotes;
		bool echo = i & 1;
		size_t n, answer;
		uint8_t *exact;

		n = bench_request(i, i & 2, request, sizeof(request));
		n = bench_datagram(&bench, &stranger, (uint16_t)i, request, n, echo, datagram);
		mutate(datagram, &n);
		exact = malloc(n);
		memcpy(exact, datagram, n);
		answer = bench_send(&bench, &stranger, exact, n, reply);
		free(exact);
		if (!echo || bench.agent.stats.challenges != challenges) {
			assert_true(answer <= n);
			assert_int_equal(bench.quotes, quotes);
		}
		bench.now_ns += BENCH_NS_PER_S / 20;
		if (i % 50 == 0) {
			struct exchange x;

			fetch(&x, i, COAP_SZX_MAX, 0);
			assert_whole_answer(&x, 5000);
		}
	}
	assert_true(bench.agent.stats.answers > 4000);
}

static void test_random_datagrams_are_never_amplified(void **state)
{
	struct agent_address stranger = bench_client(9, 666);

	for (uint32_t i = 0; i < 100000; i++) {
		uint8_t dice[2];
		size_t n;

		bench_random(&bench, dice, sizeof(dice));
		n = (dice[0] << 8 | dice[1]) % 64u;
		bench_random(&bench, datagram, n);
		if (n && i & 1)
			datagram[0] = 0x40 | (datagram[0] & 0x3f);
		assert_true(bench_send(&bench, &stranger, datagram, n, reply) <= n);
	}
	assert_int_equal(bench.quotes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_exchange_with_echo_and_blocks, start),
		cmocka_unit_test_setup(test_every_block_size, start),
		cmocka_unit_test_setup(test_lossy_network, start),
		cmocka_unit_test_setup(test_duplicates, start),
		cmocka_unit_test_setup(test_challenge_is_bound_to_the_address, start),
		cmocka_unit_test_setup(test_source_bucket, start),
		cmocka_unit_test_setup(test_tpm_bucket, start),
		cmocka_unit_test_setup(test_tpm_bucket_counts_logs_of_the_tpm, start),
		cmocka_unit_test_setup(test_one_host_cannot_keep_the_tpm, start),
		cmocka_unit_test_setup(test_transfer_slots, start),
		cmocka_unit_test_setup(test_one_host_cannot_take_all_slots, start),
		cmocka_unit_test_setup(test_lost_transfer_starts_again, start),
		cmocka_unit_test_setup(test_quotes_again_when_the_log_moved, start),
		cmocka_unit_test_setup(test_long_log_is_cut, start),
		cmocka_unit_test_setup(test_failing_tpm, start),
		cmocka_unit_test_setup(test_refusals, start),
		cmocka_unit_test_setup(test_unknown_critical_options, start),
		cmocka_unit_test_setup(test_block_past_the_end, start),
		cmocka_unit_test_setup(test_strangers_get_no_explanation, start),
		cmocka_unit_test_setup(test_bad_cbor_is_explained, start),
		cmocka_unit_test_setup(test_messages_that_are_no_requests, start),
		cmocka_unit_test_setup(test_non_confirmable, start),
		cmocka_unit_test_setup(test_no_challenge_longer_than_the_request, start),
		cmocka_unit_test_setup(test_survives_mutated_datagrams, start),
		cmocka_unit_test_setup(test_random_datagrams_are_never_amplified, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
