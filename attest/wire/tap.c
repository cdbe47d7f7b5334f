#include "wire/tap.h"

#include <string.h>

/* Keys of the request's options map. */
enum { OPTION_QD_VERSION = 1, OPTION_CREDENTIAL = 2 };

/*
 * A decoder's state: the reader, and the member that is being read, for the error message. Members
 * are named before they are read; the first failure keeps its name because decoding stops there.
 */
struct decoder {
	struct cbor_reader in;
	const char *what;
};

static bool read_blob(
	struct decoder *d, const char *what, size_t min, size_t max, struct tap_bytes *blob)
{
	d->what = what;
	return cbor_read_bytes(&d->in, min, max, &blob->data, &blob->size);
}

static bool read_number(struct decoder *d, const char *what, uint64_t max, uint64_t *value)
{
	d->what = what;
	return cbor_read_uint(&d->in, max, value);
}

static bool read_array(struct decoder *d, const char *what, size_t min, size_t max, size_t *count)
{
	d->what = what;
	return cbor_read_array(&d->in, min, max, count);
}

/* A number with one allowed value. */
static bool read_fixed(struct decoder *d, const char *what, uint64_t wanted)
{
	uint64_t value;

	if (!read_number(d, what, UINT64_MAX, &value))
		return false;
	if (value != wanted)
		return cbor_fail(&d->in, VMK_UNSUPPORTED, "not supported");
	return true;
}

static bool read_selections(struct decoder *d, uint32_t *mask)
{
	size_t banks, pair, count;
	uint64_t pcr, last = 0;

	if (!read_array(d, "selections", 1, 1, &banks) ||
		!read_array(d, "selection", 2, 2, &pair) ||
		!read_fixed(d, "selection bank", TAP_ALG_SHA256) ||
		!read_array(d, "selection PCRs", 1, TAP_PCR_COUNT, &count))
		return false;
	*mask = 0;
	for (size_t i = 0; i < count; i++) {
		if (!read_number(d, "selection PCR", TAP_PCR_COUNT - 1, &pcr))
			return false;
		if (i && pcr <= last)
			return cbor_fail(&d->in, VMK_BAD_FORMAT, "not in ascending order");
		*mask |= 1u << pcr;
		last = pcr;
	}
	return true;
}

/* No part of an answer is made twice for one request. */
static bool named_before(const struct tap_request *request, size_t index)
{
	const struct tap_log_request *log = &request->logs[index];

	for (size_t i = 0; i < index; i++) {
		if (request->logs[i].id_size == log->id_size &&
			!memcmp(request->logs[i].id, log->id, log->id_size))
			return true;
	}
	return false;
}

static bool read_log_requests(struct decoder *d, struct tap_request *request)
{
	size_t triple;

	if (!read_array(d, "logs", 0, TAP_LOGS_MAX, &request->log_count))
		return false;
	for (size_t i = 0; i < request->log_count; i++) {
		struct tap_log_request *log = &request->logs[i];

		if (!read_array(d, "log", 3, 3, &triple))
			return false;
		d->what = "log id";
		if (!cbor_read_text(&d->in, 1, TAP_LOG_ID_MAX, &log->id, &log->id_size))
			return false;
		if (named_before(request, i))
			return cbor_fail(&d->in, VMK_BAD_FORMAT, "named twice");
		if (!read_number(d, "log start", TAP_LOG_SIZE_MAX, &log->start) ||
			!read_number(d, "log count", TAP_LOG_SIZE_MAX, &log->count))
			return false;
	}
	return true;
}

static bool read_option(struct decoder *d, uint64_t key, struct tap_request *request)
{
	uint64_t version;
	size_t pair;

	if (key == OPTION_QD_VERSION) {
		if (!read_number(d, "qd-version", TAP_QD_VERSION_MAX, &version))
			return false;
		request->qd_version = (uint32_t)version;
		return true;
	}
	if (key != OPTION_CREDENTIAL)
		return cbor_fail(&d->in, VMK_UNSUPPORTED, "unknown");
	return read_array(d, "credential", 2, 2, &pair) &&
	       read_blob(d, "credential-blob", 1, TAP_CREDENTIAL_MAX, &request->credential) &&
	       read_blob(d, "encrypted-secret", 1, TAP_CREDENTIAL_MAX, &request->secret);
}

