#include "agent/server.h"

#include <stdio.h>
#include <string.h>

#include "wire/coap.h"

#define NS_PER_S       1000000000ull
#define DIAGNOSTIC_MAX 64
#define RETRY_BUSY_S   2
/* In tokens of the source: no single address comes up to the rate at which the TPM is asked. */
#define TPM_PRICE 2

const struct agent_limits agent_default_limits = {
	.source = {.burst = 16, .interval_ns = NS_PER_S / 4},
	.tpm = {.burst = 8, .interval_ns = NS_PER_S / 4},
	.note = {.burst = 8, .interval_ns = 10 * NS_PER_S},
};

/* What is known of the request while it is handled, and the answer as it takes shape. */
struct turn {
	struct agent *agent;
	const struct agent_address *from;
	uint64_t now_ns;
	struct coap_message in;
	struct coap_block block; /* which part of the answer is wanted */
	bool has_block;
	bool reachable; /* the Echo option proved the client's address */

	uint8_t code;
	bool challenge;
	uint32_t max_age_s;    /* 0: no option */
	struct answer *answer; /* of 2.05 */
	char diagnostic[DIAGNOSTIC_MAX + 1];
};

enum vmk_status agent_init(struct agent *agent, const struct agent_ops *ops, void *context,
	const struct agent_limits *limits)
{
	enum vmk_status status;

	memset(agent, 0, offsetof(struct agent, answers));
	answers_init(&agent->answers);
	agent->ops = ops;
	agent->context = context;
	agent->limits = *limits;
	status = ops->random(context, agent->echo_key, sizeof(agent->echo_key));
	if (status != VMK_OK)
		return status;
	return ops->random(context, &agent->next_id, sizeof(agent->next_id));
}

/* A stranger decides how often this is called: the log gets a few lines, then a count. */
static void note_refusal(struct turn *turn, const char *what)
{
	struct agent *agent = turn->agent;
	const uint8_t *ip = turn->from->ip + 12;
	char line[160];
	uint64_t wait;

	if (!bucket_take(&agent->notes, &agent->limits.note, turn->now_ns, &wait)) {
		agent->notes_dropped++;
		return;
	}
	snprintf(line, sizeof(line), "refused %u.%u.%u.%u:%u: %s (%llu more not shown)", ip[0],
		ip[1], ip[2], ip[3], turn->from->port, what,
		(unsigned long long)agent->notes_dropped);
	agent->notes_dropped = 0;
	agent->ops->note(agent->context, line);
}

static void refuse(struct turn *turn, uint8_t code, const char *what, const char *why)
{
	turn->code = code;
	snprintf(turn->diagnostic, sizeof(turn->diagnostic), "%s%s%s", what, why[0] ? ": " : "",
		why);
}

static void refuse_busy(struct turn *turn, uint8_t code, uint64_t wait_ns, const char *what)
{
	refuse(turn, code, what, "");
	turn->max_age_s = (uint32_t)((wait_ns + NS_PER_S - 1) / NS_PER_S);
	note_refusal(turn, what);
}

/* RFC 7252 5.4.5: an option that may not be repeated counts as unknown the second time. */
static bool check_option(struct turn *turn, const struct coap_option *option, bool repeated)
{
	uint32_t value;

	if (!(option->number & 1))
		return true; /* elective: looked up where it is used */
	switch (repeated ? UINT32_MAX : option->number) {
	case COAP_OPT_URI_HOST:
	case COAP_OPT_URI_PORT:
		return true; /* this host has one name space */
	case COAP_OPT_PROXY_URI:
	case COAP_OPT_PROXY_SCHEME:
		refuse(turn, COAP_NO_PROXYING, "not a proxy", "");
		return false;
	case COAP_OPT_ACCEPT:
		if (coap_option_uint(option, 2, &value) && value == COAP_FORMAT_CBOR)
			return true;
		refuse(turn, COAP_NOT_ACCEPTABLE, "only application/cbor", "");
		return false;
	case COAP_OPT_BLOCK2:
		if (coap_option_uint(option, 3, &value) && coap_block_decode(value, &turn->block)) {
			turn->has_block = true;
			return true;
		}
		refuse(turn, COAP_BAD_REQUEST, "Block2", "malformed");
		return false;
	case COAP_OPT_BLOCK1:
		refuse(turn, COAP_REQUEST_TOO_LARGE, "request", "must fit one datagram");
		return false;
	default:
		refuse(turn, COAP_BAD_OPTION, "critical option", "unknown or repeated");
		return false;
	}
}

