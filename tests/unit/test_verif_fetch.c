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
	const char *log;  /* its log */
	const char *id;   /* of that log; NULL: txt-drtm */
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

bool client_ask(struct client *client, const struct tap_request *request,
	struct tap_response *response, struct bytes *body, struct fault *fault)
{
	const char *id = script.id ? script.id : "txt-drtm";
	size_t total = strlen(script.log), start, left;

	client->first_answer_ms = 1;
	*body = bytes_copy("", 0);
	*response = (struct tap_response){0};
	script.questions++;
	if ((!request->hello && !script.no_quote) || script.quote_always) {
		response->has_quote = true;
		response->attest = (struct tap_bytes){(const uint8_t *)"attest", 6};
		response->signature = (struct tap_bytes){(const uint8_t *)"signature", 9};
	}
	if (request->log_count == 0)
		return true;
	if (script.shrink_to && request->logs[0].start)
		total = script.shrink_to;
	start = request->logs[0].start;
	left = start < total ? total - start : 0;
	response->log_count = 1;
	response->logs[0] = (struct tap_log){
		.id = script.unasked_log ? "vmk" : id,
		.id_size = script.unasked_log ? 3 : strlen(id),
		.start = start,
		.total = total,
		.content = {(const uint8_t *)script.log + start,
			left < script.piece ? left : script.piece},
	};
	script.sent += response->logs[0].content.size;
	return true;
}

static struct evidence evidence;
static struct fault fault;

static bool fetch(const char *log, size_t piece)
{
	struct client client = {0};
	struct fetch what = {.host = "h", .pcr_mask = 0x7e0000, .logs = 1u << LOG_TXT_DRTM};

	script.log = log;
	script.piece = piece;
	script.questions = 0;
	fault = (struct fault){0};
	return fetch_evidence(&evidence, &client, &what, &fault);
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

/* Of the audit log only what is new has to come, unless it is another one. */
static bool fetch_audit(const char *log, const char *known)
{
	struct client client = {0};
	struct bytes bytes = {(uint8_t *)known, strlen(known)};
	struct fetch what = {
		.host = "h", .pcr_mask = 0x7e0000, .logs = 1u << LOG_AUDIT, .audit = &bytes};
	bool ok;

	script.log = log;
	script.id = "audit";
	script.piece = 100;
	script.questions = 0;
	script.sent = 0;
	fault = (struct fault){0};
	ok = fetch_evidence(&evidence, &client, &what, &fault);

	script.id = NULL;
	return ok;
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
	script.id = "audit";
	script.piece = 4;
	assert_true(fetch_whole_audit(&evidence, &client, &what, &fault));
	script.id = NULL;
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
