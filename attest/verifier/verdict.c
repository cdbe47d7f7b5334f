#include "verifier/verdict.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "trust/evlog_read.h"
#include "verifier/auditlist.h"
#include "verifier/explain.h"
#include "verifier/hints.h"
#include "verifier/semantics.h"

#define HEARSAY_LINES_MAX 64u
#define HEARSAY_LINE_MAX  200u
#define LEVEL_TEXT_MAX    32u

static const char *const states[] = {"not-run", "passed", "failed"};

static void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_string(text ? text : ""));
}

static void set_digest(json_t *object, const char *key, const uint8_t digest[DIGEST_SIZE])
{
	char text[HEX_SIZE(DIGEST_SIZE)];

	hex_encode(text, digest, DIGEST_SIZE);
	set_text(object, key, text);
}

static void set_fault(json_t *object, const struct fault *fault)
{
	set_text(object, "reason", reason_code(fault->reason));
	set_text(object, "what", fault->what);
	set_text(object, "expected", fault->expected);
	set_text(object, "found", fault->found);
	set_text(object, "meaning", reason_meaning(fault->reason));
	set_text(object, "advice", reason_advice(fault->reason));
}

static json_t *checks_to_json(const struct appraisal *a)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < CHECK_COUNT; i++)
		json_array_append_new(
			array, json_pack("{s:i, s:s, s:s}", "number", (int)i + 1, "name",
				       check_name((enum check)i), "state", states[a->states[i]]));
	return array;
}

static json_t *quote_to_json(const struct quote *quote)
{
	json_t *object = json_object();
	char firmware[17];

	snprintf(firmware, sizeof(firmware), "%016" PRIx64, quote->firmware);
	json_object_set_new(object, "clock-ms", json_integer((json_int_t)quote->clock_ms));
	json_object_set_new(object, "clock-safe", json_boolean(quote->clock_safe));
	json_object_set_new(object, "reset-count", json_integer(quote->reset_count));
	json_object_set_new(object, "restart-count", json_integer(quote->restart_count));
	set_text(object, "firmware", firmware);
	set_digest(object, "pcr-digest", quote->pcr_digest);
	return object;
}

static json_t *pcrs_to_json(const struct appraisal *a, const struct appraise_request *r)
{
	json_t *object = json_object();

	for (unsigned int i = 0; i < PCR_COUNT; i++) {
		json_t *pcr;
		char key[4];

		if (!(r->policy->pcr_mask >> i & 1))
			continue;
		pcr = json_object();
		snprintf(key, sizeof(key), "%u", i);
		set_digest(pcr, "expected", r->policy->pcrs[i]);
		set_digest(pcr, "replayed", a->replay.pcr[i]);
		if (a->values_known)
			set_digest(pcr, "quoted", a->values[i]);
		json_object_set_new(object, key, pcr);
	}
	return object;
}

static json_t *step_to_json(
	const struct step *step, const struct appraisal *a, const struct appraise_request *r)
{
	json_t *object = json_object();
	char what[FAULT_TEXT];

	json_object_set_new(object, "pcr", json_integer(step->pcr));
	set_text(object, "mark", step_mark_name(step->mark));
	explain_subject(step, r->evidence, &a->events, what, sizeof(what));
	set_text(object, "what", what);
	if (step->found) {
		set_text(object, "log", log_name(step->found->log));
		json_object_set_new(object, "index", json_integer(step->found->index));
		set_text(object, "type", evlog_type_name(step->found->type));
		set_digest(object, "digest", step->found->digest);
	}
	if (step->expected) {
		set_text(object, "name", step->expected->name);
		set_text(object, "layer", layer_name(step->expected->layer));
		set_digest(object, "expected", step->expected->digest);
		if (step->expected->file)
			set_text(object, "file", step->expected->file->name);
	}
	return object;
}

static json_t *differences_to_json(const struct appraisal *a, const struct appraise_request *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < a->steps.count; i++) {
		struct fault fault = {0};
		json_t *object;

		explain(&fault, &a->steps.items[i], r->evidence, &a->events);
		if (fault.reason == REASON_NONE)
			continue;
		object = json_object();
		set_fault(object, &fault);
		json_object_set_new(object, "pcr", json_integer(a->steps.items[i].pcr));
		json_array_append_new(array, object);
	}
	return array;
}

/* Every line that the host reports about its launch, unproven. */
static json_t *hearsay_to_json(const struct bytes *launch)
{
	json_t *array = json_array();
	char line[HEARSAY_LINE_MAX];
	size_t at = 0;

	while (json_array_size(array) < HEARSAY_LINES_MAX &&
		launch_line(launch, &at, line, sizeof(line))) {
		printable(line);
		json_array_append_new(array, json_string(line));
	}
	return array;
}

/* The host's acceptance level, of the event that PCR 19 (12) proves. */
static void acceptance_level(const struct appraisal *a, char *level, size_t size)
{
	snprintf(level, size, "unproven");
	for (size_t i = 0; a->states[CHECK_SEMANTICS] == CHECK_PASSED && i < a->events.count; i++) {
		const struct event *event = &a->events.items[i];

		if (event->log == LOG_VMK && event->type == VMK_EV_SECURITY_OPTIONS &&
			semantics_field(event, "acceptanceLevel", level, size))
			return;
	}
}

