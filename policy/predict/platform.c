#include "policy/predict/platform.h"

#include "lib/types.h"
#include "policy/predict/hex.h"
#include "trust/evlog_read.h"
#include "trust/txt_events.h"

#include <stdio.h>
#include <string.h>

#define FORMAT "merlon-platform-1"

static const char *const sources[] = {
#define X(symbol, name) name,
	PLATFORM_SOURCES(X)
#undef X
};

/* GRUB's own PCRs are its script's. */
static bool is_platform_pcr(enum vmk_launch launch, int64_t pcr)
{
	return launch == VMK_LAUNCH_SRTM ? pcr >= 0 && pcr <= 7 : pcr == 17 || pcr == 18;
}

static bool is_source_of(enum vmk_launch launch, enum platform_source source)
{
	if (source == FROM_PLATFORM)
		return true;
	return (source == FROM_GRUB || source == FROM_GRUB_SCRIPT) == (launch == VMK_LAUNCH_SRTM);
}

static bool load_event(json_t *json, enum vmk_launch launch, struct platform_event *event)
{
	const char *name, *from, *data = NULL, *digest = NULL;
	json_int_t pcr, type;
	size_t size = 0;

	if (json_unpack_ex(json, NULL, JSON_STRICT, "{s:I, s:I, s:s, s:s, s?:s, s?:s}", "pcr", &pcr,
		    "type", &type, "name", &name, "from", &from, "data", &data, "digest", &digest))
		return false;
	if (!is_platform_pcr(launch, pcr) || type < 0 || type > UINT32_MAX)
		return false;
	event->pcr = (uint32_t)pcr;
	event->type = (uint32_t)type;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		if (!strcmp(from, sources[i]))
			event->source = (enum platform_source)i;
	if (strcmp(from, sources[event->source]) || !is_source_of(launch, event->source))
		return false;
	if (data && !hex_parse(data, event->data, sizeof(event->data), &event->data_size))
		return false;
	/* Nothing that is measured is empty: a digest would be taken for it. */
	if (data && !event->data_size)
		return false;
	if (digest &&
		(!hex_parse(digest, event->digest, sizeof(event->digest), &size) || size != 32))
		return false;
	return event->source != FROM_PLATFORM || !data != !digest;
}

static size_t take(void *to, size_t room, void *file)
{
	return fread(to, 1, room, file);
}

/* In blocks: json_load_file() takes each byte by a call. */
static json_t *read_document(const char *path, json_error_t *at)
{
	FILE *file = fopen(path, "rb");
	json_t *root;

	if (!file) {
		snprintf(at->text, sizeof(at->text), "cannot be opened");
		return NULL;
	}
	root = json_load_callback(take, file, JSON_REJECT_DUPLICATES, at);
	fclose(file);
	return root;
}

/* Events are cleared one by one, as they come. */
static void start(struct platform *platform, const char *name, enum vmk_launch launch)
{
	snprintf(platform->name, sizeof(platform->name), "%s", name);
	platform->launch = launch;
	platform->event_count = 0;
}

static struct platform_event *next_event(struct platform *platform)
{
	struct platform_event *event = &platform->events[platform->event_count];

	*event = (struct platform_event){0};
	return event;
}

enum vmk_status platform_load(
	const char *path, struct platform *platform, struct prediction_error *error)
{
	json_error_t at;
	json_t *root = read_document(path, &at), *events, *event;
	const char *format, *name, *launch = "drtm";
	size_t i;

	start(platform, "", VMK_LAUNCH_DRTM);
	if (!root)
		return prediction_fail(error, VMK_BAD_FORMAT, path, at.text);
	if (json_unpack_ex(root, NULL, JSON_STRICT, "{s:s, s:s, s?s, s:o}", "format", &format,
		    "name", &name, "launch", &launch, "events", &events) ||
		strcmp(format, FORMAT) || (strcmp(launch, "drtm") && strcmp(launch, "srtm")) ||
		!json_is_array(events) || json_array_size(events) > PLATFORM_EVENTS_MAX) {
		json_decref(root);
		return prediction_fail(error, VMK_BAD_FORMAT, path, "not a " FORMAT " document");
	}
	start(platform, name, strcmp(launch, "srtm") ? VMK_LAUNCH_DRTM : VMK_LAUNCH_SRTM);
	json_array_foreach(events, i, event)
	{
		char text[64];

		if (load_event(event, platform->launch, next_event(platform))) {
			platform->event_count++;
			continue;
		}
		json_decref(root);
		snprintf(text, sizeof(text), "event %zu is malformed", i);
		return prediction_fail(error, VMK_BAD_FORMAT, path, text);
	}
	json_decref(root);
	return VMK_OK;
}

/* Ties an event to the file that explains it, if one does. */
static void explain(const struct evlog_event *seen, const uint8_t *digest,
	const struct sinit_measurements *sinit, struct platform_event *event)
{
	if (seen->type == TXT_EV_MLE_HASH) {
		event->source = FROM_MLE;
	} else if (sinit && seen->type == TXT_EV_HASH_START && seen->data_size == 36 &&
		   !memcmp(seen->data, sinit->module, 32)) {
		event->source = FROM_SINIT;
		event->data_size = 4;
		memcpy(event->data, seen->data + 32, 4);
	} else if (sinit && seen->type == TXT_EV_SINIT_PUBKEY && !memcmp(digest, sinit->key, 32)) {
		event->source = FROM_SINIT_KEY;
	} else if (seen->data_size) {
		event->data_size = seen->data_size;
		memcpy(event->data, seen->data, seen->data_size);
	} else {
		memcpy(event->digest, digest, 32);
	}
}