static bool read_options(struct decoder *d, struct tap_request *request)
{
	uint64_t key, last = 0;
	size_t count;

	d->what = "options";
	if (!cbor_read_map(&d->in, 0, 2, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!read_number(d, "option", UINT64_MAX, &key))
			return false;
		if (i && key <= last)
			return cbor_fail(&d->in, VMK_BAD_FORMAT, "not in ascending order");
		if (!read_option(d, key, request))
			return false;
		last = key;
	}
	d->what = "credential";
	if ((request->qd_version == 2) != (request->credential.size != 0))
		return cbor_fail(&d->in, VMK_BAD_FORMAT, "goes with qd-version 2 only");
	return true;
}

static bool read_request(struct decoder *d, struct tap_request *request)
{
	size_t members;

	if (!read_array(d, "request", 6, 7, &members) || !read_fixed(d, "specver", TAP_SPECVER))
		return false;
	d->what = "hello";
	if (!cbor_read_bool(&d->in, &request->hello) ||
		!read_blob(d, "key-id", 0, TAP_KEY_ID_MAX, &request->key_id) ||
		!read_blob(d, "nonce", TAP_NONCE_MIN, TAP_NONCE_MAX, &request->nonce) ||
		!read_selections(d, &request->pcr_mask) || !read_log_requests(d, request))
		return false;
	if (members == 7 && !read_options(d, request))
		return false;
	d->what = "request";
	return cbor_read_end(&d->in);
}

static enum vmk_status decoded(const struct decoder *d, struct tap_error *error)
{
	if (d->in.status != VMK_OK && error)
		*error =
			(struct tap_error){.what = d->what, .why = d->in.error, .offset = d->in.at};
	return d->in.status;
}

enum vmk_status tap_decode_request(
	const void *data, size_t size, struct tap_request *request, struct tap_error *error)
{
	struct decoder d = {0};

	memset(request, 0, sizeof(*request));
	cbor_reader_init(&d.in, data, size);
	read_request(&d, request);
	return decoded(&d, error);
}

static bool read_logs(struct decoder *d, struct tap_response *response)
{
	size_t members;

	if (!read_array(d, "logs", 0, TAP_LOGS_MAX, &response->log_count))
		return false;
	for (size_t i = 0; i < response->log_count; i++) {
		struct tap_log *log = &response->logs[i];

		if (!read_array(d, "log", 5, 5, &members) || !read_fixed(d, "log ie", 0))
			return false;
		d->what = "log id";
		if (!cbor_read_text(&d->in, 1, TAP_LOG_ID_MAX, &log->id, &log->id_size) ||
			!read_number(d, "log start", TAP_LOG_SIZE_MAX, &log->start) ||
			!read_number(d, "log total", TAP_LOG_SIZE_MAX, &log->total) ||
			!read_blob(d, "log content", 0, TAP_LOG_SIZE_MAX, &log->content))
			return false;
		if (log->content.size &&
			(log->start > log->total || log->content.size > log->total - log->start))
			return cbor_fail(&d->in, VMK_BAD_FORMAT, "longer than the log");
	}
	return true;
}

static bool read_quote(struct decoder *d, struct tap_response *response)
{
	size_t members;

	d->what = "quote";
	if (cbor_peek(&d->in) == CBOR_NULL)
		return cbor_read_null(&d->in);
	response->has_quote = true;
	return read_array(d, "quote", 4, 4, &members) && read_fixed(d, "quote ie", 0) &&
	       read_fixed(d, "quote subtype", 0) &&
	       read_blob(d, "attest", 1, TAP_ATTEST_MAX, &response->attest) &&
	       read_blob(d, "signature", 1, TAP_SIGNATURE_MAX, &response->signature);
}

enum vmk_status tap_decode_response(
	const void *data, size_t size, struct tap_response *response, struct tap_error *error)
{
	struct decoder d = {0};
	size_t members;

	memset(response, 0, sizeof(*response));
	cbor_reader_init(&d.in, data, size);
	if (read_array(&d, "response", 2, 2, &members) && read_quote(&d, response) &&
		read_logs(&d, response)) {
		d.what = "response";
		cbor_read_end(&d.in);
	}
	return decoded(&d, error);
}

static void write_blob(struct cbor_writer *out, const struct tap_bytes *blob)
{
	cbor_write_bytes(out, blob->data, blob->size);
}