json_t *verdict_refusal_to_json(const char *host, const struct fault *fault)
{
	json_t *root = json_object();

	set_text(root, "format", "merlon-verdict-1");
	set_text(root, "host", host);
	json_object_set_new(root, "trusted", json_false());
	set_fault(root, fault);
	return root;
}

json_t *verdict_to_json(
	const struct appraisal *a, const struct appraise_request *r, double boot_seconds)
{
	json_t *root = json_object(), *events = json_array(), *notes = json_array();
	char level[LEVEL_TEXT_MAX];

	set_text(root, "format", "merlon-verdict-1");
	set_text(root, "host", r->evidence->host);
	json_object_set_new(root, "trusted", json_boolean(a->trusted));
	set_text(root, "launch",
		a->states[CHECK_REPLAY] == CHECK_PASSED ? launch_name(r->policy->launch)
							: "unproven");
	if (!a->trusted) {
		set_fault(root, &a->fault);
		set_text(root, "check", check_name(a->failed));
	}
	acceptance_level(a, level, sizeof(level));
	set_text(root, "acceptance-level", level);
	if (boot_seconds >= 0)
		json_object_set_new(root, "boot-seconds", json_real(boot_seconds));
	json_object_set_new(root, "checks", checks_to_json(a));
	json_object_set_new(root, "quote", quote_to_json(&a->quote));
	json_object_set_new(root, "pcrs", pcrs_to_json(a, r));
	for (size_t i = 0; i < a->steps.count; i++)
		json_array_append_new(events, step_to_json(&a->steps.items[i], a, r));
	json_object_set_new(root, "events", events);
	json_object_set_new(root, "differences", differences_to_json(a, r));
	for (unsigned int i = 0; i < a->note_count; i++)
		json_array_append_new(notes, json_string(a->notes[i]));
	json_object_set_new(root, "notes", notes);
	json_object_set_new(root, "audit", audit_to_json(&a->audit, &r->evidence->logs[LOG_AUDIT]));
	json_object_set_new(root, "host-says", hearsay_to_json(&r->evidence->logs[LOG_LAUNCH]));
	return root;
}

/* Where a step that moved between PCRs was expected. */
static void print_origin(FILE *out, const struct step *step)
{
	if (step->mark == STEP_MOVED && step->expected->pcr != step->pcr)
		fprintf(out, " from PCR %u", step->expected->pcr);
}

static void name_checkpoint(const struct event *event, char *text, size_t size)
{
	uint8_t head[DIGEST_SIZE];
	uint64_t records = 0;

	semantics_audit(event, &records, head);
	snprintf(text, size, "audit log, %" PRIu64 " records", records);
}

/* The FILE column: short, so a kernel event's package goes by its name alone. */
static void name_step(const struct step *step, const struct appraisal *a,
	const struct appraise_request *r, char *text, size_t size)
{
	const struct policy_event *e = step->expected;

	if (e && e->file)
		snprintf(text, size, "%s", e->file->name);
	else if (step->runtime)
		snprintf(text, size, "%s",
			*step->runtime->file ? step->runtime->file : step->runtime->what);
	else if (step->mark == STEP_UNEXPECTED && step->found->log != LOG_VMK)
		explain_subject(step, r->evidence, &a->events, text, size);
	else if (step->mark == STEP_AUDIT)
		name_checkpoint(step->found, text, size);
	else if (!step->found || !semantics_field(step->found, "name", text, size))
		snprintf(text, size, "%s", e && *e->what ? e->what : "-");
	printable(text);
}

/* Firmware has long names for its events. */
static int type_width(const struct appraise_request *r)
{
	return r->policy->launch == VMK_LAUNCH_SRTM ? 29 : 20;
}

static void print_step(FILE *out, const struct step *step, const struct appraisal *a,
	const struct appraise_request *r)
{
	const struct policy_event *e = step->expected;
	const uint8_t *digest = step->found ? step->found->digest : e->digest;
	uint32_t type = step->found ? step->found->type : e->type;
	char prefix[HEX_SIZE(6)], subject[FAULT_TEXT];

	hex_encode(prefix, digest, 6);
	name_step(step, a, r, subject, sizeof(subject));
	fprintf(out, "%3u  %-*s  %-8s  %-40s  %s  %s", step->pcr, type_width(r),
		evlog_type_name(type), e ? layer_name(e->layer) : "-", subject, prefix,
		step_mark_name(step->mark));
	print_origin(out, step);
	fputc('\n', out);
}

/* The policy allows each event, some of them beyond what is predicted. */
static bool only_runtime_differs(const struct steps *steps, unsigned int pcr)
{
	for (size_t i = 0; i < steps->count; i++) {
		if (steps->items[i].pcr == pcr && step_differs(&steps->items[i]))
			return false;
	}
	return true;
}

