#include "verifier/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/evlog_read.h"
#include "verifier/hints.h"
#include "verifier/semantics.h"
#include "trust/txt_events.h"

#define CMDLINE_SHOWN 400
#define CLAIM_SHOWN   200

static void set_digests(struct fault *fault, const uint8_t *expected, const uint8_t *found)
{
	char text[HEX_SIZE(DIGEST_SIZE)];

	if (expected) {
		hex_encode(text, expected, DIGEST_SIZE);
		fault_expected(fault, "%s", text);
	}
	if (found) {
		hex_encode(text, found, DIGEST_SIZE);
		fault_found(fault, "%s", text);
	}
}

static bool prove_cmdline(struct fault *fault, const struct step *step, const struct hints *hints,
	const char *subject)
{
	const struct policy_file *file = step->expected->file;

	for (size_t i = 0; i < hints->cmdline_count; i++) {
		if (!hints_lead_to(step->found->digest, hints->cmdlines[i], file->sha256))
			continue;
		fault_set(fault, REASON_EVENT_MISMATCH, "%s: command line", subject);
		fault_expected(fault, "%.*s", CMDLINE_SHOWN, file->cmdline);
		fault_found(fault, "%.*s", CMDLINE_SHOWN, hints->cmdlines[i]);
		return true;
	}
	return false;
}

static bool prove_image(struct fault *fault, const struct step *step, const struct hints *hints,
	const char *subject)
{
	const struct policy_file *file = step->expected->file;

	for (size_t i = 0; i < hints->image_count; i++) {
		if (!hints_lead_to(step->found->digest, file->cmdline, hints->images[i]))
			continue;
		fault_set(fault, REASON_EVENT_MISMATCH, "%s: image", subject);
		set_digests(fault, file->sha256, hints->images[i]);
		return true;
	}
	return false;
}

static bool knows_cmdline(const struct hints *hints, const char *cmdline)
{
	for (size_t i = 0; i < hints->cmdline_count; i++) {
		if (strcmp(hints->cmdlines[i], cmdline) == 0)
			return true;
	}
	return false;
}

static void explain_module(struct fault *fault, const struct step *step,
	const struct evidence *evidence, const struct events *events, const char *subject)
{
	struct hints *hints = must_alloc(1, sizeof(*hints));

	hints_collect(hints, evidence, events);
	if (!prove_cmdline(fault, step, hints, subject) &&
		!prove_image(fault, step, hints, subject)) {
		/* The host says that it got the right command line: likely, but only a claim. */
		bool claimed = knows_cmdline(hints, step->expected->file->cmdline);

		fault_set(fault, REASON_EVENT_MISMATCH, "%s: %s", subject,
			claimed ? "image (the host reports the expected command line)"
				: "image or command line");
		set_digests(fault, step->expected->digest, step->found->digest);
	}
	free(hints);
}

/* A kernel event's text says itself what differs, and so does a command of GRUB's. */
static bool explain_text(struct fault *fault, const struct step *step, const char *subject)
{
	const struct bytes *expected = &step->expected->data;
	bool grub = step->found->log == LOG_TCG_BOOT;
	const char *text;
	size_t size;

	/* An empty command line has no data in the policy, and is one all the same. */
	if (!semantics_text(step->found, &text, &size) || (expected->size == 0 && !grub))
		return false;
	if (grub)
		fault_set(fault, REASON_EVENT_MISMATCH, "%s: %s", subject, step->expected->what);
	else
		fault_set(fault, REASON_EVENT_MISMATCH, "%s", subject);
	fault_expected(fault, "%.*s", (int)expected->size - (grub ? 0 : 1),
		expected->size ? (const char *)expected->data : "");
	fault_found(fault, "%.*s", (int)size, text);
	return true;
}

static bool by_tboot(const struct event *event)
{
	return event->log == LOG_TXT_DRTM && event->type == TXT_EV_TBOOT_MEASUREMENT;
}

/*
 * Which module an event of tboot is, by its place in the log: the policy comes first, into PCR 17
 * and 18, then the modules in order; module 0 goes into PCR 17, and once more when the policy names
 * a PCR for it.
 */
static bool module_number(
	const struct events *events, const struct event *event, unsigned int *number)
{
	const struct event *policy = NULL, *kernel = NULL;
	unsigned int seen = 0, modules = 0;

	for (size_t i = 0; i < events->count; i++) {
		const struct event *e = &events->items[i];

		if (!by_tboot(e))
			continue;
		if (seen < 2 && e->pcr != 17 + seen)
			return false;
		if (seen == 0)
			policy = e;
		else if (seen == 1 && memcmp(e->digest, policy->digest, DIGEST_SIZE) != 0)
			return false;
		else if (seen == 2)
			kernel = e;
		else if (seen > 3 ||
			 (seen == 3 && memcmp(e->digest, kernel->digest, DIGEST_SIZE) != 0))
			modules++;
		seen++;
		*number = modules;
		if (e == event)
			return seen > 2;
	}
	return false;
}

