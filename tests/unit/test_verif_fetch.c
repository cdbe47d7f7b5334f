/* sources: attest/verifier/fetch.c attest/verifier/evidence.c attest/verifier/bytes.c */
/* sources: kernel/lib/hex.c */
/* sources: attest/verifier/fault.c attest/verifier/reason.c attest/wire/tap.c attest/wire/cbor.c */
/* libs: -lcrypto -ljansson */
/* Fetching: long logs come in pieces, and nothing is taken that was not asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "verifier/fetch.h"

/* A host that answers as told, in place of the network. */
static struct {
	const char *log;  /* each of its logs */
	size_t piece;     /* bytes of it in one answer */
	size_t shrink_to; /* claims this total from the second answer on; 0: does not */
	bool no_quote;
	bool unasked_log;
	bool quote_always;
	unsigned int questions;
	size_t sent; /* bytes of log */
} script;

uint64_t wall_clock_ms(void)
{
	return 42;
}

static void answer_log(const struct tap_log_request *request, struct tap_log *log)
{
	const size_t start = request->start;
	size_t total = strlen(script.log), left;

	if (script.shrink_to && start)
		total = script.shrink_to;
	left = start < total ? total - start : 0;
	*log = (struct tap_log){
		.id = script.unasked_log ? "vmk" : request->id,
		.id_size = script.unasked_log ? 3 : request->id_size,
		.start = start,
		.total = total,
		.content = {(const uint8_t *)script.log + start,
			left < script.piece ? left : script.piece},
	};
	script.sent += log->content.size;
}

bool client_ask(struct client *client, const struct tap_request *request,
	struct tap_response *response, struct bytes *body, struct fault *fault)
{
	client->first_answer_ms = 1;
	*body = bytes_copy("", 0);
	*response = (struct tap_response){0};
	script.questions++;
	if ((!request->hello && !script.no_quote) || script.quote_always) {
		response->has_quote = true;
		response->attest = (struct tap_bytes){(const uint8_t *)"attest", 6};
		response->signature = (struct tap_bytes){(const uint8_t *)"signature", 9};
	}
	assert_in_range(request->log_count, 0, TAP_LOGS_MAX);
	response->log_count = request->log_count;
	for (size_t i = 0; i < request->log_count; i++)
		answer_log(&request->logs[i], &response->logs[i]);
	return true;
}

static struct evidence evidence;
static struct fault fault;

static bool fetch_logs(uint32_t logs, const char *log, size_t piece)
{
	struct client client = {0};
	struct fetch what = {.host = "h", .pcr_mask = 0x7e0000, .logs = logs};

	script.log = log;
	script.piece = piece;
	script.questions = 0;
	fault = (struct fault){0};
	return fetch_evidence(&evidence, &client, &what, &fault);
}

static bool fetch(const char *log, size_t piece)
{
	return fetch_logs(1u << LOG_TXT_DRTM, log, piece);
}

static void takes_it_in_one(void **state)
{
	assert_true(fetch("short log", 100));
	assert_int_equal(script.questions, 2); /* one of them empty, to see that it is there */
	assert_int_equal(evidence.logs[LOG_TXT_DRTM].size, 9);
	assert_int_equal(evidence.nonce_size, FETCH_NONCE_SIZE);
	assert_memory_equal(evidence.attest.data, "attest", 6);
	evidence_free(&evidence);
}

static void takes_it_in_pieces(void **state)
{
	assert_true(fetch("a log that comes in pieces", 5));
	assert_memory_equal(evidence.logs[LOG_TXT_DRTM].data, "a log that comes in pieces", 26);
	assert_int_equal(evidence.logs[LOG_TXT_DRTM].size, 26);
	evidence_free(&evidence);
}

/* A request has room for fewer logs than there are: those left over come with the next one. */
static void takes_all_logs_that_there_are(void **state)
{
	for (size_t piece = 1; piece <= 4; piece++) {
		assert_true(fetch_logs((1u << LOG_COUNT) - 1, "log", piece));
		for (unsigned int i = 0; i < LOG_COUNT; i++) {
			assert_int_equal(evidence.logs[i].size, 3);
			assert_memory_equal(evidence.logs[i].data, "log", 3);
		}
		assert_memory_equal(evidence.attest.data, "attest", 6);
		evidence_free(&evidence);
	}
	assert_int_equal(script.questions, 3);
}

