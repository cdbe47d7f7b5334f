/*
 * What one challenge brought: the verifier's own side of it (nonce, times, what was asked for) and
 * everything that the host answered, unjudged. It can be stored and appraised again.
 */
#ifndef VERIFIER_EVIDENCE_H
#define VERIFIER_EVIDENCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "verifier/bytes.h"
#include "verifier/fault.h"

/* X(symbol, log-id): attest/PROTOCOL.md, Logs. Logs with events come first, in boot order. */
#define EVIDENCE_LOGS(X)                \
	X(LOG_TCG_BOOT, "tcg-boot")     \
	X(LOG_TXT_DRTM, "txt-drtm")     \
	X(LOG_VMK, "vmk")               \
	X(LOG_PCR_VALUES, "pcr-values") \
	X(LOG_LAUNCH, "launch")         \
	X(LOG_EK_CERT, "ek-cert")       \
	X(LOG_EK_PUB, "ek-pub")         \
	X(LOG_AK_PUB, "ak-pub")         \
	X(LOG_AUDIT, "audit")

enum log_id {
#define X(symbol, name) symbol,
	EVIDENCE_LOGS(X)
#undef X
		LOG_COUNT
};
#define LOG_EVENT_LOGS      3 /* the first three of them hold events */

#define EVIDENCE_HOST_MAX   64
#define EVIDENCE_NONCE_MAX  64
#define EVIDENCE_SECRET_MAX 32
#define EVIDENCE_BLOB_MAX   1024        /* TPMS_ATTEST, TPMT_SIGNATURE */
#define EVIDENCE_LOG_MAX    (2u << 20)  /* one log */
#define EVIDENCE_FILE_MAX   (16u << 20) /* a record, as JSON */

struct evidence {
	char host[EVIDENCE_HOST_MAX + 1];
	uint64_t requested_ms; /* milliseconds since 1970: the challenge left */
	uint64_t answered_ms;  /* the whole answer was there */
	uint8_t nonce[EVIDENCE_NONCE_MAX];
	size_t nonce_size;
	unsigned int qd_version;
	struct bytes secret;          /* of qd-version 2, as the verifier made it */
	uint32_t pcr_mask;            /* PCRs that were asked for, SHA-256 bank */
	struct bytes attest;          /* TPMS_ATTEST */
	struct bytes signature;       /* TPMT_SIGNATURE */
	struct bytes logs[LOG_COUNT]; /* data NULL: not sent */
};

const char *log_name(enum log_id log);
/* LOG_COUNT when there is no such log. */
enum log_id log_find(const char *name);

void evidence_free(struct evidence *evidence);
/* A new JSON object, "merlon-evidence-1". */
json_t *evidence_to_json(const struct evidence *evidence);
/*
 * Reads one back; refuses unknown members and whatever exceeds the limits above.
 */
bool evidence_from_json(struct evidence *evidence, const json_t *root, struct fault *fault);
bool evidence_parse(struct evidence *evidence, const void *text, size_t size, struct fault *fault);

/* A host's name: letters, digits, dot, hyphen; no leading dot; at most EVIDENCE_HOST_MAX. */
bool host_name_valid(const char *name);

#endif
