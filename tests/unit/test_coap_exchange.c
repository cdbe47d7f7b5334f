/* sources: attest/wire/coap.c attest/wire/exchange.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/exchange.h"

#define NS_PER_S 1000000000ull

static struct exchange x;
static uint8_t body[4096], sent[COAP_DATAGRAM_MAX];
static struct coap_message asked; /* the client's last datagram */
static uint64_t now_ns;

static int start(void **state)
{
	now_ns = 1;
	exchange_init(&x, "request", 7, body, sizeof(body), COAP_SZX_MAX, 0x1234567890abcdefull);
	return 0;
}

/* The client's next datagram, which must be due. */
static void expect_datagram(void)
{
	uint64_t wait;
	size_t n = exchange_poll(&x, now_ns, sent, sizeof(sent), &wait);

	assert_int_equal(coap_parse(sent, n, &asked), VMK_OK);
	assert_int_equal(asked.code, COAP_FETCH);
	assert_memory_equal(asked.payload, "request", 7);
}

struct answer {
	uint8_t code;
	const char *etag;
	int32_t block2; /* -1: no option */
	size_t size;    /* of the payload */
};

static void answer_with(const struct answer *a, uint16_t id, const uint8_t *token)
{
	static uint8_t datagram[2048], payload[2000];
	struct coap_writer w;

	memset(payload, 'a', sizeof(payload));
	coap_begin(&w, datagram, sizeof(datagram), COAP_ACK, a->code, id, token, 4);
	if (a->etag)
		coap_put_option(&w, COAP_OPT_ETAG, a->etag, strlen(a->etag));
	coap_put_uint(&w, COAP_OPT_CONTENT_FORMAT, COAP_FORMAT_CBOR);
	if (a->block2 >= 0)
		coap_put_uint(&w, COAP_OPT_BLOCK2, (uint32_t)a->block2);
	coap_put_payload(&w, payload, a->size);
	exchange_receive(&x, datagram, coap_finish(&w));
}

static void answer(uint8_t code, const char *etag, int32_t block2, size_t size)
{
	answer_with(&(struct answer){code, etag, block2, size}, asked.id, asked.token);
}

static int32_t block2(uint32_t number, bool more, uint8_t szx)
{
	struct coap_block block = {number, more, szx};

	return (int32_t)coap_block_encode(&block);
}

static uint32_t asked_block(void)
{
	struct coap_block block;
	uint32_t value;

	assert_true(coap_find_uint(&asked, COAP_OPT_BLOCK2, &value));
	assert_true(coap_block_decode(value, &block));
	return block.number;
}

static void test_one_block(void **state)
{
	expect_datagram();
	answer(COAP_CONTENT, NULL, -1, 100);
	assert_int_equal(x.state, EXCHANGE_DONE);
	assert_int_equal(x.body_size, 100);
}

static void test_ignores_what_is_not_the_answer(void **state)
{
	const struct answer good = {COAP_CONTENT, NULL, -1, 100};
	uint8_t token[4];

	expect_datagram();
	memcpy(token, asked.token, 4);
	answer_with(&good, asked.id + 1, token);
	token[3] ^= 1;
	answer_with(&good, asked.id, token);
	exchange_receive(&x, "junk", 4);
	exchange_receive(&x, NULL, 0);
	assert_int_equal(x.state, EXCHANGE_RUNNING);
	answer(COAP_CONTENT, NULL, -1, 100);
	assert_int_equal(x.state, EXCHANGE_DONE);
}

static void test_reset_ends_it(void **state)
{
	uint8_t rst[4] = {0x70, 0};

	expect_datagram();
	rst[2] = (uint8_t)(asked.id >> 8);
	rst[3] = (uint8_t)asked.id;
	exchange_receive(&x, rst, sizeof(rst));
	assert_int_equal(x.state, EXCHANGE_FAILED);
	assert_int_equal(x.status, VMK_DENIED);
}

static void test_gives_up_after_retransmissions(void **state)
{
	uint64_t started = now_ns, wait;
	uint16_t id = x.id;

	for (int i = 0; i < 5; i++) {
		expect_datagram();
		assert_int_equal(asked.id, id);
		assert_int_equal(exchange_poll(&x, now_ns, sent, sizeof(sent), &wait), 0);
		assert_int_not_equal(wait, 0);
		now_ns += wait;
	}
	assert_int_equal(exchange_poll(&x, now_ns, sent, sizeof(sent), &wait), 0);
	assert_int_equal(x.state, EXCHANGE_FAILED);
	assert_int_equal(x.status, VMK_TIMEOUT);
	/* RFC 7252 4.8.2: MAX_TRANSMIT_WAIT is 62 to 93 s */
	assert_in_range((now_ns - started) / NS_PER_S, 62, 93);
}

static void test_smaller_blocks_are_the_servers_choice(void **state)
{
	expect_datagram();
	answer(COAP_CONTENT, "e", block2(0, true, 2), 64);
	for (uint32_t number = 1; number <= 3; number++) {
		expect_datagram();
		assert_int_equal(asked_block(), number);
		answer(COAP_CONTENT, "e", block2(number, number < 3, 2), number < 3 ? 64 : 1);
	}
	assert_int_equal(x.state, EXCHANGE_DONE);
	assert_int_equal(x.body_size, 3 * 64 + 1);
}

