#include "policy/predict/document.h"

#include "policy/predict/hex.h"
#include "policy/predict/parts.h"
#include "trust/audit_read.h"
#include "trust/evlog_read.h"

#include <stdio.h>
#include <string.h>
#include <vmkapi/events.h>

static const char *const log_names[] = {"tcg-boot", "txt-drtm", "vmk"};
static const char *const layer_names[] = {"PLATFORM", "LAUNCH", "VMKERNEL", "HOST"};

static json_t *event_json(const struct prediction *p, const struct predicted_event *e)
{
	json_t *json = json_pack("{s:s, s:i, s:I, s:s, s:s, s:s}", "log", log_names[e->log], "pcr",
		(int)e->pcr, "type", (json_int_t)e->type, "name", evlog_type_name(e->type), "layer",
		layer_names[e->layer], "what", e->what);

	json_object_set_new(json, "digest", hex_json(e->digest, sizeof(e->digest)));
	if (e->file >= 0)
		json_object_set_new(json, "file", json_string(p->files[e->file].name));
	if (e->data_size)
		json_object_set_new(json, "data", hex_json(e->data, e->data_size));
	return json;
}

static json_t *file_json(const struct predicted_file *f)
{
	json_t *json = json_pack("{s:s, s:s, s:I, s:i}", "name", f->name, "role", f->role, "size",
		(json_int_t)f->content.size, "chunk", (int)PREDICTION_CHUNK);
	json_t *chunks = json_array();

	json_object_set_new(json, "sha256", hex_json(f->sha256, sizeof(f->sha256)));
	if (f->cmdline)
		json_object_set_new(json, "cmdline", json_string(f->cmdline));
	for (size_t at = 0; at < f->content.size; at += PREDICTION_CHUNK) {
		size_t left = f->content.size - at;
		uint8_t digest[32];

		sha256_of(f->content.data + at, left < PREDICTION_CHUNK ? left : PREDICTION_CHUNK,
			digest);
		json_array_append_new(chunks, hex_json(digest, sizeof(digest)));
	}
	json_object_set_new(json, "chunks", chunks);
	return json;
}

static json_t *late_json(const struct prediction *p, const struct predicted_event *e)
{
	return json_pack("{s:i, s:o, s:s, s:s}", "pcr", (int)e->pcr, "digest",
		hex_json(e->digest, sizeof(e->digest)), "file", p->files[e->file].name, "what",
		e->what);
}

/*
 * What may come after boot complete: drivers that somebody may load; and of what protects memory
 * from devices the platform decides which it is, unless one is asked for, which then is an event
 * that must come.
 */
static json_t *runtime_json(const struct prediction *p)
{
	uint32_t pcr = event_pcr(VMK_EV_DMA, p->launch);
	json_t *array = json_array();

	for (unsigned i = 0; i < VMK_DMA_STATE_COUNT && !p->dma_protection; i++) {
		uint8_t digest[32];

		sha256_of(dma_states[i].text, strlen(dma_states[i].text) + 1, digest);
		json_array_append_new(array,
			json_pack("{s:i, s:o, s:s}", "pcr", (int)pcr, "digest",
				hex_json(digest, sizeof(digest)), "what", dma_states[i].meaning));
	}
	for (unsigned i = 0; i < p->late_count; i++)
		json_array_append_new(array, late_json(p, &p->late[i]));
	return array;
}

static json_t *cpu_json(const struct prediction *p)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < VMK_CPU_PROTECTION_COUNT; i++) {
		if (p->cpu_required >> i & 1)
			json_array_append_new(array, json_string(cpu_protections[i]));
	}
	return array;
}

static json_t *forbidden_json(uint32_t kinds)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < AUDIT_KIND_END; i++) {
		if (kinds >> i & 1)
			json_array_append_new(
				array, json_string(audit_kind_name((enum audit_kind)i)));
	}
	return array;
}

json_t *document_of(const struct prediction *p)
{
	json_t *events = json_array(), *files = json_array(), *pcrs = json_object();
	json_t *selection = json_array();
	json_t *root = json_pack("{s:s, s:s, s:s, s:s, s:o}", "format", "merlon-policy-1", "name",
		p->name, "launch", p->launch == VMK_LAUNCH_SRTM ? "srtm" : "drtm", "bank", "sha256",
		"selection", selection);

	for (unsigned i = 0; i < p->event_count; i++)
		json_array_append_new(events, event_json(p, &p->events[i]));
	for (unsigned i = 0; i < p->file_count; i++)
		json_array_append_new(files, file_json(&p->files[i]));
	for (unsigned i = 0; i < PREDICTION_PCRS; i++) {
		char key[4];

		if (!(prediction_selection(p->launch) >> i & 1))
			continue;
		json_array_append_new(selection, json_integer(i));
		snprintf(key, sizeof(key), "%u", i);
		json_object_set_new(pcrs, key, hex_json(p->pcrs[i], 32));
	}
	json_object_set_new(root, "events", events);
	json_object_set_new(root, "pcrs", pcrs);
	json_object_set_new(root, "runtime", runtime_json(p));
	if (p->cpu_required)
		json_object_set_new(root, "cpu-required", cpu_json(p));
	if (p->audit_forbid)
		json_object_set_new(root, "audit-forbid", forbidden_json(p->audit_forbid));
	json_object_set_new(root, "files", files);
	return root;
}

static void print_digest(const uint8_t *digest, unsigned bytes, FILE *to)
{
	for (unsigned i = 0; i < bytes; i++)
		fprintf(to, "%02x", digest[i]);
}

void document_print(const struct prediction *p, FILE *to)
{
	fprintf(to, "PCR  Event                 Layer     Digest            What\n");
	for (unsigned i = 0; i < p->event_count; i++) {
		const struct predicted_event *e = &p->events[i];

		fprintf(to, "%3u  %-20s  %-8s  ", e->pcr, evlog_type_name(e->type),
			layer_names[e->layer]);
		print_digest(e->digest, 8, to);
		fprintf(to, "  %s\n", e->what);
	}
	for (unsigned i = 0; i < PREDICTION_PCRS; i++) {
		if (!(prediction_selection(p->launch) >> i & 1))
			continue;
		fprintf(to, "PCR %u  ", i);
		print_digest(p->pcrs[i], 32, to);
		fprintf(to, "\n");
	}
}
