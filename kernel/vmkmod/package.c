/* Reads the container: header, manifest, payload, trailer, each byte accounted for. */
#include "vmkmod/package.h"
#include "vmkmod/package_format.h"

static enum vmk_status refuse(const char **why, enum vmk_status status, const char *text)
{
	*why = text;
	return status;
}

static bool all_zero(const uint8_t *bytes, size_t count)
{
	uint8_t seen = 0;

	for (size_t i = 0; i < count; i++)
		seen |= bytes[i];
	return seen == 0;
}

const char *package_kind_name(enum package_kind kind)
{
	switch (kind) {
#define X(symbol, name) \
	case symbol:    \
		return name;
		PACKAGE_KINDS(X)
#undef X
	}
	return "?";
}

enum package_turn package_turn(enum package_kind kind)
{
	if (kind == PACKAGE_POLICY)
		return TURN_POLICY;
	return kind == PACKAGE_CONFIG ? TURN_CONFIG : TURN_OTHERS;
}

static bool read_header(struct reader *r, struct package_header *header)
{
	reader_copy(r, header->magic, sizeof(header->magic));
	header->version = reader_le32(r);
	header->header_bytes = reader_le32(r);
	header->manifest_offset = reader_le64(r);
	header->manifest_bytes = reader_le64(r);
	header->payload_offset = reader_le64(r);
	header->payload_bytes = reader_le64(r);
	header->signed_bytes = reader_le64(r);
	header->reserved = reader_le64(r);
	return !r->failed;
}

/*
 * Every offset has exactly one right value, so that a file has no place where bytes could hide. The
 * sums cannot overflow: the sizes are bounded first.
 */
static enum vmk_status check_layout(const struct package_header *h, size_t bytes, const char **why)
{
	uint64_t manifest_end, payload_end;

	if (h->header_bytes != sizeof(*h))
		return refuse(why, VMK_BAD_FORMAT, "header size");
	if (h->reserved != 0)
		return refuse(why, VMK_BAD_FORMAT, "reserved header field is not zero");
	if (h->manifest_bytes == 0 || h->manifest_bytes > PACKAGE_MANIFEST_MAX)
		return refuse(why, VMK_BAD_FORMAT, "manifest size");
	if (h->payload_bytes == 0)
		return refuse(why, VMK_BAD_FORMAT, "payload is empty");
	if (h->payload_bytes > PACKAGE_PAYLOAD_MAX)
		return refuse(why, VMK_TOO_LARGE, "payload size");
	if (h->manifest_offset != sizeof(*h))
		return refuse(why, VMK_BAD_FORMAT, "manifest offset");
	manifest_end = h->manifest_offset + h->manifest_bytes;
	if (h->payload_offset != ALIGN_UP(manifest_end, PACKAGE_PAYLOAD_ALIGN))
		return refuse(why, VMK_BAD_FORMAT, "payload offset");
	payload_end = h->payload_offset + h->payload_bytes;
	if (h->signed_bytes != ALIGN_UP(payload_end, PACKAGE_ALIGN))
		return refuse(why, VMK_BAD_FORMAT, "signed size");
	if (h->signed_bytes > bytes)
		return refuse(why, VMK_TRUNCATED, "file ends inside the signed part");
	return VMK_OK;
}

static bool padding_is_zero(const struct package_header *h, const uint8_t *data)
{
	uint64_t manifest_end = h->manifest_offset + h->manifest_bytes;
	uint64_t payload_end = h->payload_offset + h->payload_bytes;

	return all_zero(data + manifest_end, h->payload_offset - manifest_end) &&
	       all_zero(data + payload_end, h->signed_bytes - payload_end);
}

