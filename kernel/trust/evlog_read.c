#include "trust/evlog_read.h"

#include "trust/tcg_events.h"
#include "trust/txt_events.h"

#include <string.h>
#include <vmkapi/events.h>

#include "lib/reader.h"

#define SHA1_SIZE       20u
#define MAX_DIGEST_SIZE 64u

static enum vmk_status fail(const char **why, enum vmk_status status, const char *text)
{
	if (why)
		*why = text;
	return status;
}

/* One row of the Spec ID event's table of algorithms. */
static enum vmk_status add_alg(struct evlog *log, uint16_t alg, uint16_t size, const char **why)
{
	if (size == 0 || size > MAX_DIGEST_SIZE)
		return fail(why, VMK_BAD_FORMAT, "a digest size out of range");
	if ((alg == EVLOG_ALG_SHA1 && size != 20) || (alg == EVLOG_ALG_SHA256 && size != 32))
		return fail(why, VMK_BAD_FORMAT, "a digest size that its algorithm does not have");
	for (unsigned int i = 0; i < log->alg_count; i++) {
		if (log->algs[i].alg == alg)
			return fail(why, VMK_BAD_FORMAT, "an algorithm is listed twice");
	}
	log->algs[log->alg_count].alg = alg;
	log->algs[log->alg_count].size = size;
	log->alg_count++;
	return VMK_OK;
}

/* TCG_EfiSpecIDEvent, after its wrapper. */
static enum vmk_status read_spec_id(struct evlog *log, struct reader *r, const char **why)
{
	const uint8_t *signature = reader_bytes(r, 16);
	uint32_t count;

	if (!signature)
		return fail(why, VMK_TRUNCATED, "ends inside the Spec ID event's signature");
	if (memcmp(signature, "Spec ID Event03", 16) != 0)
		return fail(why, VMK_BAD_FORMAT,
			"no Spec ID Event03 signature: not a crypto-agile log");
	/* Platform class; the specification's version (minor, major, errata); the size of UINTN. */
	reader_skip(r, 4 + 4);
	count = reader_le32(r);
	if (r->failed)
		return fail(why, VMK_TRUNCATED, "ends inside the Spec ID event");
	if (count == 0)
		return fail(why, VMK_BAD_FORMAT, "the Spec ID event lists no digest algorithm");
	if (count > EVLOG_MAX_ALGS)
		return fail(why, VMK_UNSUPPORTED, "the Spec ID event lists too many algorithms");
	for (uint32_t i = 0; i < count; i++) {
		uint16_t alg = reader_le16(r), size = reader_le16(r);
		enum vmk_status status;

		if (r->failed)
			return fail(why, VMK_TRUNCATED, "ends inside the list of algorithms");
		status = add_alg(log, alg, size, why);
		if (status != VMK_OK)
			return status;
	}
	reader_skip(r, reader_u8(r));
	if (r->failed)
		return fail(why, VMK_TRUNCATED, "ends inside the vendor information");
	if (reader_left(r) != 0)
		return fail(why, VMK_BAD_FORMAT, "trailing bytes in the Spec ID event");
	return VMK_OK;
}

enum vmk_status evlog_open(struct evlog *log, const void *bytes, size_t size, const char **why)
{
	struct reader r = reader_of(bytes, size);
	struct reader spec;
	uint32_t pcr, type;

	memset(log, 0, sizeof(*log));
	/* TCG_PCClientPCREvent, which the Spec ID event is wrapped in: PCR, type, SHA-1, size. */
	pcr = reader_le32(&r);
	type = reader_le32(&r);
	reader_skip(&r, SHA1_SIZE);
	if (reader_left(&r) < 4)
		return fail(why, VMK_TRUNCATED, "shorter than a log's header");
	if (pcr != 0 || type != EVLOG_NO_ACTION)
		return fail(why, VMK_BAD_FORMAT, "does not start with a Spec ID event");
	spec = reader_sub(&r, reader_le32(&r));
	if (r.failed)
		return fail(why, VMK_TRUNCATED, "ends inside the Spec ID event");
	log->bytes = bytes;
	log->size = size;
	log->first = r.at;
	return read_spec_id(log, &spec, why);
}

struct evlog_cursor evlog_begin(const struct evlog *log)
{
	return (struct evlog_cursor){.log = log, .offset = log->first};
}