static void write_selections(struct cbor_writer *out, uint32_t mask)
{
	cbor_write_array(out, 1);
	cbor_write_array(out, 2);
	cbor_write_uint(out, TAP_ALG_SHA256);
	cbor_write_array(out, (size_t)__builtin_popcount(mask));
	for (unsigned pcr = 0; pcr < 32; pcr++) {
		if (mask >> pcr & 1)
			cbor_write_uint(out, pcr);
	}
}

static void write_options(struct cbor_writer *out, const struct tap_request *request)
{
	bool credential = request->credential.size || request->secret.size;

	cbor_write_map(out, 1u + credential);
	cbor_write_uint(out, OPTION_QD_VERSION);
	cbor_write_uint(out, request->qd_version);
	if (!credential)
		return;
	cbor_write_uint(out, OPTION_CREDENTIAL);
	cbor_write_array(out, 2);
	write_blob(out, &request->credential);
	write_blob(out, &request->secret);
}

enum vmk_status tap_encode_request(
	const struct tap_request *request, void *buffer, size_t capacity, size_t *size)
{
	bool options = request->qd_version || request->credential.size || request->secret.size;
	struct tap_request check;
	struct cbor_writer out;

	if (request->log_count > TAP_LOGS_MAX)
		return VMK_BAD_PARAM;
	cbor_writer_init(&out, buffer, capacity);
	cbor_write_array(&out, 6u + options);
	cbor_write_uint(&out, TAP_SPECVER);
	cbor_write_bool(&out, request->hello);
	write_blob(&out, &request->key_id);
	write_blob(&out, &request->nonce);
	write_selections(&out, request->pcr_mask);
	cbor_write_array(&out, request->log_count);
	for (size_t i = 0; i < request->log_count; i++) {
		cbor_write_array(&out, 3);
		cbor_write_text(&out, request->logs[i].id, request->logs[i].id_size);
		cbor_write_uint(&out, request->logs[i].start);
		cbor_write_uint(&out, request->logs[i].count);
	}
	if (options)
		write_options(&out, request);
	*size = cbor_writer_size(&out);
	if (!*size)
		return VMK_TOO_LARGE;
	return tap_decode_request(buffer, *size, &check, NULL) == VMK_OK ? VMK_OK : VMK_BAD_PARAM;
}

void tap_begin_response(struct cbor_writer *writer, const struct tap_bytes *attest,
	const struct tap_bytes *signature, size_t log_count)
{
	cbor_write_array(writer, 2);
	if (attest) {
		cbor_write_array(writer, 4);
		cbor_write_uint(writer, 0);
		cbor_write_uint(writer, 0);
		write_blob(writer, attest);
		write_blob(writer, signature);
	} else {
		cbor_write_null(writer);
	}
	cbor_write_array(writer, log_count);
}

uint8_t *tap_reserve_log(struct cbor_writer *writer, const struct tap_log *log, size_t content_size)
{
	cbor_write_array(writer, 5);
	cbor_write_uint(writer, 0);
	cbor_write_text(writer, log->id, log->id_size);
	cbor_write_uint(writer, log->start);
	cbor_write_uint(writer, log->total);
	return cbor_reserve_bytes(writer, content_size);
}

enum vmk_status tap_encode_response(
	const struct tap_response *response, void *buffer, size_t capacity, size_t *size)
{
	struct tap_response check;
	struct cbor_writer out;

	if (response->log_count > TAP_LOGS_MAX)
		return VMK_BAD_PARAM;
	cbor_writer_init(&out, buffer, capacity);
	tap_begin_response(&out, response->has_quote ? &response->attest : NULL,
		&response->signature, response->log_count);
	for (size_t i = 0; i < response->log_count; i++) {
		const struct tap_log *log = &response->logs[i];
		uint8_t *content = tap_reserve_log(&out, log, log->content.size);

		if (content && log->content.size)
			memcpy(content, log->content.data, log->content.size);
	}
	*size = cbor_writer_size(&out);
	if (!*size)
		return VMK_TOO_LARGE;
	return tap_decode_response(buffer, *size, &check, NULL) == VMK_OK ? VMK_OK : VMK_BAD_PARAM;
}

bool tap_log_is(const struct tap_log *log, const char *id)
{
	return log->id_size == strlen(id) && !memcmp(log->id, id, log->id_size);
}
