#include <string.h>

#include "agent/server.h"

/* The kernel may log an event between a quote and the reading of its log: then quote again. */
#define QUOTE_ATTEMPTS 3

static const struct {
	enum vmk_trust_log log;
	const char *name;
} log_names[] = {
#define X(symbol, number, name) {symbol, name},
	VMK_TRUST_LOGS(X)
#undef X
};

static bool find_log(const struct tap_log_request *request, enum vmk_trust_log *log)
{
	for (size_t i = 0; i < sizeof(log_names) / sizeof(log_names[0]); i++) {
		if (strlen(log_names[i].name) != request->id_size ||
			memcmp(log_names[i].name, request->id, request->id_size))
			continue;
		*log = log_names[i].log;
		return true;
	}
	return false;
}

/* A log that this host does not have reads as empty: the verifier decides what that means. */
static enum vmk_status log_total(struct agent *agent, enum vmk_trust_log log, uint64_t *total)
{
	enum vmk_status status;

	*total = 0;
	status = agent->ops->log_read(agent->context, log, 0, NULL, 0, total);
	if (status == VMK_NOT_FOUND || status == VMK_NOT_PRESENT) {
		*total = 0;
		return VMK_OK;
	}
	if (status == VMK_OK && *total > TAP_LOG_SIZE_MAX)
		return VMK_TOO_LARGE;
	return status;
}

static void fill_quote_request(struct vmk_quote_request *out, const struct tap_request *request)
{
	memset(out, 0, sizeof(*out));
	out->qd_version = request->qd_version;
	out->pcr_mask = request->pcr_mask;
	out->nonce_size = (uint32_t)request->nonce.size;
	memcpy(out->nonce, request->nonce.data, request->nonce.size);
	if (!request->credential.size)
		return;
	out->credential_size = (uint32_t)request->credential.size;
	memcpy(out->credential, request->credential.data, request->credential.size);
	out->secret_size = (uint32_t)request->secret.size;
	memcpy(out->secret, request->secret.data, request->secret.size);
}

static enum vmk_status take_quote(struct agent *agent)
{
	struct vmk_quote_reply *reply = &agent->quote_reply;
	uint64_t before, after;
	enum vmk_status status;

	for (int i = 0; i < QUOTE_ATTEMPTS; i++) {
		status = log_total(agent, VMK_LOG_VMK, &before);
		if (status != VMK_OK)
			return status;
		status = agent->ops->quote(agent->context, &agent->quote_request, reply);
		agent->stats.quotes++;
		if (status != VMK_OK)
			return status;
		if (reply->attest_size > VMK_ATTEST_MAX ||
			reply->signature_size > VMK_SIGNATURE_MAX)
			return VMK_INTERNAL;
		status = log_total(agent, VMK_LOG_VMK, &after);
		if (status != VMK_OK || before == after)
			return status;
	}
	return VMK_BUSY;
}

/* How much of the log goes into the answer: what was asked for, what there is, what has room. */
static size_t content_size(const struct cbor_writer *out, const struct tap_log_request *request,
	uint64_t total, size_t heads_left)
{
	/* Heads of this log and the ones that follow: array, ie, id, two numbers, content. */
	size_t overhead = heads_left * (1 + 1 + 2 + TAP_LOG_ID_MAX + 9 + 9 + 9);
	uint64_t left = request->start < total ? total - request->start : 0;
	size_t room = out->capacity - out->used;

	room = room > overhead ? room - overhead : 0;
	if (request->count && request->count < left)
		left = request->count;
	return left < room ? (size_t)left : room;
}

static enum vmk_status write_log(struct agent *agent, struct cbor_writer *out,
	const struct tap_log_request *request, size_t heads_left)
{
	struct tap_log log = {
		.id = request->id, .id_size = request->id_size, .start = request->start};
	enum vmk_trust_log id = VMK_LOG_VMK;
	enum vmk_status status;
	uint64_t total;
	uint8_t *content;
	size_t size;

	find_log(request, &id);
	status = log_total(agent, id, &log.total);
	if (status != VMK_OK)
		return status;
	size = content_size(out, request, log.total, heads_left);
	content = tap_reserve_log(out, &log, size);
	if (!content)
		return VMK_TOO_LARGE;
	if (!size)
		return VMK_OK;
	status = agent->ops->log_read(agent->context, id, request->start, content, size, &total);
	if (status == VMK_OK && total < log.total)
		return VMK_BUSY; /* it shrank under us: the content is not whole */
	return status;
}

enum vmk_status agent_make_body(struct agent *agent, const struct tap_request *request,
	struct answer *answer, const char **why)
{
	struct tap_bytes attest, signature;
	struct cbor_writer out;
	enum vmk_status status;

	*why = "quote";
	if (!request->hello) {
		fill_quote_request(&agent->quote_request, request);
		status = take_quote(agent);
		if (status != VMK_OK)
			return status;
	}
	attest = (struct tap_bytes){agent->quote_reply.attest, agent->quote_reply.attest_size};
	signature =
		(struct tap_bytes){agent->quote_reply.signature, agent->quote_reply.signature_size};
	cbor_writer_init(&out, answer->body, sizeof(answer->body));
	tap_begin_response(&out, request->hello ? NULL : &attest, &signature, request->log_count);
	*why = "log";
	for (size_t i = 0; i < request->log_count; i++) {
		status = write_log(agent, &out, &request->logs[i], request->log_count - i);
		if (status != VMK_OK)
			return status;
	}
	answer->body_size = cbor_writer_size(&out);
	return answer->body_size ? VMK_OK : VMK_TOO_LARGE;
}

bool agent_knows_logs(const struct tap_request *request)
{
	enum vmk_trust_log log;

	for (size_t i = 0; i < request->log_count; i++) {
		if (!find_log(&request->logs[i], &log))
			return false;
	}
	return true;
}

/* ak-pub is not among them: the kernel has it since it opened the key. */
bool agent_asks_tpm(const struct tap_request *request)
{
	enum vmk_trust_log log;

	if (!request->hello)
		return true;
	for (size_t i = 0; i < request->log_count; i++) {
		if (find_log(&request->logs[i], &log) &&
			(log == VMK_LOG_PCR_VALUES || log == VMK_LOG_EK_CERT ||
				log == VMK_LOG_EK_PUB))
			return true;
	}
	return false;
}
