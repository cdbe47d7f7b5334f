#include "tboot-integration/txtstat/heap.h"

#include "lib/reader.h"

/* Section C.5 and tboot: X(type, name) */
#define HEAP_ELEMENTS(X)               \
	X(0, "END")                    \
	X(1, "BIOS_SPEC_VER")          \
	X(2, "ACM")                    \
	X(3, "STM")                    \
	X(4, "CUSTOM")                 \
	X(5, "TPM_EVENT_LOG_PTR")      \
	X(6, "MADT")                   \
	X(7, "HEAP_EVENT_LOG_PTR_2")   \
	X(8, "HEAP_EVENT_LOG_PTR_2_1") \
	X(9, "MCFG")                   \
	X(13, "TPR_REQ")               \
	X(14, "DTPR")                  \
	X(15, "CEDT")

/* Section C.3, table of capabilities; the same bits in SINIT's information table. */
#define LAUNCH_CAPABILITIES(X)           \
	X(0, "wake-by-getsec")           \
	X(1, "wake-by-monitor")          \
	X(2, "page-table-in-ecx")        \
	X(3, "stm")                      \
	X(4, "no-legacy-pcr-usage")      \
	X(5, "details-authorities-pcrs") \
	X(9, "tcg-event-log")            \
	X(10, "cbnt")

enum {
	ELEMENT_HEADER = 8,
	ELEMENT_END = 0,
	ELEMENTS_MAX = 64,
	ACMS_MAX = 16,
	MDRS_MAX = 64,
	HASH = 20,
};

static const char *const blob_names[] = {
#define X(symbol, name) name,
	TXTHEAP_BLOBS(X)
#undef X
};

bool heapstat_open(struct heapstat *heap, const void *bytes, size_t size, uint64_t base)
{
	*heap = (struct heapstat){.bytes = bytes, .size = size, .base = base};
	heap->status = txtheap_parse(bytes, size, base, &heap->parsed, &heap->why);
	return heap->parsed.blobs[TXTHEAP_BIOS].bytes &&
	       heap->parsed.blobs[TXTHEAP_BIOS].bytes <= size - 8;
}

/* A reader over a blob's data; empty (and failed once read) when the blob was not found. */
static struct reader blob_reader(const struct heapstat *heap, enum txtheap_blob_name name)
{
	const struct txtheap_blob *blob = &heap->parsed.blobs[name];

	if (blob->offset > heap->size || blob->bytes > heap->size - blob->offset)
		return reader_of(NULL, 0);
	return reader_of(heap->bytes + blob->offset, blob->bytes);
}

bool heapstat_launched(const struct heapstat *heap)
{
	struct reader r = blob_reader(heap, TXTHEAP_SINIT_MLE);
	uint32_t version = reader_le32(&r);

	return !r.failed && version >= 6 && version < 256;
}

const uint8_t *heapstat_log(const struct heapstat *heap, size_t *size)
{
	*size = 0;
	if (heap->status != VMK_OK)
		return NULL;
	*size = heap->parsed.log_bytes;
	return heap->bytes + heap->parsed.log_offset;
}

void report_launch_capabilities(const struct report *r, uint32_t capabilities)
{
	report_group(r, "capabilities");
	report_hex(r, "value", capabilities);
#define X(bit, name) report_flag(r, name, capabilities >> bit & 1);
	LAUNCH_CAPABILITIES(X)
#undef X
	report_end(r);
}

static const char *element_name(uint32_t type)
{
	switch (type) {
#define X(number, name) \
	case number:    \
		return name;
		HEAP_ELEMENTS(X)
#undef X
	default:
		return "unknown";
	}
}

static void report_log_pointer(const struct report *r, struct reader *data)
{
	report_hex(r, "address", reader_le64(data));
	report_number(r, "allocated", reader_le32(data));
	report_number(r, "first", reader_le32(data));
	report_number(r, "next", reader_le32(data));
}

