#include "trust/txtheap.h"

#include "lib/reader.h"

/* OsSinitData, section C.3: extended data elements follow the fixed part since version 6. */
#define OS_SINIT_VERSION_MIN 6u
#define OS_SINIT_ELEMENTS    92u

/* Section C.5: {u32 type, u32 size with this header, data}. */
#define ELEMENT_HEADER  8u
#define ELEMENT_END     0u
#define ELEMENT_TCG_LOG 8u /* {u64 address, u32 allocated, u32 first, u32 next} */
#define ELEMENTS_MAX    64u

#define SIZE_FIELD      8u

/* SinitMleData, section C.4: size and offset of SINIT's copy of the DMAR. */
#define SINIT_MLE_VERSION_MIN 6u
#define SINIT_MLE_DMAR        136u

static enum vmk_status fail(const char **why, enum vmk_status status, const char *text)
{
	*why = text;
	return status;
}

static const char *too_short(unsigned blob)
{
	static const char *const texts[] = {
#define X(symbol, name) name " does not fit into the TXT heap",
		TXTHEAP_BLOBS(X)
#undef X
	};

	return texts[blob];
}

static enum vmk_status find_blobs(struct reader *r, struct txtheap *heap, const char **why)
{
	for (unsigned i = 0; i < TXTHEAP_BLOB_COUNT; i++) {
		uint64_t size = reader_le64(r);

		if (r->failed || size < SIZE_FIELD)
			return fail(why, VMK_TRUNCATED, too_short(i));
		heap->blobs[i].offset = r->at;
		heap->blobs[i].bytes = size - SIZE_FIELD;
		if (!reader_skip(r, size - SIZE_FIELD))
			return fail(why, VMK_TRUNCATED, too_short(i));
	}
	return VMK_OK;
}

/* An element's data: where the log lies, which part of its buffer is filled. */
static enum vmk_status read_log(
	struct reader *r, uint64_t base, size_t bytes, struct txtheap *heap, const char **why)
{
	uint64_t address = reader_le64(r);
	uint32_t allocated = reader_le32(r), first = reader_le32(r), next = reader_le32(r);

	if (r->failed)
		return fail(why, VMK_TRUNCATED, "the event log's element is too short");
	if (address < base || address - base > bytes || allocated > bytes - (address - base))
		return fail(why, VMK_BAD_FORMAT, "the event log does not lie in the TXT heap");
	if (first > next || next > allocated)
		return fail(why, VMK_BAD_FORMAT, "the event log's marks are out of order");
	heap->log_offset = address - base + first;
	heap->log_bytes = next - first;
	return VMK_OK;
}

static enum vmk_status find_log(
	struct reader *r, uint64_t base, size_t bytes, struct txtheap *heap, const char **why)
{
	for (unsigned i = 0; i < ELEMENTS_MAX; i++) {
		uint32_t type = reader_le32(r), size = reader_le32(r);
		struct reader data;

		if (r->failed || size < ELEMENT_HEADER)
			return fail(why, VMK_TRUNCATED, "OsSinitData's elements do not end");
		if (type == ELEMENT_END)
			return fail(
				why, VMK_NOT_FOUND, "OsSinitData names no crypto-agile event log");
		data = reader_sub(r, size - ELEMENT_HEADER);
		if (r->failed)
			return fail(why, VMK_TRUNCATED, "OsSinitData's elements do not end");
		if (type == ELEMENT_TCG_LOG)
			return read_log(&data, base, bytes, heap, why);
	}
	return fail(why, VMK_BAD_FORMAT, "OsSinitData has too many elements");
}

enum vmk_status txtheap_parse(
	const void *heap, size_t bytes, uint64_t base, struct txtheap *parsed, const char **why)
{
	struct reader r = reader_of(heap, bytes), os, sinit;
	enum vmk_status status;

	*parsed = (struct txtheap){0};
	status = find_blobs(&r, parsed, why);
	if (status != VMK_OK)
		return status;
	os = reader_of((const uint8_t *)heap + parsed->blobs[TXTHEAP_OS_SINIT].offset,
		parsed->blobs[TXTHEAP_OS_SINIT].bytes);
	parsed->os_sinit_version = reader_le32(&os);
	reader_seek(&os, OS_SINIT_ELEMENTS);
	if (os.failed)
		return fail(why, VMK_TRUNCATED, "OsSinitData is too short");
	if (parsed->os_sinit_version < OS_SINIT_VERSION_MIN)
		return fail(why, VMK_UNSUPPORTED, "OsSinitData is older than version 6");
	status = find_log(&os, base, bytes, parsed, why);
	if (status != VMK_OK)
		return status;
	sinit = reader_of((const uint8_t *)heap + parsed->blobs[TXTHEAP_SINIT_MLE].offset,
		parsed->blobs[TXTHEAP_SINIT_MLE].bytes);
	if (reader_le32(&sinit) < SINIT_MLE_VERSION_MIN || sinit.failed)
		return fail(why, VMK_UNSUPPORTED, "SinitMleData is older than version 6");
	return VMK_OK;
}

bool txtheap_find_dmar(
	const void *heap, const struct txtheap *parsed, size_t *offset, size_t *bytes)
{
	const struct txtheap_blob *blob = &parsed->blobs[TXTHEAP_SINIT_MLE];
	struct reader r = reader_of((const uint8_t *)heap + blob->offset, blob->bytes);
	uint32_t size, at;

	reader_seek(&r, SINIT_MLE_DMAR);
	size = reader_le32(&r);
	at = reader_le32(&r); /* counted from the blob's size field */
	if (r.failed || size == 0 || at < SIZE_FIELD)
		return false;
	reader_seek(&r, at - SIZE_FIELD);
	if (!reader_bytes(&r, size))
		return false;
	*offset = blob->offset + at - SIZE_FIELD;
	*bytes = size;
	return true;
}
