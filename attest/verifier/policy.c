#include "verifier/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/audit_read.h"
#include "verifier/cpu.h"
#include "verifier/semantics.h"

#define FORMAT "merlon-policy-1"
/* What proves the kernel: without these no other PCR means anything. */
#define DRTM_ROOT_PCRS (1u << 17 | 1u << 18 | 1u << 19)
/* Firmware and GRUB, the kernel's own, and those that show that no dynamic launch happened. */
#define SRTM_ROOT_PCRS (0x3ffu | 1u << 12 | 1u << 14 | 0x3fu << 17)

static const char *const layer_names[LAYER_COUNT] = {
#define X(symbol, name) [symbol] = name,
	POLICY_LAYERS(X)
#undef X
};

const char *layer_name(enum layer layer)
{
	return (unsigned int)layer < LAYER_COUNT ? layer_names[layer] : "?";
}

const char *launch_name(enum vmk_launch launch)
{
	static const char *const names[VMK_LAUNCH_COUNT] = {
#define X(symbol, name) [symbol] = name,
		VMK_LAUNCHES(X)
#undef X
	};

	return (unsigned int)launch < VMK_LAUNCH_COUNT ? names[launch] : "?";
}

uint32_t launch_logs(enum vmk_launch launch)
{
	return 1u << LOG_VMK | 1u << (launch == VMK_LAUNCH_SRTM ? LOG_TCG_BOOT : LOG_TXT_DRTM);
}

static bool bad(struct fault *fault, const char *member, size_t index, const char *why)
{
	fault_set(fault, REASON_POLICY_INVALID, "policy: %s[%zu]", member, index);
	return fault_found(fault, "%s", why);
}

static const struct policy_file *find_file(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->file_count; i++) {
		if (strcmp(policy->files[i].name, name) == 0)
			return &policy->files[i];
	}
	return NULL;
}

static bool load_file(struct policy_file *file, json_t *item, size_t index, struct fault *fault)
{
	json_int_t size = 0, chunk = 0;
	const char *digest = NULL;
	json_t *chunks = NULL;
	json_error_t error;

	file->role = file->cmdline = "";
	if (json_unpack_ex(item, &error, JSON_STRICT, "{s:s, s?s, s?I, s:s, s?s, s?I, s?o}", "name",
		    &file->name, "role", &file->role, "size", &size, "sha256", &digest, "cmdline",
		    &file->cmdline, "chunk", &chunk, "chunks", &chunks) != 0)
		return bad(fault, "files", index, error.text);
	if (!hex_decode_text(file->sha256, DIGEST_SIZE, digest))
		return bad(fault, "files", index, "sha256 is not 64 hexadecimal digits");
	if (size < 0 || chunk < 0 || (chunks && !json_is_array(chunks)))
		return bad(fault, "files", index, "size, chunk or chunks out of range");
	return true;
}

static bool load_files(struct policy *policy, json_t *array, struct fault *fault)
{
	size_t count = json_array_size(array);

	if (!json_is_array(array) || count > POLICY_FILES_MAX)
		return bad(fault, "files", count, "not an array, or too long");
	policy->files = must_alloc(count, sizeof(*policy->files));
	for (size_t i = 0; i < count; i++) {
		if (!load_file(&policy->files[i], json_array_get(array, i), i, fault))
			return false;
		if (find_file(policy, policy->files[i].name))
			return bad(fault, "files", i, "a name that stands there twice");
		policy->file_count++;
	}
	return true;
}

static enum layer find_layer(const char *name)
{
	for (unsigned int i = 0; i < LAYER_COUNT; i++) {
		if (strcmp(layer_names[i], name) == 0)
			return (enum layer)i;
	}
	return LAYER_COUNT;
}

static bool load_data(
	struct policy_event *event, const char *text, size_t index, struct fault *fault)
{
	uint8_t digest[DIGEST_SIZE];

	if (!text || !*text)
		return true;
	if (!hex_decode_bytes(&event->data, POLICY_DATA_MAX, text))
		return bad(fault, "events", index, "data is not hexadecimal, or too long");
	sha256(digest, event->data.data, event->data.size);
	if (memcmp(digest, event->digest, DIGEST_SIZE) != 0)
		return bad(fault, "events", index, "digest is not the hash of data");
	return true;
}

