#include "tboot-integration/txtsim/model/heap.h"

#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/platform.h"

/* BiosData version 6 (C.1). */
enum bios_data {
	BIOS_VERSION = 0,
	BIOS_CPUS = 24,
	BIOS_SINIT_FLAGS = 28,
	BIOS_MLE_FLAGS = 32,
	BIOS_ELEMENTS = 36,
	BIOS_SIZE = 44,
};

#define BIOS_MLE_FLAGS_CLIENT (1u << 1)

/* OsSinitData version 6 and 7 (C.3). */
enum os_sinit_data {
	OS_VERSION = 0,
	OS_MLE_PAGE_TABLE = 8,
	OS_MLE_SIZE = 16,
	OS_MLE_HEADER = 24,
	OS_PMR_LOW = 32,
	OS_PMR_HIGH = 48,
	OS_LCP_OWNER = 64,
	OS_CAPABILITIES = 80,
	OS_ELEMENTS = 92,
};

/* SinitMleData version 9 (C.4). Offsets into its tables count from the blob's size field. */
enum sinit_mle_data {
	SM_VERSION = 0,
	SM_EDX_FLAGS = 24,
	SM_SINIT_HASH = 36,
	SM_MLE_HASH = 56,
	SM_MDR_COUNT = 128,
	SM_MDR_OFFSET = 132,
	SM_DMAR_SIZE = 136,
	SM_DMAR_OFFSET = 140,
	SM_SCRTM_STATUS = 144,
	SM_ELEMENTS = 148,
	SM_SIZE = 156,
};

enum { ELEMENT_END = 0, ELEMENT_TCG_LOG = 8, ELEMENT_HEADER = 8, TCG_LOG_SIZE = 28 };
enum { MDR_SIZE = 24, MDR_MAX = 3 };

/* Room for the log's header alone. */
#define LOG_SMALL_BYTES 128u

void heap_firmware_init(struct txt *t)
{
	uint8_t *data = t->mem + 8;

	put_le64(t->mem, txt_fault(t, TXT_FAULT_HEAP_BIOS) ? TXT_HEAP_SIZE + 1 : 8 + BIOS_SIZE);
	put_le32(data + BIOS_VERSION, 6);
	put_le32(data + BIOS_CPUS, t->config.cpus);
	put_le32(data + BIOS_SINIT_FLAGS, 0);
	put_le32(data + BIOS_MLE_FLAGS, BIOS_MLE_FLAGS_CLIENT);
	put_le32(data + BIOS_ELEMENTS, ELEMENT_END);
	put_le32(data + BIOS_ELEMENTS + 4, ELEMENT_HEADER);
}

/* Steps over one blob; the next one's size field must still fit. */
static bool next_blob(const struct txt *t, uint32_t *at, uint32_t *size)
{
	uint64_t n = le64(t->mem + *at);

	if (n < 8 || n > TXT_HEAP_SIZE - 8 - *at)
		return false;
	*size = (uint32_t)n;
	*at += (uint32_t)n;
	return true;
}

/* Takes the crypto-agile log's element: {u64 address, u32 size, u32 first, u32 next}. */
static bool take_log_element(struct txt *t, struct txt_os_sinit *os, uint32_t at, uint32_t size)
{
	uint64_t pa;

	if (size < TCG_LOG_SIZE) {
		txt_fail(t, TXT_ERR_OS_SINIT_ELEMENTS, size);
		return false;
	}
	os->log_element = at + ELEMENT_HEADER;
	pa = le64(t->mem + os->log_element);
	os->log_size = le32(t->mem + os->log_element + 8);
	if (pa < TXT_HEAP_BASE || pa >= TXT_HEAP_BASE + TXT_HEAP_SIZE ||
		os->log_size > TXT_HEAP_BASE + TXT_HEAP_SIZE - pa) {
		txt_fail(t, TXT_ERR_EVENT_LOG, pa);
		return false;
	}
	os->log_offset = (uint32_t)(pa - TXT_HEAP_BASE);
	return true;
}

static bool parse_elements(struct txt *t, struct txt_os_sinit *os, uint32_t at, uint32_t end)
{
	while (end - at >= ELEMENT_HEADER) {
		uint32_t type = le32(t->mem + at);
		uint32_t size = le32(t->mem + at + 4);

		if (type == ELEMENT_END)
			return true;
		if (size < ELEMENT_HEADER || size > end - at) {
			txt_fail(t, TXT_ERR_OS_SINIT_ELEMENTS, type);
			return false;
		}
		if (type == ELEMENT_TCG_LOG && !take_log_element(t, os, at, size))
			return false;
		at += size;
	}
	txt_fail(t, TXT_ERR_OS_SINIT_ELEMENTS, at);
	return false;
}

