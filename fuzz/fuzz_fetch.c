/* sources: attest/verifier/fetch.c */
/* plain: attest/verifier/evidence.c attest/verifier/bytes.c kernel/lib/hex.c */
/* plain: attest/verifier/fault.c attest/verifier/reason.c attest/wire/tap.c attest/wire/cbor.c */
/* libs: -lcrypto -ljansson */
/* coverage: edges */
/*
 * What a host answers, again and again, until its logs are whole: the pieces of a good host's logs,
 * with starts, totals and lengths that the input changes, quotes and logs that nobody asked for.
 * Beside it a naive account of what has been taken: each question goes on where the last piece
 * ended and asks for nothing that is whole; a piece that does not fit ends it, and so do answers
 * without end; what comes of it is all pieces in order. Input: four bytes of what is asked for,
 * then answers, a byte and up to three pieces of four.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/types.h"
#include "verifier/credential.h"
#include "verifier/fetch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADER_BYTES 4u
#define PIECE_BYTES  4u
#define PIECES_MAX   3u
#define LOG_BYTES    2048u /* of a good host's log at most */
#define ASKS_MAX     259u  /* the first question, the challenge, and reading on */
#define ASKS_MIN     257u  /* before that ends for their number */

enum { LOGS_ONLY = 1, CREDENTIAL = 2, WHOLE_AUDIT = 4, HOST_WAS_THERE = 8, ENDLESS = 16 };
enum { QUOTES = 4, NO_QUOTE = 8, SILENT = 16 };
/* Of a piece: what is not as it should be. */
enum { OTHER_LOG = 1, OTHER_START = 2, OTHER_TOTAL = 4, TOO_LONG = 8, SHRINKS = 16 };

static struct {
	const uint8_t *data;
	size_t size, at;
	uint32_t asked; /* bit n: that log, from the beginning on */
	uint32_t named; /* those that a question has been for */
	size_t known;   /* bytes of the audit log that there are beforehand */
	size_t have[LOG_COUNT], wanted[LOG_COUNT], total[LOG_COUNT];
	bool seen[LOG_COUNT];
	bool quoted, wrong, silent; /* wrong: an answer that has to end it */
	unsigned asks;
} host;
static uint8_t text[LOG_COUNT][LOG_BYTES];

static void require(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "fetch: not so: %s\n", what);
	abort();
}

uint64_t wall_clock_ms(void)
{
	return 42;
}

static uint8_t next(void)
{
	return host.at < host.size ? host.data[host.at++] : 0;
}

/* It is asked for what is not there yet, from where it ended. */
static void check_question(const struct tap_request *request)
{
	require(++host.asks <= ASKS_MAX, "an end");
	require(request->log_count <= TAP_LOGS_MAX, "no more logs than there is room for");
	for (size_t i = 0; i < request->log_count; i++) {
		const struct tap_log_request *log = &request->logs[i];
		char name[16] = {0};
		enum log_id id;

		memcpy(name, log->id, MIN(log->id_size, sizeof(name) - 1));
		id = log_find(name);
		require(id < LOG_COUNT && (host.asked >> id & 1), "a log that is wanted");
		require(log->start == host.have[id], "from where it ended");
		require(!host.seen[id] || host.have[id] < host.wanted[id], "what is not there yet");
		host.named |= 1u << id;
	}
}

static void take(enum log_id id, const struct tap_log *log, bool was_asked)
{
	if (host.wrong)
		return;
	if (was_asked && !host.seen[id] && host.have[id] && log->total < host.have[id]) {
		host.have[id] = 0; /* of another boot */
	} else if (!was_asked || log->start != host.have[id] || log->total > EVIDENCE_LOG_MAX ||
		   log->total < log->start || log->content.size > log->total - log->start ||
		   (host.seen[id] && log->total < host.have[id])) {
		host.wrong = true;
		return;
	} else {
		host.have[id] += log->content.size;
	}
	if (!host.seen[id])
		host.wanted[id] = log->total;
	host.seen[id] = true;
}

static bool is_in(const struct tap_request *request, enum log_id id)
{
	for (size_t i = 0; i < request->log_count; i++)
		if (request->logs[i].id_size == strlen(log_name(id)) &&
			!memcmp(request->logs[i].id, log_name(id), request->logs[i].id_size))
			return true;
	return false;
}