/* Options and path. True when this is a request for /attest that may be looked into. */
static bool check_options(struct turn *turn)
{
	struct coap_option option = {0};
	uint32_t previous = 0, format;
	size_t segments = 0;
	bool path = false;

	turn->block.szx = COAP_SZX_MAX;
	while (coap_next_option(&turn->in, &option)) {
		if (option.number == COAP_OPT_URI_PATH) {
			path = !segments++ && option.size == 6 &&
			       !memcmp(option.value, "attest", 6);
		} else if (!check_option(turn, &option, option.number == previous)) {
			return false;
		}
		previous = option.number;
	}
	if (!path) {
		refuse(turn, COAP_NOT_FOUND, "only /attest is here", "");
		return false;
	}
	if (turn->in.code != COAP_FETCH) {
		refuse(turn, COAP_METHOD_NOT_ALLOWED, "only FETCH", "");
		return false;
	}
	if (!coap_find_uint(&turn->in, COAP_OPT_CONTENT_FORMAT, &format) ||
		format != COAP_FORMAT_CBOR) {
		refuse(turn, COAP_UNSUPPORTED_FORMAT, "only application/cbor", "");
		return false;
	}
	return true;
}

static void check_echo(struct turn *turn)
{
	struct coap_option echo;

	turn->reachable =
		coap_find_option(&turn->in, COAP_OPT_ECHO, &echo) &&
		echo_valid(turn->agent->echo_key, turn->from, turn->now_ns, echo.value, echo.size);
}

static bool take_tokens(struct turn *turn, bool tpm)
{
	struct agent *agent = turn->agent;
	struct bucket *source = bucket_of(&agent->sources, turn->from->ip);
	uint64_t wait;

	if (!bucket_take_some(
		    source, &agent->limits.source, tpm ? TPM_PRICE : 1, turn->now_ns, &wait)) {
		refuse_busy(
			turn, COAP_TOO_MANY_REQUESTS, wait, "too many requests from this address");
		return false;
	}
	if (tpm && !bucket_take(&agent->tpm, &agent->limits.tpm, turn->now_ns, &wait)) {
		refuse_busy(turn, COAP_TOO_MANY_REQUESTS, wait, "too many requests to the TPM");
		return false;
	}
	return true;
}

static void make_answer(struct turn *turn, const struct tap_request *request)
{
	struct agent *agent = turn->agent;
	struct answer *answer;
	enum vmk_status status;
	const char *why;

	answer = answers_claim(
		&agent->answers, turn->from, turn->in.payload, turn->in.payload_size, turn->now_ns);
	if (!answer) {
		refuse_busy(turn, COAP_UNAVAILABLE, RETRY_BUSY_S * NS_PER_S, "too many transfers");
		return;
	}
	answer->message_id = turn->in.id;
	status = agent_make_body(agent, request, answer, &why);
	if (status == VMK_OK) {
		why = "random";
		status = agent->ops->random(agent->context, answer->etag, sizeof(answer->etag));
	}
	if (status != VMK_OK) {
		answers_release(answer);
		refuse(turn, COAP_INTERNAL_ERROR, why, vmk_status_name(status));
		note_refusal(turn, turn->diagnostic);
		return;
	}
	agent->stats.answers++;
	turn->answer = answer;
}

/* The first request of a transfer, from a client that is where it says. */
static void begin_transfer(struct turn *turn)
{
	struct tap_request request;
	struct tap_error error;
	enum vmk_status status;

	if (turn->in.payload_size > ANSWER_REQUEST_MAX) {
		refuse(turn, COAP_REQUEST_TOO_LARGE, "request", "too large");
		return;
	}
	status = tap_decode_request(turn->in.payload, turn->in.payload_size, &request, &error);
	if (status != VMK_OK) {
		refuse(turn, COAP_BAD_REQUEST, error.what, error.why);
		return;
	}
	if (request.key_id.size) {
		refuse(turn, COAP_NOT_FOUND, "key-id", "no such key");
		return;
	}
	if (!agent_knows_logs(&request)) {
		refuse(turn, COAP_NOT_FOUND, "log id", "no such log");
		return;
	}
	if (take_tokens(turn, agent_asks_tpm(&request)))
		make_answer(turn, &request);
}

static void handle_fetch(struct turn *turn)
{
	struct answer *answer;

	answer = answers_find(&turn->agent->answers, turn->from, turn->in.payload,
		turn->in.payload_size, turn->now_ns);
	if (turn->block.number && !answer) {
		refuse(turn, COAP_INCOMPLETE, "answer is gone", "start again");
		return;
	}
	/* The same message again gets the same answer; a new one with block 0 gets a new quote. */
	if (answer && (turn->block.number ||
			      (turn->in.payload_size && answer->message_id == turn->in.id)))
		turn->answer = answer;
	else
		begin_transfer(turn);
	if (!turn->answer)
		return;
	if ((uint64_t)turn->block.number * coap_block_size(&turn->block) >=
		turn->answer->body_size) {
		turn->answer = NULL;
		refuse(turn, COAP_BAD_REQUEST, "Block2", "past the end");
		return;
	}
	turn->code = COAP_CONTENT;
}

