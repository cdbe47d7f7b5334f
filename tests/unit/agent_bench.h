/*
 * An agent on the test bench, for the unit tests and the fuzz target: operations whose results
 * follow from the request, a clock that stands still until it is moved, and a client that talks to
 * it in memory.
 */
#ifndef TESTS_AGENT_BENCH_H
#define TESTS_AGENT_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "agent/server.h"
#include "lib/types.h"
#include "wire/coap.h"
#include "wire/exchange.h"
#include "wire/tap.h"

#define BENCH_NS_PER_S 1000000000ull

struct bench {
	uint64_t now_ns;
	uint64_t vmk_size;  /* of the `vmk` log */
	uint64_t vmk_grows; /* by so much at each of the next `vmk_growths` quotes */
	unsigned vmk_growths;
	enum vmk_status quote_status, log_status;
	unsigned log_reads_good; /* before log_status counts */
	uint32_t attest_size;    /* 0: as the nonce is */
	uint32_t random_fails;   /* bit 0: the next call does, and so on */
	unsigned quotes, notes;
	uint64_t random;
	char last_note[200];
	struct agent agent;
};

static inline enum vmk_status bench_quote(
	void *context, const struct vmk_quote_request *request, struct vmk_quote_reply *reply)
{
	struct bench *bench = context;

	bench->quotes++;
	if (bench->vmk_growths) {
		bench->vmk_growths--;
		bench->vmk_size += bench->vmk_grows;
	}
	reply->attest_size = request->nonce_size + 1;
	memcpy(reply->attest, request->nonce, request->nonce_size);
	reply->attest[request->nonce_size] = (uint8_t)bench->quotes;
	if (bench->attest_size)
		reply->attest_size = bench->attest_size;
	reply->signature_size = 4;
	memcpy(reply->signature, "sign", 4);
	return bench->quote_status;
}

/* Byte n of the `vmk` log is n * 7. There is a one-byte `launch`, and no other log. */
/* Byte i of a log is 7 i; they come again after 256. */
static inline void bench_log_fill(uint8_t *to, uint64_t offset, size_t bytes)
{
	static uint8_t twice[512];

	for (unsigned i = 0; !twice[511] && i < sizeof(twice); i++)
		twice[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < bytes; i += 256)
		memcpy(to + i, twice + (offset + i) % 256, MIN(bytes - i, (size_t)256));
}

static inline enum vmk_status bench_log_read(void *context, enum vmk_trust_log log, uint64_t offset,
	void *buffer, size_t size, uint64_t *total)
{
	struct bench *bench = context;

	if (bench->log_status != VMK_OK && !bench->log_reads_good--) {
		bench->log_reads_good = 0;
		return bench->log_status;
	}
	if (log != VMK_LOG_VMK && log != VMK_LOG_LAUNCH)
		return VMK_NOT_FOUND;
	*total = log == VMK_LOG_VMK ? bench->vmk_size : 1;
	bench_log_fill(buffer, offset, offset < *total ? MIN(size, *total - offset) : 0);
	return VMK_OK;
}

static inline enum vmk_status bench_random(void *context, void *buffer, size_t size)
{
	struct bench *bench = context;
	bool fails = bench->random_fails & 1;

	bench->random_fails >>= 1;
	if (fails)
		return VMK_IO_ERROR;
	for (size_t i = 0; i < size; i++) {
		bench->random = bench->random * 6364136223846793005ull + 1442695040888963407ull;
		((uint8_t *)buffer)[i] = (uint8_t)(bench->random >> 56);
	}
	return VMK_OK;
}

static inline void bench_note(void *context, const char *line)
{
	struct bench *bench = context;

	bench->notes++;
	strncpy(bench->last_note, line, sizeof(bench->last_note) - 1);
}

static const struct agent_ops bench_ops = {
	.quote = bench_quote,
	.log_read = bench_log_read,
	.random = bench_random,
	.note = bench_note,
};

static inline void bench_start(struct bench *bench)
{
	memset(bench, 0, offsetof(struct bench, agent)); /* which sets itself up */
	bench->now_ns = 1000 * BENCH_NS_PER_S;
	bench->vmk_size = 5000;
	agent_init(&bench->agent, &bench_ops, bench, &agent_default_limits);
}

static inline struct agent_address bench_client(uint8_t host, uint16_t port)
{
	return (struct agent_address){
		.ip = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = host}, .port = port};
}

/* A request for a quote and the two logs, with a nonce that starts with `nonce`. */
static inline size_t bench_request(uint32_t nonce, bool hello, uint8_t *buffer, size_t capacity)
{
	uint8_t bytes[16] = "................";
	struct tap_request request = {
		.hello = hello,
		.nonce = {bytes, sizeof(bytes)},
		.pcr_mask = 0x7e0000,
		.log_count = 2,
		.logs = {{.id = "vmk", .id_size = 3}, {.id = "txt-drtm", .id_size = 8}},
	};
	size_t size = 0;

	memcpy(bytes, &nonce, sizeof(nonce));
	tap_encode_request(&request, buffer, capacity, &size);
	return size;
}

/* A datagram as a client would build it, with a valid Echo option when `echo`. */
static inline size_t bench_datagram(struct bench *bench, const struct agent_address *from,
	uint16_t id, const uint8_t *payload, size_t payload_size, bool echo, uint8_t *out)
{
	uint8_t value[ECHO_VALUE_SIZE];
	struct coap_writer w;

	coap_begin(&w, out, COAP_DATAGRAM_MAX, COAP_CON, COAP_FETCH, id, "tk", 2);
	coap_put_option(&w, COAP_OPT_URI_PATH, "attest", 6);
	coap_put_uint(&w, COAP_OPT_CONTENT_FORMAT, COAP_FORMAT_CBOR);
	if (echo) {
		echo_make(bench->agent.echo_key, from, bench->now_ns, value);
		coap_put_option(&w, COAP_OPT_ECHO, value, sizeof(value));
	}
	coap_put_payload(&w, payload, payload_size);
	return coap_finish(&w);
}

static inline size_t bench_send(struct bench *bench, const struct agent_address *from,
	const void *datagram, size_t size, uint8_t reply[COAP_DATAGRAM_MAX])
{
	return agent_receive(
		&bench->agent, from, bench->now_ns, datagram, size, reply, COAP_DATAGRAM_MAX);
}

/* Runs an exchange to its end; each datagram is lost with a chance of `loss` in 256. */
static inline void bench_run(struct bench *bench, struct exchange *exchange,
	const struct agent_address *from, unsigned loss)
{
	uint8_t datagram[COAP_DATAGRAM_MAX], reply[COAP_DATAGRAM_MAX], dice[2];
	uint64_t wait;

	while (exchange->state == EXCHANGE_RUNNING) {
		size_t size =
			exchange_poll(exchange, bench->now_ns, datagram, sizeof(datagram), &wait);

		if (!size) {
			bench->now_ns += wait;
			continue;
		}
		bench_random(bench, dice, sizeof(dice));
		if (dice[0] < loss)
			continue;
		size = bench_send(bench, from, datagram, size, reply);
		if (size && dice[1] >= loss)
			exchange_receive(exchange, reply, size);
	}
}

#endif
