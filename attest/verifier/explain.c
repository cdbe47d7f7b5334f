#include "verifier/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/evlog_read.h"
#include "verifier/semantics.h"

#define TB_EVENT      0x501u
#define HINTS_MAX     64u
#define HINT_LINE_MAX 1100u /* tboot's command lines have at most 1023 characters */
#define CMDLINE_SHOWN 400

/* Unproven candidates for what tboot hashed. */
struct hints {
	char cmdlines[HINTS_MAX][HINT_LINE_MAX];
	uint8_t images[HINTS_MAX][DIGEST_SIZE];
	size_t cmdline_count, image_count;
};

static void add_image(struct hints *hints, const char *hex)
{
	if (hints->image_count < HINTS_MAX &&
		hex_decode(hints->images[hints->image_count], DIGEST_SIZE, hex))
		hints->image_count++;
}

/* tboot hands over its shared page behind what it measured of module 0's command line. */
static void add_cmdline(struct hints *hints, const char *text)
{
	char *line = hints->cmdlines[hints->cmdline_count];
	char *tail;

	if (hints->cmdline_count == HINTS_MAX)
		return;
	snprintf(line, HINT_LINE_MAX, "%s", text);
	tail = strstr(line, " tboot=0x");
	if (tail)
		*tail = 0;
	hints->cmdline_count++;
}

static void add_launch_line(struct hints *hints, const char *line)
{
	unsigned int module;
	int at = 0;

	if (sscanf(line, "module %u cmdline=%n", &module, &at) == 1 && at > 0)
		add_cmdline(hints, line + at);
	at = 0;
	if (sscanf(line, "module %u sha256=%n", &module, &at) == 1 && at > 0)
		add_image(hints, line + at);
}

static void collect(
	struct hints *hints, const struct evidence *evidence, const struct events *events)
{
	const struct bytes *launch = &evidence->logs[LOG_LAUNCH];
	char line[HINT_LINE_MAX], digest[HEX_SIZE(DIGEST_SIZE)];
	size_t size = 0;

	hints->cmdline_count = hints->image_count = 0;
	for (size_t i = 0; i <= launch->size; i++) {
		if (i < launch->size && launch->data[i] != '\n' && launch->data[i] != 0) {
			if (size + 1 < sizeof(line))
				line[size++] = (char)launch->data[i];
			continue;
		}
		line[size] = 0;
		size = 0;
		add_launch_line(hints, line);
	}
	for (size_t i = 0; i < events->count; i++) {
		if (semantics_field(&events->items[i], "sha256", digest, sizeof(digest)))
			add_image(hints, digest);
	}
}

/* tboot's measurement of a module: H(H(command line) || H(image)). */
static bool leads_to(
	const uint8_t digest[DIGEST_SIZE], const char *cmdline, const uint8_t image[DIGEST_SIZE])
{
	uint8_t both[2 * DIGEST_SIZE], result[DIGEST_SIZE];

	sha256(both, cmdline, strlen(cmdline));
	memcpy(both + DIGEST_SIZE, image, DIGEST_SIZE);
	sha256(result, both, sizeof(both));
	return memcmp(result, digest, DIGEST_SIZE) == 0;
}

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
		if (!leads_to(step->found->digest, hints->cmdlines[i], file->sha256))
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
		if (!leads_to(step->found->digest, file->cmdline, hints->images[i]))
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

	collect(hints, evidence, events);
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

/* A kernel event's text says itself what differs. */
static bool explain_text(struct fault *fault, const struct step *step, const char *subject)
{
	const struct bytes *expected = &step->expected->data;

	if (step->found->log != LOG_VMK || expected->size == 0 || step->found->data_size == 0)
		return false;
	fault_set(fault, REASON_EVENT_MISMATCH, "%s", subject);
	fault_expected(fault, "%.*s", (int)expected->size - 1, (const char *)expected->data);
	fault_found(
		fault, "%.*s", (int)step->found->data_size - 1, (const char *)step->found->data);
	return true;
}

void explain_subject(const struct step *step, char *text, size_t size)
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
		semantics_describe(step->found, text, size);
	printable(text);
}

static void explain_changed(struct fault *fault, const struct step *step,
	const struct evidence *evidence, const struct events *events, const char *subject)
{
	const struct policy_event *e = step->expected;

	if (e->type == TB_EVENT && e->file) {
		explain_module(fault, step, evidence, events, subject);
		return;
	}
	if (explain_text(fault, step, subject))
		return;
	fault_set(fault, REASON_EVENT_MISMATCH, "%s: %s", subject,
		*e->what ? e->what : evlog_type_name(e->type));
	set_digests(fault, e->digest, step->found->digest);
}

void explain(struct fault *fault, const struct step *step, const struct evidence *evidence,
	const struct events *events)
{
	char subject[FAULT_TEXT];

	explain_subject(step, subject, sizeof(subject));
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
		fault_set(fault, REASON_EVENT_ORDER, "%s: at another place in PCR %u", subject,
			step->pcr);
		set_digests(fault, step->expected->digest, step->found->digest);
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
