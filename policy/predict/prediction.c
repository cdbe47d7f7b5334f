#include "policy/predict/prediction.h"

#include "policy/predict/parts.h"
#include "trust/audit_read.h"

#include <stdio.h>
#include <string.h>

#define DRTM_PCR_FIRST 17u
#define DRTM_PCR_LAST  22u

enum vmk_status prediction_add_file(struct prediction *prediction, const char *path,
	const char *role, const char *cmdline, int *index, struct prediction_error *error)
{
	struct predicted_file *file = &prediction->files[prediction->file_count];
	const char *slash = strrchr(path, '/'), *why = "";
	enum vmk_status status;

	if (prediction->file_count == PREDICTION_FILES_MAX)
		return prediction_fail(
			error, VMK_TOO_LARGE, path, "more files than a policy holds");
	status = buffer_read(path, &file->content, &why);
	if (status != VMK_OK)
		return prediction_fail(error, status, path, why);
	snprintf(file->name, sizeof(file->name), "%s", slash ? slash + 1 : path);
	snprintf(file->role, sizeof(file->role), "%s", role);
	file->cmdline = cmdline;
	sha256_of(file->content.data, file->content.size, file->sha256);
	*index = (int)prediction->file_count++;
	return VMK_OK;
}

struct predicted_event *prediction_add_event(struct prediction *prediction, enum prediction_log log,
	enum prediction_layer layer, uint32_t pcr, uint32_t type, int file,
	struct prediction_error *error)
{
	struct predicted_event *event = &prediction->events[prediction->event_count];

	if (prediction->event_count == PREDICTION_EVENTS_MAX) {
		prediction_fail(
			error, VMK_TOO_LARGE, "prediction", "more events than a policy holds");
		return NULL;
	}
	prediction->event_count++;
	*event = (struct predicted_event){
		.log = log, .layer = layer, .pcr = pcr, .type = type, .file = file};
	return event;
}

enum vmk_status predicted_event_data(struct predicted_event *event, const void *data, size_t size,
	struct prediction_error *error)
{
	if (size > sizeof(event->data))
		return prediction_fail(
			error, VMK_TOO_LARGE, event->what, "more event data than a policy holds");
	memcpy(event->data, data, size);
	event->data_size = size;
	sha256_of(data, size, event->digest);
	return VMK_OK;
}

void prediction_replay(struct prediction *prediction)
{
	memset(prediction->pcrs, 0, sizeof(prediction->pcrs));
	if (prediction->launch == VMK_LAUNCH_SRTM)
		memset(prediction->pcrs[DRTM_PCR_FIRST], 0xff,
			(DRTM_PCR_LAST - DRTM_PCR_FIRST + 1) * 32);
	for (unsigned i = 0; i < prediction->event_count; i++) {
		const struct predicted_event *event = &prediction->events[i];
		uint8_t *pcr = prediction->pcrs[event->pcr];

		sha256_of_two(pcr, 32, event->digest, 32, pcr);
	}
}

uint32_t prediction_selection(enum vmk_launch launch)
{
	uint32_t drtm = 0x3fu << DRTM_PCR_FIRST;

	/* Firmware 0-7, GRUB 8 and 9, the kernel 12-14. */
	return launch == VMK_LAUNCH_SRTM ? drtm | 0x3ffu | 0xfu << 12 : drtm;
}

static enum vmk_status load_config(struct prediction_inputs *inputs, struct prediction_error *error)
{
	struct bootcfg_error at;
	struct buffer text;
	const char *why = "";
	enum vmk_status status = buffer_read(inputs->boot_cfg, &text, &why);
	char line[160];

	if (status != VMK_OK)
		return prediction_fail(error, status, inputs->boot_cfg, why);
	status = bootcfg_parse((const char *)text.data, text.size, &inputs->config, &at);
	buffer_free(&text);
	if (status == VMK_OK)
		return VMK_OK;
	snprintf(line, sizeof(line), "line %u: %s", at.line, at.what);
	return prediction_fail(error, status, inputs->boot_cfg, line);
}

static enum vmk_status load_forbidden(const struct prediction_inputs *inputs,
	struct prediction *prediction, struct prediction_error *error)
{
	const char *name = inputs->audit_forbid;
	char text[AUDIT_KEY_MAX];

	while (name && *name) {
		size_t size = strcspn(name, ",");
		enum audit_kind kind;

		snprintf(text, sizeof(text), "%.*s", (int)size, name);
		kind = audit_kind_find(text);
		if (kind == AUDIT_NONE)
			return prediction_fail(
				error, VMK_BAD_PARAM, text, "not a kind of audit record");
		prediction->audit_forbid |= 1u << kind;
		name += size + (name[size] == ',');
	}
	return VMK_OK;
}

enum vmk_status prediction_make(struct prediction_inputs *inputs, struct prediction *prediction,
	struct prediction_error *error)
{
	enum vmk_status status;

	*prediction = (struct prediction){0};
	status = load_config(inputs, error);
	if (status == VMK_OK)
		status = load_forbidden(inputs, prediction, error);
	if (status != VMK_OK)
		return status;
	snprintf(prediction->name, sizeof(prediction->name), "merlon %.50s", inputs->config.build);
	prediction->launch = inputs->launch;
	prediction->dma_protection = inputs->dma_protection;
	prediction->cpu_required = inputs->cpu_required;
	status = inputs->launch == VMK_LAUNCH_SRTM ? predict_static(inputs, prediction, error)
						   : predict_launch(inputs, prediction, error);
	if (status == VMK_OK)
		status = predict_kernel(inputs, prediction, error);
	if (status == VMK_OK)
		prediction_replay(prediction);
	return status;
}

void prediction_free(struct prediction *prediction)
{
	for (unsigned i = 0; i < prediction->file_count; i++)
		buffer_free(&prediction->files[i].content);
	prediction->file_count = 0;
}