static void print_value(
	FILE *out, const struct appraisal *a, const struct appraise_request *r, unsigned int pcr)
{
	const uint8_t *value = a->values_known ? a->values[pcr] : a->replay.pcr[pcr];
	char text[HEX_SIZE(DIGEST_SIZE)];
	const char *mark = "ok";

	if (!a->values_known)
		mark = "not proven";
	else if (memcmp(value, a->replay.pcr[pcr], DIGEST_SIZE) != 0)
		mark = "NOT WHAT THE LOG SAYS";
	else if (memcmp(value, r->policy->pcrs[pcr], DIGEST_SIZE) != 0)
		mark = only_runtime_differs(&a->steps, pcr) ? "ok, with run-time events"
							    : "not the predicted value";
	hex_encode(text, value, DIGEST_SIZE);
	fprintf(out, "%3u  = %s  %s\n", pcr, text, mark);
}

static void print_differences(
	FILE *out, const struct appraisal *a, const struct appraise_request *r)
{
	for (size_t i = 0; i < a->steps.count; i++) {
		struct fault fault = {0};

		explain(&fault, &a->steps.items[i], r->evidence, &a->events);
		if (fault.reason == REASON_NONE)
			continue;
		fprintf(out, "difference in PCR %u: %s: %s\n", a->steps.items[i].pcr,
			reason_code(fault.reason), fault.what);
		if (*fault.expected)
			fprintf(out, "  expected %s\n", fault.expected);
		if (*fault.found)
			fprintf(out, "  found    %s\n", fault.found);
	}
}

/* Nothing vouches for it, but a missing sign tells why a launch did not happen. */
static void print_hearsay(FILE *out, const struct bytes *launch)
{
	char line[HEARSAY_LINE_MAX];
	size_t at = 0;
	unsigned int lines = 0;

	while (lines < HEARSAY_LINES_MAX && launch_line(launch, &at, line, sizeof(line))) {
		if (!strstr(line, ": MISSING "))
			continue;
		lines++;
		printable(line);
		fprintf(out, "the host says, unproven: %s\n", line);
	}
}

/* Without a launch, or without a log that can be believed. */
static bool hearsay_helps(const struct appraisal *a)
{
	return a->failed == CHECK_EPOCH || a->failed == CHECK_REPLAY ||
	       a->failed == CHECK_SEMANTICS;
}

static void print_refusal(FILE *out, const struct appraisal *a, const struct appraise_request *r)
{
	if (hearsay_helps(a))
		print_hearsay(out, &r->evidence->logs[LOG_LAUNCH]);
	fprintf(out, "\ncheck %u (%s) failed: %s\n", (unsigned int)a->failed + 1,
		check_name(a->failed), reason_meaning(a->fault.reason));
	fprintf(out, "what to do: %s\n", reason_advice(a->fault.reason));
}

void verdict_print(FILE *out, const struct appraisal *a, const struct appraise_request *r)
{
	/* Without a launch all events are missing, which says nothing more. */
	bool launched = a->fault.reason != REASON_NOT_LAUNCHED;
	size_t next = launched ? 0 : a->steps.count;
	char level[LEVEL_TEXT_MAX];

	fprintf(out, "policy: %s\n\n", r->policy->name);
	fprintf(out, "%3s  %-*s  %-8s  %-40s  %-12s  %s\n", "PCR", type_width(r), "EVENT", "LAYER",
		"FILE", "DIGEST", "");
	for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
		for (; next < a->steps.count && a->steps.items[next].pcr == pcr; next++)
			print_step(out, &a->steps.items[next], a, r);
		if (r->policy->pcr_mask >> pcr & 1)
			print_value(out, a, r, pcr);
	}
	fputc('\n', out);
	acceptance_level(a, level, sizeof(level));
	fprintf(out, "host acceptance level: %s\n", level);
	if (launched)
		print_differences(out, a, r);
	for (unsigned int i = 0; i < a->note_count; i++)
		fprintf(out, "note: %s\n", a->notes[i]);
	if (!a->trusted)
		print_refusal(out, a, r);
}

void verdict_print_trusted(FILE *out, const char *host, enum vmk_launch launch, double boot_seconds,
	uint64_t recorded_ms)
{
	time_t recorded = (time_t)(recorded_ms / 1000);
	struct tm utc;
	char text[32];

	fprintf(out, "TRUSTED host=%s launch=%s", host, launch_name(launch));
	if (boot_seconds >= 0)
		fprintf(out, " boot=%.1f s", boot_seconds);
	if (recorded_ms && gmtime_r(&recorded, &utc) &&
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc))
		fprintf(out, " recorded=%s", text);
	fputc('\n', out);
}

void verdict_print_untrusted(FILE *out, const char *host, const struct fault *fault)
{
	fprintf(out, "UNTRUSTED host=%s reason=%s what=\"%s\"", host, reason_code(fault->reason),
		fault->what);
	if (*fault->expected)
		fprintf(out, " expected=\"%s\"", fault->expected);
	if (*fault->found)
		fprintf(out, " found=\"%s\"", fault->found);
	fputc('\n', out);
}