/* The number is where the log has it, the name is what the host claims unless it is proven. */
static void describe_module(const struct event *event, unsigned int number,
	const struct evidence *evidence, const struct events *events, char *text, size_t size)
{
	struct hints *hints = must_alloc(1, sizeof(*hints));
	const char *cmdline = NULL;
	char plain[128];
	bool proven;

	/* Beyond that there are no hints: whoever logs thousands of modules gains nothing by it. */
	if (number < HINTS_MAX) {
		hints_collect(hints, evidence, events);
		cmdline = hints_cmdline(hints, number, event->digest, &proven);
	}
	if (cmdline) {
		snprintf(text, size, "module %u (%s%.*s)", number,
			proven ? "" : "the host says: ", CLAIM_SHOWN,
			*cmdline ? cmdline : "no command line");
	} else {
		semantics_describe(event, plain, sizeof(plain));
		snprintf(text, size, "module %u: %s", number, plain);
	}
	free(hints);
}

static void describe_found(const struct event *event, const struct evidence *evidence,
	const struct events *events, char *text, size_t size)
{
	unsigned int number;

	if (by_tboot(event) && module_number(events, event, &number))
		describe_module(event, number, evidence, events, text, size);
	else
		semantics_describe(event, text, size);
}

void explain_subject(const struct step *step, const struct evidence *evidence,
	const struct events *events, char *text, size_t size)
{
	const struct policy_event *e = step->expected;

	if (e && e->file && *e->file->role)
		snprintf(text, size, "%s (%s)", e->file->role, e->file->name);
	else if (e && e->file)
		snprintf(text, size, "%s", e->file->name);
	else if (e && *e->what)
		snprintf(text, size, "%s (%s)", e->name, e->what);
	else if (e)
		snprintf(text, size, "%s", e->name);
	else
		describe_found(step->found, evidence, events, text, size);
	printable(text);
}

static void explain_changed(struct fault *fault, const struct step *step,
	const struct evidence *evidence, const struct events *events, const char *subject)
{
	const struct policy_event *e = step->expected;
	unsigned int number;

	if (e->file && by_tboot(step->found) && module_number(events, step->found, &number)) {
		explain_module(fault, step, evidence, events, subject);
		return;
	}
	if (explain_text(fault, step, subject))
		return;
	fault_set(fault, REASON_EVENT_MISMATCH, "%s: %s", subject,
		*e->what ? e->what : evlog_type_name(e->type));
	set_digests(fault, e->digest, step->found->digest);
}

static void explain_moved(struct fault *fault, const struct step *step, const char *subject)
{
	uint32_t from = step->expected->pcr;

	if (from == step->pcr) {
		fault_set(fault, REASON_EVENT_ORDER, "%s: at another place in PCR %u", subject,
			step->pcr);
		set_digests(fault, step->expected->digest, step->found->digest);
		return;
	}
	fault_set(fault, REASON_EVENT_ORDER, "%s: measured into PCR %u instead of %u", subject,
		step->pcr, from);
	fault_expected(fault, "PCR %u", from);
	fault_found(fault, "PCR %u", step->pcr);
}

void explain(struct fault *fault, const struct step *step, const struct evidence *evidence,
	const struct events *events)
{
	char subject[FAULT_TEXT];

	explain_subject(step, evidence, events, subject, sizeof(subject));
	switch (step->mark) {
	case STEP_CHANGED:
		explain_changed(fault, step, evidence, events, subject);
		break;
	case STEP_RETYPED:
		fault_set(fault, REASON_EVENT_SEMANTICS, "%s: event type", subject);
		fault_expected(fault, "%s in log %s", evlog_type_name(step->expected->type),
			log_name(step->expected->log));
		fault_found(fault, "%s in log %s", evlog_type_name(step->found->type),
			log_name(step->found->log));
		break;
	case STEP_MOVED:
		explain_moved(fault, step, subject);
		break;
	case STEP_MISSING:
		fault_set(fault, REASON_EVENT_MISSING, "%s: not measured into PCR %u", subject,
			step->pcr);
		set_digests(fault, step->expected->digest, NULL);
		break;
	case STEP_UNEXPECTED:
		fault_set(fault, REASON_EVENT_UNEXPECTED, "%s", subject);
		set_digests(fault, NULL, step->found->digest);
		break;
	default:
		*fault = (struct fault){0};
		break;
	}
}