/* Of the audit log only what is new has to come, unless it is another one. */
static bool fetch_audit(const char *log, const char *known)
{
	struct client client = {0};
	struct bytes bytes = {(uint8_t *)known, strlen(known)};
	struct fetch what = {
		.host = "h", .pcr_mask = 0x7e0000, .logs = 1u << LOG_AUDIT, .audit = &bytes};

	script.log = log;
	script.piece = 100;
	script.questions = 0;
	script.sent = 0;
	fault = (struct fault){0};
	return fetch_evidence(&evidence, &client, &what, &fault);
}

static void reads_the_audit_log_on(void **state)
{
	assert_true(fetch_audit("records and more", "records"));
	assert_memory_equal(evidence.logs[LOG_AUDIT].data, "records and more", 16);
	assert_int_equal(script.sent, 9);
	evidence_free(&evidence);
	assert_true(fetch_audit("records", "records"));
	assert_int_equal(evidence.logs[LOG_AUDIT].size, 7);
	assert_int_equal(script.sent, 0);
	evidence_free(&evidence);
}

static void starts_again_where_the_audit_log_is_shorter(void **state)
{
	assert_true(fetch_audit("new", "records"));
	assert_int_equal(evidence.logs[LOG_AUDIT].size, 3);
	assert_memory_equal(evidence.logs[LOG_AUDIT].data, "new", 3);
	evidence_free(&evidence);
	assert_true(fetch_audit("", "records"));
	assert_int_equal(evidence.logs[LOG_AUDIT].size, 0);
	evidence_free(&evidence);
}

static void fetches_the_whole_audit_log(void **state)
{
	struct client client = {0};
	struct fetch what = {.host = "h", .pcr_mask = 0x7e0000};

	assert_true(fetch_audit("another one", "records"));
	assert_memory_equal(evidence.logs[LOG_AUDIT].data, "records one", 11);
	script.piece = 4;
	assert_true(fetch_whole_audit(&evidence, &client, &what, &fault));
	assert_memory_equal(evidence.logs[LOG_AUDIT].data, "another one", 11);
	assert_int_equal(evidence.logs[LOG_AUDIT].size, 11);
	evidence_free(&evidence);
}

static void nonces_differ(void **state)
{
	uint8_t nonce[FETCH_NONCE_SIZE];

	assert_true(fetch("x", 1));
	memcpy(nonce, evidence.nonce, sizeof(nonce));
	evidence_free(&evidence);
	assert_true(fetch("x", 1));
	assert_memory_not_equal(nonce, evidence.nonce, sizeof(nonce));
	evidence_free(&evidence);
}

static void gives_up_on_a_log_without_end(void **state)
{
	assert_false(fetch("never any progress", 0));
	assert_int_equal(fault.reason, REASON_MALFORMED);
}

static void refuses_a_log_that_shrinks(void **state)
{
	script.shrink_to = 3;
	assert_false(fetch("shrinking log", 5));
	assert_non_null(strstr(fault.what, "shrank"));
	script.shrink_to = 0;
}

static void refuses_what_it_did_not_ask_for(void **state)
{
	script.unasked_log = true;
	assert_false(fetch("log", 100));
	assert_non_null(strstr(fault.what, "not asked for"));
	script.unasked_log = false;
	script.quote_always = true;
	assert_false(fetch("another quote for the second piece", 20));
	assert_non_null(strstr(fault.what, "second quote"));
	script.quote_always = false;
}

static void wants_a_quote(void **state)
{
	script.no_quote = true;
	assert_false(fetch("log", 100));
	assert_non_null(strstr(fault.what, "no quote"));
	script.no_quote = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_it_in_one),
		cmocka_unit_test(takes_it_in_pieces),
		cmocka_unit_test(takes_all_logs_that_there_are),
		cmocka_unit_test(nonces_differ),
		cmocka_unit_test(reads_the_audit_log_on),
		cmocka_unit_test(starts_again_where_the_audit_log_is_shorter),
		cmocka_unit_test(fetches_the_whole_audit_log),
		cmocka_unit_test(gives_up_on_a_log_without_end),
		cmocka_unit_test(refuses_a_log_that_shrinks),
		cmocka_unit_test(refuses_what_it_did_not_ask_for),
		cmocka_unit_test(wants_a_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