bool package_record_next(struct reader *trailer, struct package_record *record, const char **why)
{
	const uint8_t *padding;
	size_t pad;

	*why = NULL;
	if (reader_left(trailer) == 0)
		return false;
	record->type = reader_le16(trailer);
	record->flags = reader_le16(trailer);
	record->size = reader_le32(trailer);
	if (trailer->failed || record->size == 0 || record->size > PACKAGE_RECORD_MAX) {
		*why = "trailer record's size";
		return false;
	}
	pad = ALIGN_UP(record->size, PACKAGE_ALIGN) - record->size;
	record->bytes = reader_bytes(trailer, record->size);
	padding = reader_bytes(trailer, pad);
	if (trailer->failed || !padding) {
		*why = "file ends inside a trailer record";
		return false;
	}
	if (!all_zero(padding, pad)) {
		*why = "trailer record's padding is not zero";
		return false;
	}
	return true;
}

/* How many records of each type the trailer holds so far. */
struct trailer_count {
	unsigned all, certificates, signatures, seconds;
};

static const char *check_record(const struct package_record *record, struct trailer_count *count)
{
	bool ignorable = record->flags & PACKAGE_RECORD_IGNORABLE;

	if (record->flags & ~PACKAGE_RECORD_IGNORABLE)
		return "trailer record's flags";
	if (++count->all > PACKAGE_RECORDS_MAX)
		return "too many trailer records";
	switch (record->type) {
	case PACKAGE_RECORD_CERTIFICATE:
		if (ignorable)
			return "certificate is marked ignorable";
		return ++count->certificates > PACKAGE_CERTIFICATES_MAX ? "too many certificates"
									: NULL;
	case PACKAGE_RECORD_CMS:
		if (ignorable)
			return "signature is marked ignorable";
		return ++count->signatures > 1 ? "more than one signature" : NULL;
	case PACKAGE_RECORD_SECOND:
		if (!ignorable)
			return "second signature is required, but not known to this version";
		return ++count->seconds > 1 ? "more than one second signature" : NULL;
	default:
		return ignorable ? NULL : "unknown trailer record";
	}
}

static enum vmk_status check_trailer(struct package *package, const char **why)
{
	struct reader r = reader_of(package->trailer, package->trailer_bytes);
	struct trailer_count count = {0};
	struct package_record record;

	while (package_record_next(&r, &record, why)) {
		*why = check_record(&record, &count);
		if (*why)
			return VMK_BAD_FORMAT;
	}
	if (*why)
		return r.failed ? VMK_TRUNCATED : VMK_BAD_FORMAT;
	package->has_second = count.seconds != 0;
	if (count.signatures == 0 && count.certificates != 0)
		return refuse(why, VMK_BAD_FORMAT, "certificates without a signature");
	if (count.signatures != 0 && count.certificates == 0)
		return refuse(why, VMK_BAD_FORMAT, "signature without the signer's certificate");
	if (count.signatures == 0 && count.seconds != 0)
		return refuse(why, VMK_BAD_FORMAT, "second signature without a first");
	return VMK_OK;
}

enum vmk_status package_parse(
	const void *data, size_t bytes, struct package *package, const char **why)
{
	struct reader r = reader_of(data, bytes);
	struct package_header header;
	enum vmk_status status;
	const char *unheeded;

	why = why ? why : &unheeded;
	*why = "";
	*package = (struct package){.data = data, .bytes = bytes};
	if (!read_header(&r, &header))
		return refuse(why, VMK_TRUNCATED, "file is shorter than a package header");
	if (memcmp(header.magic, PACKAGE_MAGIC, PACKAGE_MAGIC_BYTES) != 0)
		return refuse(why, VMK_BAD_FORMAT, "not a package: magic");
	if (header.version != PACKAGE_VERSION)
		return refuse(why, VMK_UNSUPPORTED, "package format version");
	status = check_layout(&header, bytes, why);
	if (status != VMK_OK)
		return status;
	if (!padding_is_zero(&header, data))
		return refuse(why, VMK_BAD_FORMAT, "padding is not zero");
	package->payload = package->data + header.payload_offset;
	package->payload_bytes = header.payload_bytes;
	package->signed_bytes = header.signed_bytes;
	package->trailer = package->data + header.signed_bytes;
	package->trailer_bytes = bytes - header.signed_bytes;
	status = check_trailer(package, why);
	if (status != VMK_OK)
		return status;
	return manifest_parse((const char *)package->data + header.manifest_offset,
		header.manifest_bytes, package, why);
}
