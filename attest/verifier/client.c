#include "verifier/client.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wire/exchange.h"

/* While a host boots, ask afresh each second: RFC 7252's back-off would find it late. */
#define PROBE_MS 1000u
/* A host that is there gets this long for all it has to say. */
#define ANSWER_MS   60000u
#define NS_PER_MS   1000000u
#define REQUEST_MAX 2048u

static uint64_t clock_ms(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / NS_PER_MS;
}

uint64_t wall_clock_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

uint64_t monotonic_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

/* Splits "HOST:PORT" or "[HOST]:PORT" in place. */
static const char *split_port(char *host, char **name)
{
	char *colon = strrchr(host, ':');
	char *bracket = strchr(host, ']');

	*name = host;
	if (host[0] == '[' && bracket) {
		*name = host + 1;
		*bracket = 0;
		return bracket[1] == ':' ? bracket + 2 : "5683";
	}
	if (!colon || colon != strchr(host, ':'))
		return "5683";
	*colon = 0;
	return colon + 1;
}

bool client_open(
	struct client *client, const char *address, unsigned int wait_seconds, struct fault *fault)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *found = NULL;
	char copy[sizeof(client->address)], *name;
	const char *port;
	int error;

	*client = (struct client){.socket = -1};
	snprintf(client->address, sizeof(client->address), "%s", address);
	snprintf(copy, sizeof(copy), "%s", address);
	port = split_port(copy, &name);
	error = getaddrinfo(name, port, &hints, &found);
	if (error)
		return fault_set(fault, REASON_UNREACHABLE, "%s: %s", address, gai_strerror(error));
	client->socket = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (client->socket < 0 || connect(client->socket, found->ai_addr, found->ai_addrlen) != 0)
		fault_set(fault, REASON_UNREACHABLE, "%s: %s", address, strerror(errno));
	freeaddrinfo(found);
	client->give_up_ms = monotonic_ms() + (uint64_t)wait_seconds * 1000;
	return client->socket >= 0 && fault->reason == REASON_NONE;
}

void client_close(struct client *client)
{
	if (client->socket >= 0)
		close(client->socket);
	client->socket = -1;
}

/* One datagram, if one comes within the time. */
static void receive(struct client *client, struct exchange *exchange, uint64_t wait_ms)
{
	struct pollfd ready = {.fd = client->socket, .events = POLLIN};
	uint8_t datagram[65536];
	ssize_t size;

	if (poll(&ready, 1, (int)(wait_ms < 60000 ? wait_ms : 60000)) <= 0)
		return;
	size = recv(client->socket, datagram, sizeof(datagram), MSG_DONTWAIT);
	if (size < 0) {
		client->refused |= errno == ECONNREFUSED;
		/* A refusal wakes poll at once; without a pause we would spin. */
		if (errno == ECONNREFUSED)
			poll(NULL, 0, (int)(wait_ms < 200 ? wait_ms : 200));
		return;
	}
	if (client->first_answer_ms == 0) {
		uint64_t enough = monotonic_ms() + ANSWER_MS;

		client->first_answer_ms = wall_clock_ms();
		if (client->give_up_ms < enough)
			client->give_up_ms = enough;
	}
	client->wire.datagrams_received++;
	client->wire.bytes_received += (size_t)size;
	client->wire.last_ms = monotonic_ms();
	exchange_receive(exchange, datagram, (size_t)size);
}

static void count_sent(struct wire *wire, size_t size)
{
	if (wire->datagrams_sent++ == 0)
		wire->first_ms = monotonic_ms();
	wire->bytes_sent += size;
}

/* Runs one exchange until it ends, the client gives up, or nothing was ever heard for a second. */
static void run(struct client *client, struct exchange *exchange)
{
	uint64_t probe_until = monotonic_ms() + PROBE_MS;
	uint8_t datagram[COAP_DATAGRAM_MAX];

	while (exchange->state == EXCHANGE_RUNNING) {
		uint64_t now = monotonic_ms(), wait_ns, until;
		size_t size;

		if (now >= client->give_up_ms ||
			(client->first_answer_ms == 0 && now >= probe_until))
			return;
		size = exchange_poll(
			exchange, now * NS_PER_MS, datagram, sizeof(datagram), &wait_ns);
		if (exchange->state != EXCHANGE_RUNNING)
			return;
		if (size) {
			count_sent(&client->wire, size);
			(void)!send(client->socket, datagram, size, MSG_NOSIGNAL);
		}
		until = now + wait_ns / NS_PER_MS + 1;
		if (client->first_answer_ms == 0 && until > probe_until)
			until = probe_until;
		if (until > client->give_up_ms)
			until = client->give_up_ms;
		receive(client, exchange, until > now ? until - now : 0);
	}
}

