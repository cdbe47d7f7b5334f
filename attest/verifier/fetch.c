#include "verifier/fetch.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

/* A host whose answers hold 8 KiB of log each still gets its whole log through. */
#define ROUNDS_MAX 256u

struct progress {
	uint32_t unasked; /* bit n: log n, of which no question has said anything yet */
	uint64_t total[LOG_COUNT];
	bool seen[LOG_COUNT];
};

static bool unasked(struct fault *fault, const char *what)
{
	return fault_set(fault, REASON_MALFORMED, "answer: %s", what);
}

static enum log_id find_log(const struct tap_log *log)
{
	for (unsigned int i = 0; i < LOG_COUNT; i++) {
		if (tap_log_is(log, log_name((enum log_id)i)))
			return (enum log_id)i;
	}
	return LOG_COUNT;
}

static bool take_content(const struct progress *progress, enum log_id id, struct bytes *bytes,
	const struct tap_log *log, struct fault *fault)
{
	struct bytes grown;

	if (progress->seen[id] && log->total < bytes->size)
		return unasked(fault, "a log that shrank while it was read");
	if (log->start != bytes->size || log->total > EVIDENCE_LOG_MAX || log->total < log->start ||
		log->content.size > log->total - log->start)
		return unasked(fault, "a log's start, total or size");
	grown.size = bytes->size + log->content.size;
	grown.data = must_alloc(grown.size, 1);
	if (bytes->size)
		memcpy(grown.data, bytes->data, bytes->size);
	if (log->content.size)
		memcpy(grown.data + bytes->size, log->content.data, log->content.size);
	bytes_free(bytes);
	*bytes = grown;
	return true;
}

static bool append(struct evidence *evidence, struct progress *progress, uint32_t asked,
	const struct tap_log *log, struct fault *fault)
{
	enum log_id id = find_log(log);
	struct bytes *bytes;

	if (id == LOG_COUNT || !(asked >> id & 1))
		return unasked(fault, "a log that was not asked for");
	bytes = &evidence->logs[id];
	if (!progress->seen[id] && bytes->size && log->total < bytes->size)
		bytes_free(bytes); /* what we knew was of another boot: from the beginning, then */
	else if (!take_content(progress, id, bytes, log, fault))
		return false;
	/* A log that grows meanwhile is read up to where it ended at first: that was quoted. */
	if (!progress->seen[id])
		progress->total[id] = log->total;
	progress->seen[id] = true;
	return true;
}

static bool take_answer(struct evidence *evidence, struct progress *progress, uint32_t asked,
	const struct tap_response *response, struct fault *fault)
{
	if (response->has_quote && evidence->attest.data)
		return unasked(fault, "a second quote");
	if (response->has_quote) {
		evidence->attest = bytes_copy(response->attest.data, response->attest.size);
		evidence->signature =
			bytes_copy(response->signature.data, response->signature.size);
	}
	for (size_t i = 0; i < response->log_count; i++) {
		if (!append(evidence, progress, asked, &response->logs[i], fault))
			return false;
	}
	return true;
}

static bool is_wanted(
	const struct progress *progress, enum log_id id, const struct evidence *evidence)
{
	return (progress->unasked >> id & 1) ||
	       (progress->seen[id] && evidence->logs[id].size < progress->total[id]);
}

/*
 * Asks for what is wanted, as far as a request has room: what has none comes in the next one, after
 * the quote. Answers what was asked for, bit n for log n.
 */
static uint32_t add_logs(
	struct tap_request *request, struct progress *progress, const struct evidence *evidence)
{
	uint32_t asked = 0;

	for (unsigned int i = 0; i < LOG_COUNT && request->log_count < TAP_LOGS_MAX; i++) {
		const char *name = log_name((enum log_id)i);

		if (!is_wanted(progress, (enum log_id)i, evidence))
			continue;
		request->logs[request->log_count++] = (struct tap_log_request){
			.id = name, .id_size = strlen(name), .start = evidence->logs[i].size};
		asked |= 1u << i;
	}
	progress->unasked &= ~asked;
	return asked;
}