static void report_acms(const struct report *r, struct reader *data)
{
	uint32_t count = reader_le32(data);

	report_number(r, "count", count);
	report_list(r, "addresses");
	for (uint32_t i = 0; i < count && i < ACMS_MAX && reader_left(data) >= 8; i++)
		report_hex(r, NULL, reader_le64(data));
	report_end(r);
}

static void report_element_data(const struct report *r, uint32_t type, struct reader *data)
{
	switch (type) {
	case 1:
		report_number(r, "major", reader_le16(data));
		report_number(r, "minor", reader_le16(data));
		report_number(r, "revision", reader_le16(data));
		break;
	case 2:
		report_acms(r, data);
		break;
	case 5:
		report_hex(r, "address", reader_le64(data));
		break;
	case 8:
		report_log_pointer(r, data);
		break;
	}
	if (data->failed)
		report_text(r, "fault", "the element is shorter than its type wants");
}

/* What follows the fixed part of a blob. */
static void report_elements(const struct report *r, struct reader *blob)
{
	report_list(r, "elements");
	for (unsigned i = 0; i < ELEMENTS_MAX; i++) {
		uint32_t type = reader_le32(blob), size = reader_le32(blob);
		struct reader data =
			reader_sub(blob, size < ELEMENT_HEADER ? SIZE_MAX : size - ELEMENT_HEADER);

		if (blob->failed) {
			report_text(r, NULL, "the elements do not end");
			break;
		}
		if (type == ELEMENT_END)
			break;
		report_group(r, NULL);
		report_text(r, "type", element_name(type));
		report_number(r, "number", type);
		report_number(r, "bytes", size);
		report_element_data(r, type, &data);
		report_end(r);
	}
	report_end(r);
}

static const char *platform_type(uint32_t mle_flags)
{
	static const char *const types[] = {"legacy", "client", "server", "reserved"};

	return types[mle_flags >> 1 & 3];
}

/* C.1 */
static void report_bios_data(const struct report *r, struct reader *d)
{
	uint32_t version = reader_le32(d);

	report_number(r, "version", version);
	report_hex(r, "bios_sinit_size", reader_le32(d));
	report_hex(r, "lcp_pd_base", reader_le64(d));
	report_hex(r, "lcp_pd_size", reader_le64(d));
	report_number(r, "num_logical_procs", reader_le32(d));
	if (version >= 5) {
		uint32_t flags;

		report_hex(r, "sinit_flags", reader_le32(d));
		flags = reader_le32(d);
		report_hex(r, "mle_flags", flags);
		report_text(r, "platform", platform_type(flags));
	} else if (version >= 3) {
		report_hex(r, "flags", reader_le64(d));
	}
	if (version >= 4 && !d->failed)
		report_elements(r, d);
}

static void report_os_mle_data(const struct report *r, struct reader *d)
{
	report_number(r, "version", reader_le32(d));
	report_text(r, "content", "the loader's own (tboot: saved MTRRs, event log buffer)");
}

/* C.3 */
static void report_os_sinit_data(const struct report *r, struct reader *d)
{
	uint32_t version = reader_le32(d);

	report_number(r, "version", version);
	report_hex(r, "flags", reader_le32(d));
	report_hex(r, "mle_ptab", reader_le64(d));
	report_hex(r, "mle_size", reader_le64(d));
	report_hex(r, "mle_hdr_base", reader_le64(d));
	report_hex(r, "vtd_pmr_lo_base", reader_le64(d));
	report_hex(r, "vtd_pmr_lo_size", reader_le64(d));
	report_hex(r, "vtd_pmr_hi_base", reader_le64(d));
	report_hex(r, "vtd_pmr_hi_size", reader_le64(d));
	report_hex(r, "lcp_po_base", reader_le64(d));
	report_hex(r, "lcp_po_size", reader_le64(d));
	report_launch_capabilities(r, reader_le32(d));
	if (version >= 5)
		report_hex(r, "efi_rsdp", reader_le64(d));
	if (version >= 6 && !d->failed)
		report_elements(r, d);
}

