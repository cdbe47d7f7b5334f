/* vmkverify log: decode an event log from a file, replay it, check what its events mean. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/evlog_read.h"
#include "verifier/auditlist.h"
#include "verifier/options.h"
#include "verifier/replay.h"
#include "verifier/semantics.h"

#define BYTES_SHOWN 24u
#define TEXT_SHOWN  200u
/* tboot measures the configuration into it as a module, then the kernel as a package. */
#define SHARED_PCR 21u

/* Types tell the kernel's own log and SINIT's with tboot's from the firmware's. */
static enum log_id kind_of(const struct evlog *log)
{
	struct evlog_cursor cursor = evlog_begin(log);
	struct evlog_event event;

	/* A header alone, as the kernel writes it where nothing was measured. */
	if (evlog_next(&cursor, &event) != VMK_OK || event.type >> 16 == VMK_EV_PACKAGE >> 16)
		return LOG_VMK;
	return event.pcr >= PCR_DRTM_FIRST ? LOG_TXT_DRTM : LOG_TCG_BOOT;
}

static bool is_audit(const struct bytes *bytes)
{
	struct audit_cursor cursor;
	const char *why;

	return audit_open(&cursor, bytes->data, bytes->size, &why) == VMK_OK;
}

static bool load(struct evidence *evidence, const char *path, struct fault *fault)
{
	const char *why = NULL;
	struct bytes bytes;
	struct evlog log;

	if (!file_read(&bytes, path, EVIDENCE_LOG_MAX))
		return fault_local(fault, REASON_STATE, path, strerror(errno));
	if (is_audit(&bytes)) {
		evidence->logs[LOG_AUDIT] = bytes;
		return true;
	}
	if (bytes.size == 0)
		why = "the file is empty";
	else if (evlog_open(&log, bytes.data, bytes.size, &why) != VMK_OK && !why)
		why = "not readable";
	if (why) {
		bytes_free(&bytes);
		fault_set(fault, REASON_LOG_MALFORMED, "no TCG event log: %s", why);
		return fault_of_file(fault, path);
	}
	bytes.size = evlog_unpadded_size(&log);
	evidence->logs[kind_of(&log)] = bytes;
	return true;
}

static void print_events(const struct events *events)
{
	printf("%4s  %3s  %-29s  %-64s  %s\n", "#", "PCR", "EVENT", "SHA-256", "DATA");
	for (size_t i = 0; i < events->count; i++) {
		const struct event *event = &events->items[i];
		char digest[HEX_SIZE(DIGEST_SIZE)], data[TEXT_SHOWN + 1];
		const char *text;
		size_t size;
		size_t shown = event->data_size < BYTES_SHOWN ? event->data_size : BYTES_SHOWN;

		hex_encode(digest, event->digest, DIGEST_SIZE);
		hex_encode(data, event->data, shown);
		printf("%4u  %3u  %-29s  %s  ", event->index, event->pcr,
			evlog_type_name(event->type), digest);
		if (semantics_text(event, &text, &size))
			snprintf(data, sizeof(data), "%.*s", (int)size, text);
		else
			strcat(data, shown < event->data_size ? "..." : "");
		printable(data);
		printf("%s\n", data);
	}
}

static void print_pcrs(const struct replay *replay)
{
	for (unsigned int i = 0; i < PCR_COUNT; i++) {
		char value[HEX_SIZE(DIGEST_SIZE)];

		hex_encode(value, replay->pcr[i], DIGEST_SIZE);
		if (replay->count[i] == 0)
			continue;
		printf("PCR %2u = %s from zero, after %u event%s\n", i, value, replay->count[i],
			replay->count[i] == 1 ? "" : "s");
		if (i == SHARED_PCR)
			puts("         this log's part alone; another log may extend it before or "
			     "after");
	}
}

static void print_json(const struct events *events, const struct replay *replay)
{
	json_t *root = json_object(), *list = json_array(), *pcrs = json_object();

	for (size_t i = 0; i < events->count; i++) {
		const struct event *event = &events->items[i];
		char digest[HEX_SIZE(DIGEST_SIZE)];
		char *data = hex_text(event->data, event->data_size);

		hex_encode(digest, event->digest, DIGEST_SIZE);
		json_array_append_new(list,
			json_pack("{s:i, s:i, s:I, s:s, s:s, s:s}", "index", (int)event->index,
				"pcr", (int)event->pcr, "type", (json_int_t)event->type, "name",
				evlog_type_name(event->type), "digest", digest, "data", data));
		free(data);
	}
	for (unsigned int i = 0; i < PCR_COUNT; i++) {
		char value[HEX_SIZE(DIGEST_SIZE)], key[4];

		snprintf(key, sizeof(key), "%u", i);
		hex_encode(value, replay->pcr[i], DIGEST_SIZE);
		if (replay->count[i])
			json_object_set_new(pcrs, key, json_string(value));
	}
	json_object_set_new(root, "events", list);
	json_object_set_new(root, "pcrs", pcrs);
	json_object_set_new(root, "pcrs-start", json_string("zero"));
	json_dumpf(root, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(root);
}

/* A log alone is no host: what is wrong with it is said, but no verdict and its advice. */
static int refuse(const struct options *o, const struct fault *fault)
{
	if (fault->local)
		return command_failed(o, fault);
	fprintf(stderr, "vmkverify: %s: %s\n  %s\n", o->file, reason_meaning(fault->reason),
		fault->what);
	if (*fault->expected)
		fprintf(stderr, "  expected %s\n", fault->expected);
	if (*fault->found)
		fprintf(stderr, "  found    %s\n", fault->found);
	return EXIT_UNTRUSTED;
}

/* An audit log alone: its links are checked; whether it is whole, only a quote tells. */
static int log_of_audit(const struct options *o, const struct bytes *log)
{
	static const struct events none;
	struct fault fault = {0};
	struct audit audit;

	(void)audit_check(&audit, &none, log, &fault);
	if (audit.rest) {
		fault_set(&fault, REASON_AUDIT_ALTERED, "audit record %" PRIu64, audit.records);
		fault_found(&fault, "%s", audit.rest);
	}
	if (!o->json) {
		audit_print(stdout, log, AUDIT_UNPROVEN);
	} else if (!audit.rest) {
		json_t *records = audit_records_to_json(log, AUDIT_UNPROVEN);

		json_dumpf(records, stdout, JSON_INDENT(1));
		putchar('\n');
		json_decref(records);
	}
	return audit.rest ? refuse(o, &fault) : EXIT_TRUSTED;
}

static int log_of_events(const struct options *o, const struct evidence *evidence)
{
	struct events events = {0};
	struct fault fault = {0};
	struct replay replay;
	bool ok = events_decode(&events, evidence, &fault);

	if (ok) {
		replay_log(&replay, &events);
		ok = semantics_check(&events, semantics_launch(&events), &fault);
		if (!o->json) {
			print_events(&events);
			print_pcrs(&replay);
		} else if (ok) {
			print_json(&events, &replay);
		}
	}
	events_free(&events);
	return ok ? EXIT_TRUSTED : refuse(o, &fault);
}

int cmd_log(const struct options *o)
{
	struct evidence evidence = {0};
	struct fault fault = {0};
	int status;

	if (!load(&evidence, o->file, &fault))
		return refuse(o, &fault);
	if (evidence.logs[LOG_AUDIT].data)
		status = log_of_audit(o, &evidence.logs[LOG_AUDIT]);
	else
		status = log_of_events(o, &evidence);
	evidence_free(&evidence);
	return status;
}