static bool ask(struct evidence *evidence, struct client *client, struct progress *progress,
	const struct tap_request *request, uint32_t asked, struct fault *fault)
{
	struct tap_response response;
	struct bytes body;
	bool ok;

	if (!client_ask(client, request, &response, &body, fault))
		return false;
	ok = take_answer(evidence, progress, asked, &response, fault);
	bytes_free(&body);
	return ok;
}

/* Reads on where an answer held only the beginning of a log, or a request had no room for one. */
static bool read_on(struct evidence *evidence, struct client *client, struct progress *progress,
	uint32_t pcr_mask, struct fault *fault)
{
	for (unsigned int round = 0; round <= ROUNDS_MAX; round++) {
		struct tap_request request = {.hello = true,
			.nonce = {evidence->nonce, evidence->nonce_size},
			.pcr_mask = pcr_mask};
		uint32_t asked = add_logs(&request, progress, evidence);

		if (!asked)
			return true;
		if (!ask(evidence, client, progress, &request, asked, fault))
			return false;
	}
	return unasked(fault, "logs that never end");
}

static void add_credential(struct tap_request *request, const struct fetch *fetch)
{
	if (!fetch->credential)
		return;
	request->qd_version = 2;
	request->credential =
		(struct tap_bytes){fetch->credential->blob.data, fetch->credential->blob.size};
	request->secret = (struct tap_bytes){
		fetch->credential->encrypted.data, fetch->credential->encrypted.size};
}

static bool fetch_all(struct evidence *evidence, struct client *client, const struct fetch *fetch,
	struct fault *fault)
{
	struct tap_request request = {
		.hello = fetch->logs_only,
		.nonce = {evidence->nonce, evidence->nonce_size},
		.pcr_mask = fetch->pcr_mask,
	};
	struct progress progress = {.unasked = fetch->logs};
	uint32_t asked;

	add_credential(&request, fetch);
	asked = add_logs(&request, &progress, evidence);
	if (!ask(evidence, client, &progress, &request, asked, fault))
		return false;
	if (!fetch->logs_only && evidence->attest.size == 0)
		return unasked(fault, "no quote in it");
	evidence->answered_ms = wall_clock_ms();
	return read_on(evidence, client, &progress, fetch->pcr_mask, fault);
}

/*
 * A nonce must not grow old while a host boots: the first answer, to an empty question, comes
 * before the challenge.
 */
static bool wait_for_host(struct client *client, uint32_t pcr_mask, struct fault *fault)
{
	static const uint8_t no_nonce[8];
	struct tap_request request = {
		.hello = true, .nonce = {no_nonce, sizeof(no_nonce)}, .pcr_mask = pcr_mask};
	struct tap_response response;
	struct bytes body;

	if (client->first_answer_ms)
		return true;
	if (!client_ask(client, &request, &response, &body, fault))
		return false;
	bytes_free(&body);
	return true;
}

bool fetch_evidence(struct evidence *evidence, struct client *client, const struct fetch *fetch,
	struct fault *fault)
{
	memset(evidence, 0, sizeof(*evidence));
	if (!wait_for_host(client, fetch->pcr_mask, fault))
		return false;
	snprintf(evidence->host, sizeof(evidence->host), "%s", fetch->host);
	evidence->pcr_mask = fetch->pcr_mask;
	evidence->nonce_size = FETCH_NONCE_SIZE;
	if (RAND_bytes(evidence->nonce, FETCH_NONCE_SIZE) != 1)
		return fault_set(fault, REASON_STATE, "OpenSSL: no random numbers");
	if (fetch->audit && fetch->audit->size)
		evidence->logs[LOG_AUDIT] = bytes_copy(fetch->audit->data, fetch->audit->size);
	if (fetch->credential) {
		evidence->qd_version = 2;
		evidence->secret = bytes_copy(fetch->credential->secret, CREDENTIAL_SECRET_SIZE);
	}
	evidence->requested_ms = wall_clock_ms();
	if (fetch_all(evidence, client, fetch, fault))
		return true;
	evidence_free(evidence);
	return false;
}

bool fetch_whole_audit(struct evidence *evidence, struct client *client, const struct fetch *fetch,
	struct fault *fault)
{
	struct progress progress = {.unasked = 1u << LOG_AUDIT};

	bytes_free(&evidence->logs[LOG_AUDIT]);
	return read_on(evidence, client, &progress, fetch->pcr_mask, fault);
}
