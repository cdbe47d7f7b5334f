/*
 * Writes a TCG crypto-agile event log: TCG PC Client Platform Firmware Profile 1.05, section 10.
 * Pure; the buffer is the caller's and never grows: a log that is full stays as it is.
 */
#ifndef TRUST_EVLOG_WRITE_H
#define TRUST_EVLOG_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmkapi/status.h>

struct evlog_writer {
	uint8_t *bytes;
	size_t room, size; /* size <= room: bytes written, always whole records */
	bool sha1, sha256; /* banks that every record has a digest for */
};

/* Writes the Spec ID header. VMK_NO_RESOURCES if even that does not fit, VMK_BAD_PARAM without a
 * bank. */
enum vmk_status evlog_write_begin(
	struct evlog_writer *writer, void *buffer, size_t room, bool sha1, bool sha256);

/* Will a record with `data_bytes` of event data fit? */
bool evlog_write_fits(const struct evlog_writer *writer, size_t data_bytes);

/*
 * Appends one TCG_PCR_EVENT2. The digest of a bank that the log does not have is ignored.
 * VMK_NO_RESOURCES leaves the log as it was.
 */
enum vmk_status evlog_write_event(struct evlog_writer *writer, uint32_t pcr, uint32_t type,
	const uint8_t sha1[20], const uint8_t sha256[32], const void *data, size_t data_bytes);

/* Into a larger buffer. Returns the old one, which is the caller's again. */
void *evlog_write_move(struct evlog_writer *writer, void *buffer, size_t room);

#endif
