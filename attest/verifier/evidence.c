#include "verifier/evidence.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "merlon-evidence-1"

static const char *const log_names[LOG_COUNT] = {
#define X(symbol, name) [symbol] = name,
	EVIDENCE_LOGS(X)
#undef X
};

const char *log_name(enum log_id log)
{
	return (unsigned int)log < LOG_COUNT ? log_names[log] : "?";
}

enum log_id log_find(const char *name)
{
	for (unsigned int i = 0; i < LOG_COUNT; i++) {
		if (strcmp(log_names[i], name) == 0)
			return (enum log_id)i;
	}
	return LOG_COUNT;
}

bool host_name_valid(const char *name)
{
	size_t size = strlen(name);

	if (size == 0 || size > EVIDENCE_HOST_MAX || name[0] == '.' || name[0] == '-')
		return false;
	for (; *name; name++) {
		if (!isalnum((unsigned char)*name) && *name != '.' && *name != '-')
			return false;
	}
	return true;
}

void evidence_free(struct evidence *evidence)
{
	bytes_free(&evidence->secret);
	bytes_free(&evidence->attest);
	bytes_free(&evidence->signature);
	for (unsigned int i = 0; i < LOG_COUNT; i++)
		bytes_free(&evidence->logs[i]);
}

static void put_hex(json_t *object, const char *key, const void *data, size_t size)
{
	char *text = hex_text(data, size);

	json_object_set_new(object, key, json_string(text));
	free(text);
}

json_t *evidence_to_json(const struct evidence *evidence)
{
	json_t *root = json_object(), *logs = json_object();

	json_object_set_new(root, "format", json_string(FORMAT));
	json_object_set_new(root, "host", json_string(evidence->host));
	json_object_set_new(root, "requested-ms", json_integer((json_int_t)evidence->requested_ms));
	json_object_set_new(root, "answered-ms", json_integer((json_int_t)evidence->answered_ms));
	put_hex(root, "nonce", evidence->nonce, evidence->nonce_size);
	json_object_set_new(root, "qd-version", json_integer(evidence->qd_version));
	if (evidence->secret.size)
		put_hex(root, "secret", evidence->secret.data, evidence->secret.size);
	json_object_set_new(root, "pcr-mask", json_integer(evidence->pcr_mask));
	put_hex(root, "attest", evidence->attest.data, evidence->attest.size);
	put_hex(root, "signature", evidence->signature.data, evidence->signature.size);
	for (unsigned int i = 0; i < LOG_COUNT; i++) {
		if (evidence->logs[i].data)
			put_hex(logs, log_names[i], evidence->logs[i].data, evidence->logs[i].size);
	}
	json_object_set_new(root, "logs", logs);
	return root;
}

static bool bad(struct fault *fault, const char *member)
{
	return fault_set(fault, REASON_MALFORMED, "evidence record: member %s", member);
}

static bool get_hex(struct bytes *bytes, const char *text, size_t limit, const char *member,
	struct fault *fault)
{
	if (!text)
		return true;
	return hex_decode_bytes(bytes, limit, text) || bad(fault, member);
}

static bool get_logs(struct evidence *evidence, json_t *logs, struct fault *fault)
{
	const char *name;
	json_t *value;

	json_object_foreach(logs, name, value)
	{
		enum log_id log = log_find(name);

		if (log == LOG_COUNT || !json_is_string(value))
			return bad(fault, "logs");
		if (!get_hex(&evidence->logs[log], json_string_value(value), EVIDENCE_LOG_MAX, name,
			    fault))
			return false;
	}
	return true;
}

/* What unpacking leaves as texts and numbers, checked and converted. */
struct raw_evidence {
	const char *format, *host, *nonce, *secret, *attest, *signature;
	json_int_t requested, answered, qd_version, mask;
	json_t *logs;
};

static bool unpack(struct raw_evidence *raw, const json_t *root, struct fault *fault)
{
	json_error_t error;

	if (json_unpack_ex((json_t *)root, &error, JSON_STRICT,
		    "{s:s, s:s, s:I, s:I, s:s, s:I, s?s, s:I, s:s, s:s, s:o}", "format",
		    &raw->format, "host", &raw->host, "requested-ms", &raw->requested,
		    "answered-ms", &raw->answered, "nonce", &raw->nonce, "qd-version",
		    &raw->qd_version, "secret", &raw->secret, "pcr-mask", &raw->mask, "attest",
		    &raw->attest, "signature", &raw->signature, "logs", &raw->logs) != 0)
		return fault_set(fault, REASON_MALFORMED, "evidence record: %s", error.text);
	return true;
}

static bool convert(struct evidence *evidence, const struct raw_evidence *raw, struct fault *fault)
{
	struct bytes nonce = {0};

	if (strcmp(raw->format, FORMAT) != 0)
		return bad(fault, "format");
	if (!host_name_valid(raw->host))
		return bad(fault, "host");
	strcpy(evidence->host, raw->host);
	if (raw->requested < 0 || raw->answered < 0)
		return bad(fault, "requested-ms or answered-ms");
	evidence->requested_ms = (uint64_t)raw->requested;
	evidence->answered_ms = (uint64_t)raw->answered;
	if (raw->qd_version < 0 || raw->qd_version > 2)
		return bad(fault, "qd-version");
	evidence->qd_version = (unsigned int)raw->qd_version;
	if (raw->mask <= 0 || raw->mask >= 1 << 24)
		return bad(fault, "pcr-mask");
	evidence->pcr_mask = (uint32_t)raw->mask;
	if (!get_hex(&nonce, raw->nonce, EVIDENCE_NONCE_MAX, "nonce", fault))
		return false;
	if (nonce.size)
		memcpy(evidence->nonce, nonce.data, nonce.size);
	evidence->nonce_size = nonce.size;
	bytes_free(&nonce);
	return get_hex(&evidence->secret, raw->secret, EVIDENCE_SECRET_MAX, "secret", fault) &&
	       get_hex(&evidence->attest, raw->attest, EVIDENCE_BLOB_MAX, "attest", fault) &&
	       get_hex(&evidence->signature, raw->signature, EVIDENCE_BLOB_MAX, "signature", fault);
}

bool evidence_from_json(struct evidence *evidence, const json_t *root, struct fault *fault)
{
	struct raw_evidence raw = {0};

	memset(evidence, 0, sizeof(*evidence));
	if (unpack(&raw, root, fault) && convert(evidence, &raw, fault) &&
		(json_is_object(raw.logs) || bad(fault, "logs")) &&
		get_logs(evidence, raw.logs, fault))
		return true;
	evidence_free(evidence);
	return false;
}

bool evidence_parse(struct evidence *evidence, const void *text, size_t size, struct fault *fault)
{
	json_error_t error;
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	json_t *inner;
	bool ok;

	if (!root)
		return fault_set(fault, REASON_MALFORMED, "evidence record, line %d: %s",
			error.line, error.text);
	/* A stored record wraps the evidence with its place in the chain and the verdict. */
	inner = json_object_get(root, "evidence");
	ok = evidence_from_json(evidence, inner ? inner : root, fault);
	json_decref(root);
	return ok;
}
