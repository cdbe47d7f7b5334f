/*
 * The messages of attest/PROTOCOL.md: a challenge and its answer, in the TAP shape of CHARRA.
 * Pure, no allocation: decoded messages point into the encoded bytes.
 */
#ifndef WIRE_TAP_H
#define WIRE_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vmkapi/status.h>

#include "wire/cbor.h"

#define TAP_SPECVER        0x20200
#define TAP_ALG_SHA256     0x000b /* TPM_ALG_SHA256 */
#define TAP_PCR_COUNT      24
#define TAP_NONCE_MIN      8
#define TAP_NONCE_MAX      64
#define TAP_KEY_ID_MAX     64
#define TAP_LOGS_MAX       8
#define TAP_LOG_ID_MAX     31
#define TAP_CREDENTIAL_MAX 512 /* TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET, each */
#define TAP_QD_VERSION_MAX 2
#define TAP_ATTEST_MAX     1024 /* TPMS_ATTEST */
#define TAP_SIGNATURE_MAX  600  /* TPMT_SIGNATURE */
#define TAP_LOG_SIZE_MAX   (16u << 20)

struct tap_bytes {
	const uint8_t *data;
	size_t size;
};

/* Why a message was refused: `what` names the member and `why` the fault, in constant words. */
struct tap_error {
	const char *what;
	const char *why;
	size_t offset; /* in the message, bytes */
};

struct tap_log_request {
	const char *id; /* printable ASCII, not terminated */
	size_t id_size;
	uint64_t start; /* first byte wanted */
	uint64_t count; /* bytes wanted at most; 0: to the end */
};

struct tap_request {
	bool hello; /* true: no quote, only logs */
	struct tap_bytes key_id;
	struct tap_bytes nonce;
	uint32_t pcr_mask; /* bit n: PCR n of the SHA-256 bank; never empty */
	size_t log_count;
	struct tap_log_request logs[TAP_LOGS_MAX];
	uint32_t qd_version;         /* 0..2: how extraData is made from the nonce */
	struct tap_bytes credential; /* TPM2B_ID_OBJECT, whole; set when qd_version is 2 */
	struct tap_bytes secret;     /* TPM2B_ENCRYPTED_SECRET, whole; likewise */
};

struct tap_log {
	const char *id; /* printable ASCII, not terminated */
	size_t id_size;
	uint64_t start;           /* offset of content's first byte in the log */
	uint64_t total;           /* bytes that the log has in all */
	struct tap_bytes content; /* may be less than was asked for */
};

struct tap_response {
	bool has_quote;
	struct tap_bytes attest;    /* TPMS_ATTEST */
	struct tap_bytes signature; /* TPMT_SIGNATURE */
	size_t log_count;
	struct tap_log logs[TAP_LOGS_MAX];
};

/*
 * Both directions. Decoders refuse whatever the protocol does not allow: VMK_TRUNCATED,
 * VMK_BAD_FORMAT, VMK_TOO_LARGE, or VMK_UNSUPPORTED for a well-formed message of another version;
 * *error is set then, and may be NULL. Encoders answer VMK_BAD_PARAM for a message that the decoder
 * would refuse and VMK_TOO_LARGE when the buffer is too small; *size is in bytes.
 */
enum vmk_status tap_decode_request(
	const void *data, size_t size, struct tap_request *request, struct tap_error *error);
enum vmk_status tap_encode_request(
	const struct tap_request *request, void *buffer, size_t capacity, size_t *size);
enum vmk_status tap_decode_response(
	const void *data, size_t size, struct tap_response *response, struct tap_error *error);
enum vmk_status tap_encode_response(
	const struct tap_response *response, void *buffer, size_t capacity, size_t *size);

/*
 * A response written piece by piece, so that logs are read straight into the answer: the quote
 * (NULL attest: none) and the number of logs, then each log's head with room for its content.
 */
void tap_begin_response(struct cbor_writer *writer, const struct tap_bytes *attest,
	const struct tap_bytes *signature, size_t log_count);
/* Where the caller puts `content_size` bytes; NULL when the buffer is full. */
uint8_t *tap_reserve_log(
	struct cbor_writer *writer, const struct tap_log *log, size_t content_size);

/* True when the log's id is `id`, a C string. */
bool tap_log_is(const struct tap_log *log, const char *id);

#endif