static uint16_t digest_size(const struct evlog *log, uint16_t alg)
{
	for (unsigned int i = 0; i < log->alg_count; i++) {
		if (log->algs[i].alg == alg)
			return log->algs[i].size;
	}
	return 0;
}

/* TPML_DIGEST_VALUES: tboot logs fewer banks than SINIT (extpol), so a subset is well-formed. */
static enum vmk_status read_digests(
	const struct evlog *log, struct reader *r, struct evlog_event *event, const char **why)
{
	uint32_t count = reader_le32(r);

	if (r->failed)
		return fail(why, VMK_TRUNCATED, "ends inside a record's digest count");
	if (count == 0 || count > log->alg_count)
		return fail(why, VMK_BAD_FORMAT, "a digest count that the header does not allow");
	for (uint32_t i = 0; i < count; i++) {
		struct evlog_digest *digest = &event->digests[i];

		digest->alg = reader_le16(r);
		if (r->failed)
			return fail(why, VMK_TRUNCATED, "ends inside a digest");
		digest->size = digest_size(log, digest->alg);
		if (digest->size == 0)
			return fail(why, VMK_BAD_FORMAT,
				"a digest algorithm that the header does not list");
		if (evlog_digest(event, digest->alg))
			return fail(why, VMK_BAD_FORMAT, "two digests of one algorithm");
		digest->bytes = reader_bytes(r, digest->size);
		if (!digest->bytes)
			return fail(why, VMK_TRUNCATED, "ends inside a digest");
		event->digest_count++;
	}
	return VMK_OK;
}

enum vmk_status evlog_next(struct evlog_cursor *cursor, struct evlog_event *event)
{
	const struct evlog *log = cursor->log;
	struct reader r = reader_of(log->bytes, log->size);
	enum vmk_status status;

	/* Digests beyond those that are counted are nobody's: a log is walked often. */
	event->offset = cursor->offset;
	event->pcr = event->type = event->digest_count = event->data_size = 0;
	event->data = NULL;
	reader_seek(&r, cursor->offset);
	if (reader_left(&r) == 0)
		return VMK_NOT_FOUND;
	event->pcr = reader_le32(&r);
	event->type = reader_le32(&r);
	if (r.failed)
		return fail(&cursor->why, VMK_TRUNCATED, "ends inside a record's header");
	if (event->pcr > EVLOG_MAX_PCR && event->type != EVLOG_NO_ACTION)
		return fail(&cursor->why, VMK_BAD_FORMAT, "a PCR index above 23");
	status = read_digests(log, &r, event, &cursor->why);
	if (status != VMK_OK)
		return status;
	event->data_size = reader_le32(&r);
	if (r.failed)
		return fail(&cursor->why, VMK_TRUNCATED, "ends inside a record's data size");
	if (event->data_size > EVLOG_MAX_DATA)
		return fail(&cursor->why, VMK_BAD_FORMAT, "an event data size out of range");
	event->data = reader_bytes(&r, event->data_size);
	if (!event->data)
		return fail(&cursor->why, VMK_TRUNCATED, "ends inside a record's data");
	cursor->offset = r.at;
	return VMK_OK;
}

const struct evlog_digest *evlog_digest(const struct evlog_event *event, uint16_t alg)
{
	for (unsigned int i = 0; i < event->digest_count; i++) {
		if (event->digests[i].alg == alg)
			return &event->digests[i];
	}
	return NULL;
}

size_t evlog_unpadded_size(const struct evlog *log)
{
	struct evlog_cursor cursor = evlog_begin(log);
	struct evlog_event event;

	while (evlog_next(&cursor, &event) == VMK_OK)
		;
	for (size_t i = cursor.offset; i < log->size; i++) {
		if (log->bytes[i] != 0)
			return log->size;
	}
	return cursor.offset;
}

const char *evlog_type_name(uint32_t type)
{
	switch (type) {
	case EVLOG_NO_ACTION:
		return "NO_ACTION";
#define X(symbol, number, name, data) \
	case number:                  \
		return name;
		TCG_EVENTS(X)
#undef X
#define X(symbol, number, name) \
	case number:            \
		return name;
		TXT_EVENTS(X)
#undef X
#define X(symbol, number, drtm, srtm, name) \
	case number:                        \
		return name;
		VMK_EVENTS(X)
#undef X
	default:
		return "UNKNOWN";
	}
}