static void handle_request(struct turn *turn)
{
	check_echo(turn);
	if (!check_options(turn))
		return;
	if (!turn->reachable) {
		turn->code = COAP_UNAUTHORIZED;
		turn->challenge = true;
		return;
	}
	handle_fetch(turn);
}

static void put_content(struct turn *turn, struct coap_writer *out)
{
	struct answer *answer = turn->answer;
	size_t size = coap_block_size(&turn->block), offset = turn->block.number * size;
	size_t left = answer->body_size - offset;

	turn->block.more = left > size;
	if (!turn->block.more) {
		size = left;
		answer->complete = true;
	}
	coap_put_option(out, COAP_OPT_ETAG, answer->etag, sizeof(answer->etag));
	coap_put_uint(out, COAP_OPT_CONTENT_FORMAT, COAP_FORMAT_CBOR);
	if (turn->has_block || turn->block.more)
		coap_put_uint(out, COAP_OPT_BLOCK2, coap_block_encode(&turn->block));
	if (!turn->block.number && turn->block.more)
		coap_put_uint(out, COAP_OPT_SIZE2, (uint32_t)answer->body_size);
	coap_put_payload(out, answer->body + offset, size);
	turn->agent->stats.blocks++;
}

static void begin_reply(struct turn *turn, struct coap_writer *out, void *reply, size_t capacity)
{
	bool confirmable = turn->in.type == COAP_CON;

	coap_begin(out, reply, capacity, confirmable ? COAP_ACK : COAP_NON, turn->code,
		confirmable ? turn->in.id : turn->agent->next_id++, turn->in.token,
		turn->in.token_size);
}

static size_t write_reply(struct turn *turn, void *reply, size_t capacity)
{
	uint8_t echo[ECHO_VALUE_SIZE];
	struct coap_writer out;

	begin_reply(turn, &out, reply, capacity);
	if (turn->answer) {
		put_content(turn, &out);
		return coap_finish(&out);
	}
	if (turn->max_age_s)
		coap_put_uint(&out, COAP_OPT_MAX_AGE, turn->max_age_s);
	if (turn->challenge) {
		echo_make(turn->agent->echo_key, turn->from, turn->now_ns, echo);
		coap_put_option(&out, COAP_OPT_ECHO, echo, sizeof(echo));
		turn->agent->stats.challenges++;
	} else {
		turn->agent->stats.refusals++;
	}
	if (turn->reachable)
		coap_put_payload(&out, turn->diagnostic, strlen(turn->diagnostic));
	return coap_finish(&out);
}

static size_t reset(const struct coap_message *in, void *reply, size_t capacity)
{
	struct coap_writer out;

	coap_begin(&out, reply, capacity, COAP_RST, COAP_EMPTY, in->id, NULL, 0);
	return coap_finish(&out);
}

static size_t handle(
	struct turn *turn, const void *datagram, size_t size, void *reply, size_t capacity)
{
	enum vmk_status status = coap_parse(datagram, size, &turn->in);

	if (status == VMK_UNSUPPORTED || size < COAP_HEADER_SIZE)
		return 0;
	if (turn->in.type != COAP_CON && turn->in.type != COAP_NON)
		return 0;
	/* RFC 7252 4.2, 4.3: what cannot be understood is reset if confirmable, else ignored. */
	if (status != VMK_OK || COAP_CODE_CLASS(turn->in.code) || turn->in.code == COAP_EMPTY)
		return turn->in.type == COAP_CON ? reset(&turn->in, reply, capacity) : 0;
	handle_request(turn);
	if (turn->in.type == COAP_NON && turn->code == COAP_BAD_OPTION)
		return 0; /* RFC 7252 5.4.1 */
	return write_reply(turn, reply, capacity);
}

size_t agent_receive(struct agent *agent, const struct agent_address *from, uint64_t now_ns,
	const void *datagram, size_t size, void *reply, size_t capacity)
{
	struct turn turn = {.agent = agent, .from = from, .now_ns = now_ns};
	size_t reply_size;

	agent->stats.datagrams++;
	reply_size = handle(&turn, datagram, size, reply, capacity);
	/* Last gate: nobody is sent more than was received from where he claims to be. */
	if (!turn.reachable && reply_size > size)
		reply_size = 0;
	agent->stats.silent += !reply_size;
	return reply_size;
}