bool heap_parse(struct txt *t, struct txt_os_sinit *os)
{
	uint32_t at = 0, size = 0, start;
	const uint8_t *data;

	memset(os, 0, sizeof(*os));
	if (!next_blob(t, &at, &size)) {
		txt_fail(t, TXT_ERR_HEAP_BLOBS, at);
		return false;
	}
	if (txt_fault(t, TXT_FAULT_HEAP_OS_MLE))
		put_le64(t->mem + at, TXT_HEAP_SIZE);
	if (!next_blob(t, &at, &size)) {
		txt_fail(t, TXT_ERR_HEAP_BLOBS, at);
		return false;
	}
	start = at;
	if (txt_fault(t, TXT_FAULT_HEAP_OS_SINIT))
		put_le64(t->mem + at, 8);
	if (!next_blob(t, &at, &size) || size < 8 + OS_ELEMENTS + ELEMENT_HEADER) {
		txt_fail(t, TXT_ERR_HEAP_BLOBS, start);
		return false;
	}
	os->sinit_mle_at = at;
	data = t->mem + start + 8;
	os->version = le32(data + OS_VERSION);
	if (os->version < 6 || os->version > 7) {
		txt_fail(t, TXT_ERR_OS_SINIT_VERSION, os->version);
		return false;
	}
	os->mle_page_table = le64(data + OS_MLE_PAGE_TABLE);
	os->mle_size = le64(data + OS_MLE_SIZE);
	os->mle_header = le64(data + OS_MLE_HEADER);
	os->pmr_low_base = le64(data + OS_PMR_LOW);
	os->pmr_low_size = le64(data + OS_PMR_LOW + 8);
	os->pmr_high_base = le64(data + OS_PMR_HIGH);
	os->pmr_high_size = le64(data + OS_PMR_HIGH + 8);
	os->lcp_base = le64(data + OS_LCP_OWNER);
	os->lcp_size = le64(data + OS_LCP_OWNER + 8);
	os->capabilities = le32(data + OS_CAPABILITIES);
	return parse_elements(t, os, start + 8 + OS_ELEMENTS, start + size);
}

bool heap_write_log(struct txt *t, const struct txt_os_sinit *os, const uint8_t *log, uint32_t n)
{
	if (!os->log_element)
		return true;
	if (n > (txt_fault(t, TXT_FAULT_LOG_SMALL) ? LOG_SMALL_BYTES : os->log_size)) {
		txt_fail(t, TXT_ERR_EVENT_LOG, n);
		return false;
	}
	memcpy(t->mem + os->log_offset, log, n);
	put_le32(t->mem + os->log_element + 12, 0);
	put_le32(t->mem + os->log_element + 16, n);
	return true;
}

/* Memory descriptor records: what of memory SINIT found to be good RAM. */
static uint32_t write_mdrs(const struct txt *t, uint8_t *to)
{
	const uint64_t ranges[MDR_MAX][2] = {
		{0, 0xa0000},
		{0x100000, t->config.ram_below_4g - 0x100000},
		{0x100000000ull, t->config.ram_above_4g},
	};
	uint32_t count = 0;

	for (unsigned i = 0; i < MDR_MAX; i++) {
		if (!ranges[i][1])
			continue;
		put_le64(to + MDR_SIZE * count, ranges[i][0]);
		put_le64(to + MDR_SIZE * count + 8, ranges[i][1]);
		count++;
	}
	return count;
}

bool heap_write_sinit_mle(
	struct txt *t, const struct txt_os_sinit *os, const struct txt_sinit_result *result)
{
	const uint32_t tables = 8 + SM_SIZE;
	const uint32_t dmar = tables + MDR_SIZE * MDR_MAX;
	const uint32_t size = dmar + t->dmar_size;
	uint8_t *blob = t->mem + os->sinit_mle_at;
	uint8_t *data = blob + 8;

	if (size > TXT_HEAP_SIZE - os->sinit_mle_at) {
		txt_fail(t, TXT_ERR_HEAP_BLOBS, os->sinit_mle_at);
		return false;
	}
	memset(blob, 0, size);
	put_le64(blob, txt_fault(t, TXT_FAULT_HEAP_SINIT_MLE) ? TXT_HEAP_SIZE + 1 : size);
	put_le32(data + SM_VERSION, txt_fault(t, TXT_FAULT_SINIT_MLE_OLD) ? 5 : 9);
	put_le32(data + SM_EDX_FLAGS, result->edx_flags);
	memcpy(data + SM_SINIT_HASH, result->sinit_sha1, sizeof(result->sinit_sha1));
	memcpy(data + SM_MLE_HASH, result->mle_sha1, sizeof(result->mle_sha1));
	put_le32(data + SM_MDR_COUNT, write_mdrs(t, blob + tables));
	put_le32(data + SM_MDR_OFFSET, tables);
	put_le32(data + SM_DMAR_SIZE, t->dmar_size);
	put_le32(data + SM_DMAR_OFFSET, dmar);
	put_le32(data + SM_SCRTM_STATUS, 1);
	put_le32(data + SM_ELEMENTS, ELEMENT_END);
	put_le32(data + SM_ELEMENTS + 4, ELEMENT_HEADER);
	memcpy(blob + dmar, t->dmar, t->dmar_size);
	return true;
}
