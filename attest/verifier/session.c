#include "verifier/session.h"

#include "lib/types.h"

#include <stdlib.h>
#include <string.h>

#include "verifier/checkquote.h"
#include "verifier/client.h"

bool session_open(struct session *s, const struct options *o, const char *host, struct fault *fault)
{
	s->store.lock = -1;
	return policy_load(&s->policy, o->policy, fault) &&
	       store_open(&s->store, o->state, o->head, fault) &&
	       store_load_host(&s->store, host, &s->host, fault) &&
	       key_load(&s->ak, &s->host.ak_public, "enrolled attestation key", fault) &&
	       key_load(&s->ek, &s->host.ek_public, "enrolled endorsement key", fault);
}

void session_close(struct session *s)
{
	appraisal_free(&s->appraisal);
	evidence_free(&s->evidence);
	key_free(&s->ak);
	key_free(&s->ek);
	host_free(&s->host);
	policy_free(&s->policy);
	store_close(&s->store);
}

static struct appraise_request request_of(const struct session *s, bool recorded)
{
	return (struct appraise_request){
		.evidence = &s->evidence,
		.policy = &s->policy,
		.host = &s->host,
		.key = &s->ak,
		.endorsement = &s->ek,
		.recorded = recorded,
		.max_age_ms = APPRAISE_MAX_AGE_MS,
	};
}

/* A quote that answered our challenge uses the nonce up, whatever else is wrong with it. */
static bool note_seen(struct session *s, struct fault *fault)
{
	const struct appraisal *a = &s->appraisal;

	if (a->states[CHECK_NONCE] != CHECK_PASSED)
		return true;
	host_use_nonce(&s->host, s->evidence.nonce, s->evidence.nonce_size, wall_clock_ms(),
		APPRAISE_MAX_AGE_MS);
	s->host.seen = true;
	s->host.reset_count = a->quote.reset_count;
	s->host.restart_count = a->quote.restart_count;
	s->host.firmware = a->quote.firmware;
	return store_save_host(&s->store, &s->host, fault);
}

/* So that next time only what is new has to come. */
static bool keep_audit(struct session *s, struct fault *fault)
{
	const struct appraisal *a = &s->appraisal;

	return a->states[CHECK_SEMANTICS] != CHECK_PASSED || !a->audit.proven ||
	       store_save_audit(&s->store, s->host.name, s->evidence.logs[LOG_AUDIT].data,
		       a->audit.proven_bytes, fault);
}

static bool append_record(struct session *s, double boot_seconds, struct fault *fault)
{
	struct appraise_request request = request_of(s, false);
	char digest[HEX_SIZE(DIGEST_SIZE)], path[STORE_PATH_MAX];
	json_t *content = json_object();

	hex_encode(digest, s->policy.sha256, DIGEST_SIZE);
	json_object_set_new(content, "time-ms", json_integer((json_int_t)wall_clock_ms()));
	json_object_set_new(content, "policy",
		json_pack("{s:s, s:s}", "name", s->policy.name, "sha256", digest));
	json_object_set_new(
		content, "verdict", verdict_to_json(&s->appraisal, &request, boot_seconds));
	json_object_set_new(content, "evidence", evidence_to_json(&s->evidence));
	return store_append(&s->store, content, path, fault);
}

void session_appraise(struct session *s, bool recorded, double boot_seconds)
{
	struct appraise_request request = request_of(s, recorded);
	struct appraisal *a = &s->appraisal;
	struct fault fault = {0};

	appraise(a, &request);
	if (recorded)
		return;
	a->states[CHECK_RECORD] = CHECK_PASSED;
	if (note_seen(s, &fault) && keep_audit(s, &fault) && append_record(s, boot_seconds, &fault))
		return;
	a->states[CHECK_RECORD] = CHECK_FAILED;
	if (a->trusted) {
		a->trusted = false;
		a->failed = CHECK_RECORD;
		a->fault = fault;
	}
}

int session_report(struct session *s, const struct options *o, bool recorded, double boot_seconds)
{
	struct appraise_request request = request_of(s, recorded);
	const struct appraisal *a = &s->appraisal;
	FILE *last_line = o->json ? stderr : stdout;
	struct fault fault = {0};

	if (o->out && !checkquote_write(o->out, a, &request, &fault))
		return command_failed(o, &fault);
	if (o->json) {
		json_t *verdict = verdict_to_json(a, &request, boot_seconds);

		if (!recorded)
			json_object_set_new(verdict, "wire", wire_to_json(&s->wire));
		json_dumpf(verdict, stdout, JSON_INDENT(1));
		putchar('\n');
		json_decref(verdict);
	} else {
		verdict_print(stdout, a, &request);
	}
	if (a->trusted)
		verdict_print_trusted(last_line, s->evidence.host, s->policy.launch, boot_seconds,
			recorded ? MAX(s->evidence.answered_ms, 1) : 0);
	else
		verdict_print_untrusted(last_line, s->evidence.host, &a->fault);
	return a->trusted ? EXIT_TRUSTED : EXIT_UNTRUSTED;
}