static bool load_event(struct policy *policy, struct policy_event *event, json_t *item,
	size_t index, struct fault *fault)
{
	const char *log, *layer, *digest, *file = NULL, *data = NULL;
	json_int_t pcr, type;
	json_error_t error;

	event->what = "";
	if (json_unpack_ex(item, &error, JSON_STRICT,
		    "{s:s, s:I, s:I, s:s, s:s, s:s, s?s, s?s, s?s}", "log", &log, "pcr", &pcr,
		    "type", &type, "name", &event->name, "layer", &layer, "digest", &digest, "file",
		    &file, "what", &event->what, "data", &data) != 0)
		return bad(fault, "events", index, error.text);
	event->log = log_find(log);
	event->layer = find_layer(layer);
	if (event->log >= LOG_EVENT_LOGS || !(launch_logs(policy->launch) >> event->log & 1))
		return bad(fault, "events", index, "log is none that this launch has");
	if (event->layer == LAYER_COUNT)
		return bad(fault, "events", index, "unknown layer");
	if (pcr < 0 || pcr >= PCR_COUNT || !(policy->pcr_mask >> pcr & 1))
		return bad(fault, "events", index, "pcr is not in the selection");
	if (type < 0 || type > UINT32_MAX)
		return bad(fault, "events", index, "type out of range");
	if (!hex_decode_text(event->digest, DIGEST_SIZE, digest))
		return bad(fault, "events", index, "digest is not 64 hexadecimal digits");
	if (index && event->log < policy->events[index - 1].log)
		return bad(fault, "events", index, "events of the launch come before those of vmk");
	event->pcr = (uint32_t)pcr;
	event->type = (uint32_t)type;
	event->file = file ? find_file(policy, file) : NULL;
	if (file && !event->file)
		return bad(fault, "events", index, "file is not in files");
	return load_data(event, data, index, fault);
}

static bool load_events(struct policy *policy, json_t *array, struct fault *fault)
{
	size_t count = json_array_size(array);

	if (!json_is_array(array) || count == 0 || count > POLICY_EVENTS_MAX)
		return bad(fault, "events", count, "not an array, empty or too long");
	policy->events = must_alloc(count, sizeof(*policy->events));
	for (size_t i = 0; i < count; i++) {
		policy->event_count++;
		if (!load_event(policy, &policy->events[i], json_array_get(array, i), i, fault))
			return false;
	}
	return true;
}

static bool load_runtime(struct policy *policy, json_t *array, struct fault *fault)
{
	size_t count = json_array_size(array);

	if (!array)
		return true;
	if (!json_is_array(array) || count > POLICY_EVENTS_MAX)
		return bad(fault, "runtime", count, "not an array, or too long");
	policy->runtime = must_alloc(count, sizeof(*policy->runtime));
	for (size_t i = 0; i < count; i++) {
		struct policy_runtime *entry = &policy->runtime[i];
		const char *digest;
		json_error_t error;
		json_int_t pcr;

		entry->file = entry->what = "";
		if (json_unpack_ex(json_array_get(array, i), &error, JSON_STRICT,
			    "{s:I, s:s, s?s, s?s}", "pcr", &pcr, "digest", &digest, "file",
			    &entry->file, "what", &entry->what) != 0)
			return bad(fault, "runtime", i, error.text);
		if (pcr < 0 || pcr >= PCR_COUNT || !(policy->pcr_mask >> pcr & 1))
			return bad(fault, "runtime", i, "pcr is not in the selection");
		if (!hex_decode_text(entry->digest, DIGEST_SIZE, digest))
			return bad(fault, "runtime", i, "digest is not 64 hexadecimal digits");
		entry->pcr = (uint32_t)pcr;
		policy->runtime_count++;
	}
	return true;
}

