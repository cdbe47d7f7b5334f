#include "trust/evlog_read.h"

#include <string.h>
#include <vmkapi/events.h>

/* TCG_PCClientPCREvent, which the Spec ID event is wrapped in: PCR, type, SHA-1 digest, size. */
#define LEGACY_HEADER_SIZE 32u
#define SHA1_SIZE          20u
#define MAX_DIGEST_SIZE    64u

struct view {
	const uint8_t *bytes;
	size_t left;
};

static const uint8_t *take(struct view *v, size_t size)
{
	const uint8_t *at = v->bytes;

	if (size > v->left)
		return NULL;
	v->bytes += size;
	v->left -= size;
	return at;
}

static bool take_u8(struct view *v, uint8_t *value)
{
	const uint8_t *p = take(v, 1);

	if (!p)
		return false;
	*value = p[0];
	return true;
}

static bool take_le16(struct view *v, uint16_t *value)
{
	const uint8_t *p = take(v, 2);

	if (!p)
		return false;
	*value = (uint16_t)(p[0] | p[1] << 8);
	return true;
}

static bool take_le32(struct view *v, uint32_t *value)
{
	const uint8_t *p = take(v, 4);

	if (!p)
		return false;
	*value = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	return true;
}

static enum vmk_status fail(const char **why, enum vmk_status status, const char *text)
{
	if (why)
		*why = text;
	return status;
}

/* TCG_EfiSpecIDEvent, after its wrapper. */
static enum vmk_status read_spec_id(struct evlog *log, struct view *v, const char **why)
{
	const uint8_t *signature = take(v, 16);
	uint32_t platform_class, count;
	uint8_t vendor_size;

	if (!signature)
		return fail(why, VMK_TRUNCATED, "ends inside the Spec ID event's signature");
	if (memcmp(signature, "Spec ID Event03", 16) != 0)
		return fail(why, VMK_BAD_FORMAT,
			"no Spec ID Event03 signature: not a crypto-agile log");
	/* Then the specification's version (minor, major, errata) and the size of UINTN. */
	if (!take_le32(v, &platform_class) || !take(v, 4) || !take_le32(v, &count))
		return fail(why, VMK_TRUNCATED, "ends inside the Spec ID event");
	if (count == 0)
		return fail(why, VMK_BAD_FORMAT, "the Spec ID event lists no digest algorithm");
	if (count > EVLOG_MAX_ALGS)
		return fail(why, VMK_UNSUPPORTED, "the Spec ID event lists too many algorithms");
	for (uint32_t i = 0; i < count; i++) {
		uint16_t alg, size;

		if (!take_le16(v, &alg) || !take_le16(v, &size))
			return fail(why, VMK_TRUNCATED, "ends inside the list of algorithms");
		if (size == 0 || size > MAX_DIGEST_SIZE)
			return fail(why, VMK_BAD_FORMAT, "a digest size out of range");
		if ((alg == EVLOG_ALG_SHA1 && size != 20) ||
			(alg == EVLOG_ALG_SHA256 && size != 32))
			return fail(why, VMK_BAD_FORMAT,
				"a digest size that its algorithm does not have");
		for (uint32_t j = 0; j < i; j++) {
			if (log->algs[j].alg == alg)
				return fail(why, VMK_BAD_FORMAT, "an algorithm is listed twice");
		}
		log->algs[i].alg = alg;
		log->algs[i].size = size;
	}
	log->alg_count = count;
	if (!take_u8(v, &vendor_size) || !take(v, vendor_size))
		return fail(why, VMK_TRUNCATED, "ends inside the vendor information");
	if (v->left != 0)
		return fail(why, VMK_BAD_FORMAT, "trailing bytes in the Spec ID event");
	return VMK_OK;
}

enum vmk_status evlog_open(struct evlog *log, const void *bytes, size_t size, const char **why)
{
	struct view v = {.bytes = bytes, .left = size};
	uint32_t pcr, type, event_size;
	struct view spec;

	memset(log, 0, sizeof(*log));
	if (!take_le32(&v, &pcr) || !take_le32(&v, &type) || !take(&v, SHA1_SIZE) ||
		!take_le32(&v, &event_size))
		return fail(why, VMK_TRUNCATED, "shorter than a log's header");
	if (pcr != 0 || type != EVLOG_NO_ACTION)
		return fail(why, VMK_BAD_FORMAT, "does not start with a Spec ID event");
	spec.bytes = take(&v, event_size);
	spec.left = event_size;
	if (!spec.bytes)
		return fail(why, VMK_TRUNCATED, "ends inside the Spec ID event");
	log->bytes = bytes;
	log->size = size;
	log->first = LEGACY_HEADER_SIZE + event_size;
	return read_spec_id(log, &spec, why);
}

struct evlog_cursor evlog_begin(const struct evlog *log)
{
	return (struct evlog_cursor){.log = log, .offset = log->first};
}

