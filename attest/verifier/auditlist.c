#include "verifier/auditlist.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/keyval.h"

#define LISTED_MAX  64u
#define LINE_SHOWN  512u
#define NS_A_SECOND UINT64_C(1000000000)

static const char *anchored(uint64_t index, uint64_t proven)
{
	if (proven == AUDIT_UNPROVEN)
		return "-";
	return index < proven ? "yes" : "not yet";
}

void audit_print(FILE *out, const struct bytes *log, uint64_t proven)
{
	struct audit_cursor cursor;
	struct audit_record r;
	char text[LINE_SHOWN];
	const char *why;

	fprintf(out, "%5s  %13s  %-16s  %-8s  %s\n", "#", "SECONDS", "KIND", "ANCHORED", "WHAT");
	if (audit_open(&cursor, log->data, log->size, &why) != VMK_OK)
		return;
	while (audit_next(&cursor, &r) == VMK_OK) {
		audit_describe(&r, text, sizeof(text));
		fprintf(out, "%5" PRIu64 "  %3" PRIu64 ".%09" PRIu64 "  %-16s  %-8s  %s\n", r.index,
			r.time_ns / NS_A_SECOND, r.time_ns % NS_A_SECOND, audit_kind_name(r.kind),
			anchored(r.index, proven), text);
	}
}

static json_t *record_to_json(const struct audit_record *r, uint64_t proven)
{
	struct keyval pairs = keyval_of(r->text, r->text_bytes);
	json_t *fields = json_object(), *object;

	while (keyval_next(&pairs) == VMK_OK) {
		char key[KEYVAL_KEY_MAX + 1];

		snprintf(key, sizeof(key), "%.*s", (int)pairs.key_length, pairs.key);
		json_object_set_new(fields, key, json_stringn(pairs.value, pairs.value_length));
	}
	object = json_pack("{s:I, s:I, s:s, s:o}", "index", (json_int_t)r->index, "time-ns",
		(json_int_t)r->time_ns, "kind", audit_kind_name(r->kind), "fields", fields);
	if (proven != AUDIT_UNPROVEN)
		json_object_set_new(object, "anchored", json_boolean(r->index < proven));
	return object;
}

static json_t *list(const struct bytes *log, uint64_t proven, bool all)
{
	json_t *array = json_array();
	struct audit_cursor cursor;
	struct audit_record r;
	const char *why;

	if (audit_open(&cursor, log->data, log->size, &why) != VMK_OK)
		return array;
	while (audit_next(&cursor, &r) == VMK_OK) {
		if (all || (audit_remarkable(r.kind) && json_array_size(array) < LISTED_MAX))
			json_array_append_new(array, record_to_json(&r, proven));
	}
	return array;
}

json_t *audit_records_to_json(const struct bytes *log, uint64_t proven)
{
	return list(log, proven, true);
}

json_t *audit_to_json(const struct audit *audit, const struct bytes *log)
{
	json_t *root = json_pack("{s:I, s:I, s:I, s:I}", "records", (json_int_t)audit->records,
		"proven", (json_int_t)audit->proven, "checkpoints", (json_int_t)audit->checkpoints,
		"only-counted", (json_int_t)audit->suppressed);
	json_t *kinds = json_object();

	for (unsigned int i = 0; i < AUDIT_KIND_END; i++) {
		if (audit->counts[i])
			json_object_set_new(kinds, audit_kind_name((enum audit_kind)i),
				json_integer((json_int_t)audit->counts[i]));
	}
	json_object_set_new(root, "kinds", kinds);
	json_object_set_new(root, "remarkable", list(log, audit->proven, false));
	return root;
}