static bool unreachable(const struct client *client, struct fault *fault)
{
	fault_set(fault, REASON_UNREACHABLE, "%s (UDP)", client->address);
	fault_expected(fault, "a CoAP answer");
	if (client->first_answer_ms)
		return fault_found(fault, "answers that broke off; %u datagrams were sent",
			client->wire.datagrams_sent);
	return fault_found(fault, "nothing after %u datagrams%s", client->wire.datagrams_sent,
		client->refused ? "; the port was reported closed" : "");
}

static bool refused(const struct exchange *exchange, struct fault *fault)
{
	fault_set(fault, REASON_REFUSED, "CoAP answer %u.%02u %s", COAP_CODE_CLASS(exchange->code),
		COAP_CODE_DETAIL(exchange->code), coap_code_name(exchange->code));
	fault_found(fault, "%s", exchange->diagnostic);
	if (exchange->status == VMK_BUSY && exchange->code)
		fault_expected(fault, "a pause of %u s", exchange->max_age_s);
	return false;
}

/* Too many requests: come back when the host says, if there is time for that. */
static bool pause_for(struct client *client, const struct exchange *exchange)
{
	uint64_t until = monotonic_ms() + (uint64_t)exchange->max_age_s * 1000;

	if (exchange->status != VMK_BUSY || exchange->code == 0 || until > client->give_up_ms)
		return false;
	poll(NULL, 0, (int)(exchange->max_age_s * 1000));
	return true;
}

static bool exchange_all(struct client *client, const uint8_t *request, size_t request_size,
	struct bytes *body, struct fault *fault)
{
	struct exchange exchange;
	uint64_t seed;

	for (;;) {
		if (RAND_bytes((unsigned char *)&seed, sizeof(seed)) != 1)
			return fault_set(fault, REASON_STATE, "OpenSSL: no random numbers");
		exchange_init(&exchange, request, request_size, body->data, CLIENT_ANSWER_MAX,
			COAP_SZX_MAX, seed);
		run(client, &exchange);
		if (exchange.state == EXCHANGE_DONE) {
			body->size = exchange.body_size;
			return true;
		}
		if (exchange.state == EXCHANGE_FAILED && exchange.status == VMK_BAD_FORMAT)
			return fault_set(fault, REASON_MALFORMED, "CoAP answer");
		if (exchange.state == EXCHANGE_FAILED && exchange.status != VMK_TIMEOUT &&
			!pause_for(client, &exchange))
			return refused(&exchange, fault);
		if (monotonic_ms() >= client->give_up_ms)
			return unreachable(client, fault);
	}
}

bool client_ask(struct client *client, const struct tap_request *request,
	struct tap_response *response, struct bytes *body, struct fault *fault)
{
	uint8_t encoded[REQUEST_MAX];
	struct tap_error error = {0};
	size_t size;

	*body = (struct bytes){0};
	if (tap_encode_request(request, encoded, sizeof(encoded), &size) != VMK_OK)
		return fault_set(fault, REASON_MALFORMED, "the request does not fit");
	body->data = must_alloc(CLIENT_ANSWER_MAX, 1);
	if (!exchange_all(client, encoded, size, body, fault)) {
		bytes_free(body);
		return false;
	}
	if (tap_decode_response(body->data, body->size, response, &error) == VMK_OK)
		return true;
	fault_set(fault, REASON_MALFORMED, "answer: %s at byte %zu",
		error.what ? error.what : "response", error.offset);
	fault_found(fault, "%s", error.why ? error.why : "not a response");
	bytes_free(body);
	return false;
}

json_t *wire_to_json(const struct wire *wire)
{
	uint64_t ms = wire->last_ms > wire->first_ms ? wire->last_ms - wire->first_ms : 0;

	return json_pack("{s:i, s:I, s:i, s:I, s:I}", "datagrams-sent", (int)wire->datagrams_sent,
		"bytes-sent", (json_int_t)wire->bytes_sent, "datagrams-received",
		(int)wire->datagrams_received, "bytes-received", (json_int_t)wire->bytes_received,
		"milliseconds", (json_int_t)ms);
}