static unsigned int digest_size(const struct evlog *log, uint16_t alg)
{
	for (unsigned int i = 0; i < log->alg_count; i++) {
		if (log->algs[i].alg == alg)
			return log->algs[i].size;
	}
	return 0;
}

/* TPML_DIGEST_VALUES: tboot logs fewer banks than SINIT (extpol), so a subset is well-formed. */
static enum vmk_status read_digests(
	const struct evlog *log, struct view *v, struct evlog_event *event, const char **why)
{
	uint32_t count;

	if (!take_le32(v, &count))
		return fail(why, VMK_TRUNCATED, "ends inside a record's digest count");
	if (count == 0 || count > log->alg_count)
		return fail(why, VMK_BAD_FORMAT, "a digest count that the header does not allow");
	for (uint32_t i = 0; i < count; i++) {
		struct evlog_digest *digest = &event->digests[i];

		if (!take_le16(v, &digest->alg))
			return fail(why, VMK_TRUNCATED, "ends inside a digest");
		digest->size = (uint16_t)digest_size(log, digest->alg);
		if (digest->size == 0)
			return fail(why, VMK_BAD_FORMAT,
				"a digest algorithm that the header does not list");
		for (uint32_t j = 0; j < i; j++) {
			if (event->digests[j].alg == digest->alg)
				return fail(why, VMK_BAD_FORMAT, "two digests of one algorithm");
		}
		digest->bytes = take(v, digest->size);
		if (!digest->bytes)
			return fail(why, VMK_TRUNCATED, "ends inside a digest");
	}
	event->digest_count = count;
	return VMK_OK;
}

enum vmk_status evlog_next(struct evlog_cursor *cursor, struct evlog_event *event)
{
	const struct evlog *log = cursor->log;
	struct view v = {.bytes = log->bytes + cursor->offset, .left = log->size - cursor->offset};
	enum vmk_status status;

	memset(event, 0, sizeof(*event));
	if (v.left == 0)
		return VMK_NOT_FOUND;
	event->offset = cursor->offset;
	if (!take_le32(&v, &event->pcr) || !take_le32(&v, &event->type))
		return fail(&cursor->why, VMK_TRUNCATED, "ends inside a record's header");
	if (event->pcr > EVLOG_MAX_PCR && event->type != EVLOG_NO_ACTION)
		return fail(&cursor->why, VMK_BAD_FORMAT, "a PCR index above 23");
	status = read_digests(log, &v, event, &cursor->why);
	if (status != VMK_OK)
		return status;
	if (!take_le32(&v, &event->data_size))
		return fail(&cursor->why, VMK_TRUNCATED, "ends inside a record's data size");
	if (event->data_size > EVLOG_MAX_DATA)
		return fail(&cursor->why, VMK_BAD_FORMAT, "an event data size out of range");
	event->data = take(&v, event->data_size);
	if (!event->data)
		return fail(&cursor->why, VMK_TRUNCATED, "ends inside a record's data");
	cursor->offset = log->size - v.left;
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

/* X(type, name): TXT software development guide, table of TPM 2.0 event types; tboot's txt/heap. */
#define EVLOG_TYPES(X)                   \
	X(0x003, "NO_ACTION")            \
	X(0x401, "PCRMAPPING")           \
	X(0x402, "HASH_START")           \
	X(0x403, "COMBINED_HASH")        \
	X(0x404, "MLE_HASH")             \
	X(0x40a, "BIOSAC_REG_DATA")      \
	X(0x40b, "CPU_SCRTM_STAT")       \
	X(0x40c, "LCP_CONTROL_HASH")     \
	X(0x40d, "ELEMENTS_HASH")        \
	X(0x40e, "STM_HASH")             \
	X(0x40f, "OSSINITDATA_CAP_HASH") \
	X(0x410, "SINIT_PUBKEY_HASH")    \
	X(0x411, "LCP_HASH")             \
	X(0x412, "LCP_DETAILS_HASH")     \
	X(0x413, "LCP_AUTHORITIES_HASH") \
	X(0x414, "NV_INFO_HASH")         \
	X(0x415, "COLD_BOOT_BIOS_HASH")  \
	X(0x416, "KM_HASH")              \
	X(0x417, "BPM_HASH")             \
	X(0x418, "KM_INFO_HASH")         \
	X(0x419, "BPM_INFO_HASH")        \
	X(0x41a, "BOOT_POL_HASH")        \
	X(0x4fe, "RANDOM_VALUE")         \
	X(0x4ff, "CAP_VALUE")            \
	X(0x501, "TB_MEASUREMENT")       \
	X(0x502, "SLAUNCH")

const char *evlog_type_name(uint32_t type)
{
	switch (type) {
#define X(number, name) \
	case number:    \
		return name;
		EVLOG_TYPES(X)
#undef X
#define X(symbol, number, pcr, name) \
	case number:                 \
		return name;
		VMK_EVENTS(X)
#undef X
	default:
		return "UNKNOWN";
	}
}