enum vmk_status platform_capture(const void *log, size_t size,
	const struct sinit_measurements *sinit, const char *name, struct platform *platform,
	struct prediction_error *error)
{
	const char *why = "";
	struct evlog evlog;
	struct evlog_cursor cursor;
	struct evlog_event seen;
	enum vmk_status status = evlog_open(&evlog, log, size, &why);

	start(platform, name, VMK_LAUNCH_DRTM);
	if (status != VMK_OK)
		return prediction_fail(error, status, "event log", why);
	cursor = evlog_begin(&evlog);
	while ((status = evlog_next(&cursor, &seen)) == VMK_OK) {
		struct platform_event *event;
		const struct evlog_digest *digest = evlog_digest(&seen, EVLOG_ALG_SHA256);

		if (seen.type == TXT_EV_TBOOT_MEASUREMENT)
			return VMK_OK; /* from here on, files explain everything */
		if (seen.type == EVLOG_NO_ACTION)
			continue;
		if (!digest || seen.data_size > PLATFORM_DATA_MAX ||
			(seen.pcr != 17 && seen.pcr != 18) ||
			platform->event_count == PLATFORM_EVENTS_MAX)
			return prediction_fail(error, VMK_UNSUPPORTED, evlog_type_name(seen.type),
				"an event that no SINIT is known to log");
		event = next_event(platform);
		event->pcr = seen.pcr;
		event->type = seen.type;
		explain(&seen, digest->bytes, sinit, event);
		platform->event_count++;
	}
	if (status == VMK_NOT_FOUND)
		return prediction_fail(error, status, "event log", "tboot measured nothing in it");
	return prediction_fail(error, status, "event log", cursor.why ? cursor.why : "malformed");
}

static bool has_script(const struct platform *platform)
{
	for (unsigned i = 0; i < platform->event_count; i++) {
		if (platform->events[i].source == FROM_GRUB_SCRIPT)
			return true;
	}
	return false;
}

/* Variables and tables can be large, and a policy compares digests: data are not kept. */
static enum vmk_status capture_static_event(const struct evlog_event *seen, const uint8_t grub[32],
	struct platform *platform, struct prediction_error *error)
{
	const struct evlog_digest *digest = evlog_digest(seen, EVLOG_ALG_SHA256);
	bool by_grub = seen->pcr == 8 || seen->pcr == 9;
	struct platform_event *event;

	if (!digest || (!by_grub && !is_platform_pcr(VMK_LAUNCH_SRTM, seen->pcr)) ||
		platform->event_count == PLATFORM_EVENTS_MAX)
		return prediction_fail(error, VMK_UNSUPPORTED, evlog_type_name(seen->type),
			"an event that neither firmware nor GRUB is known to log");
	if (by_grub && has_script(platform))
		return VMK_OK;
	event = next_event(platform);
	event->pcr = by_grub ? 0 : seen->pcr;
	event->type = seen->type;
	if (by_grub)
		event->source = FROM_GRUB_SCRIPT;
	else if (grub && seen->pcr == 4 && !memcmp(digest->bytes, grub, 32))
		event->source = FROM_GRUB;
	else
		memcpy(event->digest, digest->bytes, 32);
	platform->event_count++;
	return VMK_OK;
}

enum vmk_status platform_capture_static(const void *log, size_t size, const uint8_t grub[32],
	const char *name, struct platform *platform, struct prediction_error *error)
{
	const char *why = "";
	struct evlog evlog;
	struct evlog_cursor cursor;
	struct evlog_event seen;
	enum vmk_status status = evlog_open(&evlog, log, size, &why);

	start(platform, name, VMK_LAUNCH_SRTM);
	if (status != VMK_OK)
		return prediction_fail(error, status, "event log", why);
	cursor = evlog_begin(&evlog);
	while ((status = evlog_next(&cursor, &seen)) == VMK_OK) {
		if (seen.type == EVLOG_NO_ACTION)
			continue;
		status = capture_static_event(&seen, grub, platform, error);
		if (status != VMK_OK)
			return status;
	}
	if (status == VMK_NOT_FOUND)
		return VMK_OK;
	return prediction_fail(error, status, "event log", cursor.why ? cursor.why : "malformed");
}

json_t *platform_json(const struct platform *platform)
{
	bool is_static = platform->launch == VMK_LAUNCH_SRTM;
	json_t *root = json_pack("{s:s, s:s, s:s, s:[]}", "format", FORMAT, "name", platform->name,
		"launch", is_static ? "srtm" : "drtm", "events");
	json_t *events = json_object_get(root, "events");

	for (unsigned i = 0; i < platform->event_count; i++) {
		const struct platform_event *e = &platform->events[i];
		json_t *event = json_pack("{s:i, s:I, s:s, s:s}", "pcr", (int)e->pcr, "type",
			(json_int_t)e->type, "name", evlog_type_name(e->type), "from",
			sources[e->source]);

		if (e->data_size)
			json_object_set_new(event, "data", hex_json(e->data, e->data_size));
		else if (e->source == FROM_PLATFORM)
			json_object_set_new(event, "digest", hex_json(e->digest, 32));
		json_array_append_new(events, event);
	}
	return root;
}