static void report_hash(const struct report *r, const char *name, struct reader *d)
{
	const uint8_t *hash = reader_bytes(d, HASH);

	if (hash)
		report_bytes(r, name, hash, HASH);
}

/* C.4: memory descriptor records; offsets count from the blob's size field. */
static void report_mdrs(const struct report *r, struct reader blob, uint32_t count, uint32_t offset)
{
	static const char *const types[] = {
		"good", "smm-overlay", "smm-nonoverlay", "pcie-config", "protected"};

	report_list(r, "memory");
	reader_seek(&blob, offset < 8 ? SIZE_MAX : offset - 8);
	for (uint32_t i = 0; i < count && i < MDRS_MAX && reader_left(&blob) >= 24; i++) {
		uint64_t base = reader_le64(&blob), length = reader_le64(&blob);
		uint8_t type = reader_u8(&blob);

		reader_skip(&blob, 7);
		report_group(r, NULL);
		report_hex(r, "base", base);
		report_hex(r, "length", length);
		report_text(r, "type", type < 5 ? types[type] : "unknown");
		report_end(r);
	}
	report_end(r);
}

static void report_dmar(const struct report *r, struct reader blob, uint32_t size, uint32_t offset)
{
	const uint8_t *table;

	reader_seek(&blob, offset < 8 ? SIZE_MAX : offset - 8);
	table = reader_bytes(&blob, size);
	report_number(r, "dmar_bytes", size);
	if (size)
		report_flag(r, "dmar_signature", table && size >= 4 && !memcmp(table, "DMAR", 4));
}

/* C.4 */
static void report_sinit_mle_data(const struct report *r, struct reader *d)
{
	struct reader whole = *d;
	uint32_t version = reader_le32(d), mdrs, mdrs_at, dmar, dmar_at;

	report_number(r, "version", version);
	report_hash(r, "bios_acm_id", d);
	report_hex(r, "edx_senter_flags", reader_le32(d));
	report_hex(r, "mseg_valid", reader_le64(d));
	report_hash(r, "sinit_hash", d);
	report_hash(r, "mle_hash", d);
	report_hash(r, "stm_hash", d);
	report_hash(r, "lcp_policy_hash", d);
	report_hex(r, "lcp_policy_control", reader_le32(d));
	report_hex(r, "rlp_wakeup_addr", reader_le32(d));
	reader_skip(d, 4);
	mdrs = reader_le32(d);
	mdrs_at = reader_le32(d);
	dmar = reader_le32(d);
	dmar_at = reader_le32(d);
	report_mdrs(r, whole, mdrs, mdrs_at);
	report_dmar(r, whole, dmar, dmar_at);
	if (version >= 8)
		report_number(r, "proc_scrtm_status", reader_le32(d));
	if (version >= 9 && !d->failed)
		report_elements(r, d);
}

void heapstat_report(const struct report *r, const struct heapstat *heap)
{
	static void (*const decoders[])(const struct report *, struct reader *) = {
		report_bios_data, report_os_mle_data, report_os_sinit_data, report_sinit_mle_data};

	report_group(r, "heap");
	if (heap->base)
		report_hex(r, "base", heap->base);
	report_hex(r, "size", heap->size);
	for (unsigned i = 0; i < TXTHEAP_BLOB_COUNT; i++) {
		struct reader d = blob_reader(heap, i);

		if (!reader_left(&d))
			continue;
		report_group(r, blob_names[i]);
		report_number(r, "bytes", heap->parsed.blobs[i].bytes);
		decoders[i](r, &d);
		if (d.failed)
			report_text(r, "fault", "the blob is shorter than its version wants");
		report_end(r);
	}
	if (heap->status != VMK_OK)
		report_text(r, "fault", heap->why);
	report_end(r);
}