static void test_refuses_blocks_that_were_not_asked_for(void **state)
{
	static const struct {
		uint32_t number;
		bool more;
		uint8_t szx;
		size_t size;
	} bad[] = {
		{2, true, 6, 1024}, /* skips one */
		{0, true, 6, 1024}, /* again */
		{1, true, 6, 1023}, /* short, and not the last */
		{1, true, 5, 512},  /* another size in mid-transfer */
		{1, false, 6, 1025},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start(state);
		expect_datagram();
		answer(COAP_CONTENT, "e", block2(0, true, 6), 1024);
		expect_datagram();
		answer(COAP_CONTENT, "e", block2(bad[i].number, bad[i].more, bad[i].szx),
			bad[i].size);
		assert_int_equal(x.state, EXCHANGE_FAILED);
		assert_int_equal(x.status, VMK_BAD_FORMAT);
	}
}

static void test_too_long_an_answer(void **state)
{
	for (uint32_t number = 0; x.state == EXCHANGE_RUNNING; number++) {
		assert_true(number < 5);
		expect_datagram();
		answer(COAP_CONTENT, "e", block2(number, true, 6), 1024);
	}
	assert_int_equal(x.status, VMK_TOO_LARGE);
	assert_int_equal(x.body_size, sizeof(body));
}

static void test_changed_answer_starts_again(void **state)
{
	expect_datagram();
	answer(COAP_CONTENT, "one", block2(0, true, 6), 1024);
	expect_datagram();
	answer(COAP_CONTENT, "two", block2(1, false, 6), 10);
	expect_datagram();
	assert_int_equal(asked_block(), 0);
	answer(COAP_CONTENT, "two", -1, 20);
	assert_int_equal(x.state, EXCHANGE_DONE);
	assert_int_equal(x.body_size, 20);
}

static void test_does_not_start_again_for_ever(void **state)
{
	unsigned rounds = 0;

	while (x.state == EXCHANGE_RUNNING) {
		assert_true(rounds++ < 10);
		expect_datagram();
		answer(COAP_CONTENT, "e", block2(0, true, 6), 1024);
		expect_datagram();
		answer(COAP_INCOMPLETE, NULL, -1, 0);
	}
	assert_int_equal(x.status, VMK_BUSY);
}

static void challenge(const uint8_t *echo, size_t size)
{
	uint8_t datagram[100];
	struct coap_writer w;

	coap_begin(&w, datagram, sizeof(datagram), COAP_ACK, COAP_UNAUTHORIZED, asked.id,
		asked.token, 4);
	coap_put_option(&w, COAP_OPT_ECHO, echo, size);
	exchange_receive(&x, datagram, coap_finish(&w));
}

static void test_echo_is_returned(void **state)
{
	struct coap_option echo;
	uint16_t first_id;

	expect_datagram();
	assert_false(coap_find_option(&asked, COAP_OPT_ECHO, &echo));
	first_id = asked.id;
	challenge((const uint8_t *)"12345678", 8);
	expect_datagram();
	assert_true(asked.id != first_id);
	assert_true(coap_find_option(&asked, COAP_OPT_ECHO, &echo));
	assert_memory_equal(echo.value, "12345678", 8);
}

static void test_endless_or_odd_challenges(void **state)
{
	uint8_t echo[COAP_ECHO_MAX + 1] = {0};
	unsigned rounds = 0;

	while (x.state == EXCHANGE_RUNNING) {
		assert_true(rounds++ < 10);
		expect_datagram();
		challenge(echo, 8);
	}
	assert_int_equal(x.status, VMK_DENIED);
	start(state);
	expect_datagram();
	challenge(echo, sizeof(echo));
	assert_int_equal(x.status, VMK_DENIED);
}

static void test_refusal_is_shown_in_plain_text(void **state)
{
	uint8_t datagram[100];
	struct coap_writer w;

	expect_datagram();
	coap_begin(&w, datagram, sizeof(datagram), COAP_ACK, COAP_TOO_MANY_REQUESTS, asked.id,
		asked.token, 4);
	coap_put_uint(&w, COAP_OPT_MAX_AGE, 7);
	coap_put_payload(&w, "too \x1b[31mmany", 13);
	exchange_receive(&x, datagram, coap_finish(&w));
	assert_int_equal(x.state, EXCHANGE_FAILED);
	assert_int_equal(x.status, VMK_BUSY);
	assert_int_equal(x.max_age_s, 7);
	assert_string_equal(x.diagnostic, "too .[31mmany");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_one_block, start),
		cmocka_unit_test_setup(test_ignores_what_is_not_the_answer, start),
		cmocka_unit_test_setup(test_reset_ends_it, start),
		cmocka_unit_test_setup(test_gives_up_after_retransmissions, start),
		cmocka_unit_test_setup(test_smaller_blocks_are_the_servers_choice, start),
		cmocka_unit_test_setup(test_refuses_blocks_that_were_not_asked_for, start),
		cmocka_unit_test_setup(test_too_long_an_answer, start),
		cmocka_unit_test_setup(test_changed_answer_starts_again, start),
		cmocka_unit_test_setup(test_does_not_start_again_for_ever, start),
		cmocka_unit_test_setup(test_echo_is_returned, start),
		cmocka_unit_test_setup(test_endless_or_odd_challenges, start),
		cmocka_unit_test_setup(test_refusal_is_shown_in_plain_text, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