static void make_piece(const struct tap_request *request, struct tap_log *log)
{
	const uint8_t which = next(), wrong = next(), length = next(), more = next();
	enum log_id id = which % LOG_COUNT;
	const char *name;

	if (request->log_count && !(wrong & OTHER_LOG))
		for (id = 0; !is_in(request, id); id++)
			;
	name = log_name(id);
	*log = (struct tap_log){.id = name,
		.id_size = strlen(name),
		.start = host.have[id],
		.total = host.total[id]};
	if (wrong & OTHER_START)
		log->start += more;
	if (wrong & OTHER_TOTAL)
		log->total = more & 1 ? UINT64_MAX - more : EVIDENCE_LOG_MAX - 1 + more;
	if (wrong & SHRINKS)
		log->total = MIN(log->total, (uint64_t)more);
	log->content.data = text[id] + MIN(log->start, (uint64_t)LOG_BYTES);
	log->content.size = MIN(wrong & TOO_LONG ? LOG_BYTES : 8u * length,
		LOG_BYTES - MIN(log->start, (uint64_t)LOG_BYTES));
	if (!(wrong & TOO_LONG) && log->start <= log->total)
		log->content.size = MIN(log->content.size, log->total - log->start);
	take(id, log, is_in(request, id));
}

bool client_ask(struct client *client, const struct tap_request *request,
	struct tap_response *response, struct bytes *body, struct fault *fault)
{
	static const uint8_t quote[] = "quote", no_nonce[8];
	const bool first = request->nonce.size == sizeof(no_nonce);
	const bool over = host.at >= host.size && !(host.data[0] & ENDLESS);
	const uint8_t how = over ? SILENT : next();

	require(!host.wrong && !host.silent, "no question after an answer that is wrong");
	check_question(request);
	client->first_answer_ms = 1;
	*response = (struct tap_response){0};
	*body = (struct bytes){0};
	if (how & SILENT) {
		host.silent = true;
		return fault_set(fault, REASON_UNREACHABLE, "it is silent");
	}
	if (first)
		return true;
	response->has_quote = (!request->hello && !(how & NO_QUOTE)) || (how & QUOTES);
	if (response->has_quote) {
		response->attest = (struct tap_bytes){quote, sizeof(quote)};
		response->signature = (struct tap_bytes){quote, sizeof(quote)};
		host.wrong = host.quoted;
		host.quoted = true;
	} else if (!request->hello) {
		host.wrong = true;
	}
	response->log_count = how % (PIECES_MAX + 1);
	for (size_t i = 0; i < response->log_count; i++)
		make_piece(request, &response->logs[i]);
	return true;
}

/* All that was taken, in order, and all was asked for. */
static void check_logs(const struct evidence *evidence)
{
	require(host.named == host.asked, "each log asked for");
	for (unsigned i = 0; i < LOG_COUNT; i++) {
		const struct bytes *log = &evidence->logs[i];

		require(log->size == host.have[i], "as much as came");
		require(!log->size || !memcmp(log->data, text[i], log->size), "as it came");
		require(!host.seen[i] || log->size >= host.wanted[i], "all of it");
	}
}

/* It fails by an answer, or when there are too many of them. */
static void check_end(bool good)
{
	const bool refused = host.wrong || host.silent;

	require(!good || !refused, "refused");
	require(good || refused || host.asks >= ASKS_MIN, "taken");
}

static void run(uint8_t options, const struct bytes *known)
{
	static uint8_t sealed[4];
	const struct credential credential = {
		.blob = {sealed, sizeof(sealed)}, .encrypted = {sealed, sizeof(sealed)}};
	const struct fetch fetch = {.host = "h",
		.pcr_mask = 0x7e0000,
		.logs_only = options & LOGS_ONLY,
		.credential = options & CREDENTIAL ? &credential : NULL,
		.logs = host.asked,
		.audit = known};
	struct client client = {.first_answer_ms = options & HOST_WAS_THERE ? 1 : 0};
	struct evidence evidence;
	struct fault fault = {0};
	bool good = fetch_evidence(&evidence, &client, &fetch, &fault);

	check_end(good);
	if (!good)
		return;
	check_logs(&evidence);
	if (options & WHOLE_AUDIT) {
		host.asked = 1u << LOG_AUDIT;
		host.named = 0;
		host.have[LOG_AUDIT] = 0;
		memset(host.seen, 0, sizeof(host.seen));
		host.asks = 0;
		good = fetch_whole_audit(&evidence, &client, &fetch, &fault);
		check_end(good);
		if (good)
			check_logs(&evidence);
	}
	evidence_free(&evidence);
}

static void write_logs(void)
{
	for (unsigned i = 0; i < LOG_COUNT; i++)
		for (unsigned n = 0; n < LOG_BYTES; n++)
			text[i][n] = (uint8_t)(n * 7 + i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes known = {text[LOG_AUDIT], 0};

	if (size < HEADER_BYTES)
		return 0;
	memset(&host, 0, sizeof(host));
	host.data = data;
	host.size = size;
	host.at = HEADER_BYTES;
	host.asked = (data[1] | (uint32_t)data[2] << 8) & ((1u << LOG_COUNT) - 1);
	for (unsigned i = 0; i < LOG_COUNT; i++)
		host.total[i] = (data[3] * (i + 1) * 37u) % LOG_BYTES;
	if (!text[0][1])
		write_logs();
	if (data[0] & 128) {
		known.size = 8u * (data[2] >> 2);
		host.have[LOG_AUDIT] = known.size;
	}
	run(data[0], &known);
	return 0;
}