static bool load_selection(struct policy *policy, json_t *array, struct fault *fault)
{
	json_t *item;
	size_t i;

	if (!json_is_array(array))
		return bad(fault, "selection", 0, "not an array");
	json_array_foreach(array, i, item)
	{
		json_int_t pcr = json_integer_value(item);

		if (!json_is_integer(item) || pcr < 0 || pcr >= PCR_COUNT ||
			(policy->pcr_mask >> pcr & 1))
			return bad(fault, "selection", i, "not a PCR, or named twice");
		policy->pcr_mask |= 1u << pcr;
	}
	if (policy->launch == VMK_LAUNCH_DRTM &&
		(policy->pcr_mask & DRTM_ROOT_PCRS) != DRTM_ROOT_PCRS)
		return bad(fault, "selection", i,
			"PCR 17, 18 and 19 are needed: the others can be reset by the kernel");
	if (policy->launch == VMK_LAUNCH_SRTM &&
		(policy->pcr_mask & SRTM_ROOT_PCRS) != SRTM_ROOT_PCRS)
		return bad(fault, "selection", i,
			"PCR 0 to 9, 12, 14 and 17 to 22 are needed after a static launch");
	return true;
}

static bool load_firmware(struct policy *policy, json_t *array, struct fault *fault)
{
	size_t count = json_array_size(array);

	if (!array)
		return true;
	if (!json_is_array(array) || count == 0 || count > POLICY_FILES_MAX)
		return bad(fault, "tpm-firmware", count, "not an array, empty or too long");
	policy->firmware = must_alloc(count, sizeof(*policy->firmware));
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(array, i));
		uint8_t bytes[8];

		if (!text || !hex_decode_text(bytes, sizeof(bytes), text))
			return bad(fault, "tpm-firmware", i, "not 16 hexadecimal digits");
		for (unsigned int j = 0; j < sizeof(bytes); j++)
			policy->firmware[i] = policy->firmware[i] << 8 | bytes[j];
		policy->firmware_count++;
	}
	return true;
}

/* Without the PCR of its checkpoints, no audit log is proven. */
static bool load_audit(struct policy *policy, json_t *array, struct fault *fault)
{
	unsigned int pcr = semantics_pcr(VMK_EV_AUDIT, policy->launch);

	if (!array)
		return true;
	if (!json_is_array(array) || json_array_size(array) == 0 || !(policy->pcr_mask >> pcr & 1))
		return bad(fault, "audit-forbid", json_array_size(array),
			"not an array, empty, or the PCR of the audit log is not selected");
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *name = json_string_value(json_array_get(array, i));
		enum audit_kind kind = name ? audit_kind_find(name) : AUDIT_NONE;

		if (kind == AUDIT_NONE)
			return bad(fault, "audit-forbid", i, "not a kind of audit record");
		policy->audit_forbid |= 1u << kind;
	}
	return true;
}

static bool load_cpu(struct policy *policy, json_t *array, struct fault *fault)
{
	if (!array)
		return true;
	if (!json_is_array(array) || json_array_size(array) == 0)
		return bad(fault, "cpu-required", 0, "not an array, or empty");
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *name = json_string_value(json_array_get(array, i));
		uint32_t bit = name ? cpu_protection_bit(name) : 0;

		if (!bit)
			return bad(fault, "cpu-required", i, "not a protection of CPUs");
		policy->cpu_required |= bit;
	}
	return true;
}

/* The values must be what the events lead to, or a person was meant to read one and check another.
 */
static bool check_pcrs(struct policy *policy, json_t *object, struct fault *fault)
{
	struct replay replay;

	if (!json_is_object(object))
		return bad(fault, "pcrs", 0, "not an object");
	replay_start(&replay, policy->launch == VMK_LAUNCH_DRTM);
	for (size_t i = 0; i < policy->event_count; i++)
		replay_extend(&replay, policy->events[i].pcr, policy->events[i].digest);
	memcpy(policy->pcrs, replay.pcr, sizeof(policy->pcrs));
	if (json_object_size(object) != (size_t)__builtin_popcount(policy->pcr_mask))
		return bad(
			fault, "pcrs", json_object_size(object), "not the PCRs of the selection");
	for (unsigned int i = 0; i < PCR_COUNT; i++) {
		char key[4], expected[HEX_SIZE(DIGEST_SIZE)];
		const char *text;

		if (!(policy->pcr_mask >> i & 1))
			continue;
		snprintf(key, sizeof(key), "%u", i);
		text = json_string_value(json_object_get(object, key));
		hex_encode(expected, replay.pcr[i], DIGEST_SIZE);
		if (!text || strcasecmp(text, expected) != 0)
			return bad(fault, "pcrs", i, "not the value that the events lead to");
	}
	return true;
}

struct raw_policy {
	const char *format, *launch, *bank;
	json_t *selection, *events, *pcrs, *runtime, *files, *firmware, *audit_forbid,
		*cpu_required;
	int secure_boot;
};

static bool load_launch(struct policy *policy, const struct raw_policy *raw, struct fault *fault)
{
	policy->launch = strcmp(raw->launch, launch_name(VMK_LAUNCH_SRTM)) == 0 ? VMK_LAUNCH_SRTM
										: VMK_LAUNCH_DRTM;
	policy->secure_boot = raw->secure_boot;
	if (strcmp(raw->launch, launch_name(policy->launch)) != 0)
		return fault_set(
			fault, REASON_POLICY_INVALID, "policy: launch is neither drtm nor srtm");
	if (policy->secure_boot && policy->launch != VMK_LAUNCH_SRTM)
		return fault_set(fault, REASON_POLICY_INVALID,
			"policy: secure-boot is of launch srtm alone");
	return true;
}

static bool load(struct policy *policy, struct fault *fault)
{
	struct raw_policy raw = {0};
	json_error_t error;

	if (json_unpack_ex(policy->root, &error, JSON_STRICT,
		    "{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s?o, s:o, s?o, s?b, s?o, s?o}", "format",
		    &raw.format, "name", &policy->name, "launch", &raw.launch, "bank", &raw.bank,
		    "selection", &raw.selection, "events", &raw.events, "pcrs", &raw.pcrs,
		    "runtime", &raw.runtime, "files", &raw.files, "tpm-firmware", &raw.firmware,
		    "secure-boot", &raw.secure_boot, "audit-forbid", &raw.audit_forbid,
		    "cpu-required", &raw.cpu_required) != 0)
		return fault_set(fault, REASON_POLICY_INVALID, "policy: %s", error.text);
	if (strcmp(raw.format, FORMAT) != 0)
		return fault_set(fault, REASON_POLICY_INVALID, "policy: format is not %s", FORMAT);
	if (strcmp(raw.bank, "sha256") != 0)
		return fault_set(fault, REASON_POLICY_INVALID, "policy: bank is not sha256");
	return load_launch(policy, &raw, fault) && load_selection(policy, raw.selection, fault) &&
	       load_files(policy, raw.files, fault) && load_events(policy, raw.events, fault) &&
	       load_runtime(policy, raw.runtime, fault) &&
	       load_firmware(policy, raw.firmware, fault) &&
	       load_audit(policy, raw.audit_forbid, fault) &&
	       load_cpu(policy, raw.cpu_required, fault) && check_pcrs(policy, raw.pcrs, fault);
}

bool policy_from_json(struct policy *policy, json_t *root, struct fault *fault)
{
	memset(policy, 0, sizeof(*policy));
	policy->root = json_incref(root);
	if (load(policy, fault))
		return true;
	policy_free(policy);
	return false;
}

bool policy_parse(struct policy *policy, const void *text, size_t size, struct fault *fault)
{
	json_error_t error;
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	bool ok;

	memset(policy, 0, sizeof(*policy));
	if (!root)
		return fault_set(fault, REASON_POLICY_INVALID, "policy, line %d: %s", error.line,
			error.text);
	ok = policy_from_json(policy, root, fault);
	if (ok)
		sha256(policy->sha256, text, size);
	json_decref(root);
	return ok;
}

bool policy_load(struct policy *policy, const char *path, struct fault *fault)
{
	struct bytes text;
	bool ok;

	memset(policy, 0, sizeof(*policy));
	if (!file_read(&text, path, POLICY_FILE_MAX))
		return fault_local(fault, REASON_POLICY_INVALID, path, strerror(errno));
	ok = policy_parse(policy, text.data, text.size, fault);
	bytes_free(&text);
	return ok || fault_of_file(fault, path);
}

void policy_free(struct policy *policy)
{
	for (size_t i = 0; i < policy->event_count; i++)
		bytes_free(&policy->events[i].data);
	free(policy->events);
	free(policy->runtime);
	free(policy->files);
	free(policy->firmware);
	json_decref(policy->root);
	memset(policy, 0, sizeof(*policy));
}
