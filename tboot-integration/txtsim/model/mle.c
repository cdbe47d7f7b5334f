#include "tboot-integration/txtsim/model/mle.h"

#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/heap.h"
#include "tboot-integration/txtsim/model/platform.h"

/* Above any MLE of today, and small enough that a hostile heap cannot stall the host. */
#define MLE_MAX_SIZE  (64u << 20)

#define PAGE          4096u
#define ENTRY_PRESENT 1ull
#define ENTRY_LARGE   (1ull << 7)
#define ENTRY_ADDR    0x000ffffffffff000ull

enum mle_header_field { MLE_UUID = 0, MLE_ENTRY_POINT = 24, MLE_HEADER_SIZE = 52 };

static const uint8_t mle_uuid[16] = {0x5a, 0xac, 0x82, 0x90, 0x6f, 0x47, 0xa7, 0x74, 0x0f, 0x5c,
	0x55, 0xa2, 0xcb, 0x51, 0xb6, 0x42};

struct walk {
	struct txt *t;
	const struct txt_os_sinit *os;
	uint64_t table_index; /* which page table `table` is; the walk is sequential */
	uint64_t table;       /* its physical address, 0 before the first lookup */
};

/* One entry of a PAE table; false after txt_fail(). */
static bool read_entry(struct walk *w, uint64_t table, uint64_t index, uint64_t *address)
{
	uint8_t raw[8];
	uint64_t entry;

	if (!txt_read_memory(w->t, table + 8 * index, raw, sizeof(raw))) {
		txt_fail(w->t, TXT_ERR_MLE_PAGE_TABLE, table + 8 * index);
		return false;
	}
	entry = le64(raw);
	if (!(entry & ENTRY_PRESENT) || entry & ENTRY_LARGE) {
		txt_fail(w->t, TXT_ERR_MLE_PAGE_TABLE, entry);
		return false;
	}
	*address = entry & ENTRY_ADDR;
	return true;
}

/* The second page of an MLE whose page table is wrong on purpose. */
static uint64_t faulty_page(const struct walk *w, uint64_t page, uint64_t pa)
{
	if (page != 1)
		return pa;
	if (txt_fault(w->t, TXT_FAULT_MLE_PAGE_ORDER))
		return pa - 2 * PAGE;
	if (txt_fault(w->t, TXT_FAULT_MLE_PAGE_OUTSIDE))
		return TXT_HEAP_BASE;
	if (txt_fault(w->t, TXT_FAULT_MLE_PAGE_UNPROTECTED))
		return w->os->pmr_low_base + w->os->pmr_low_size;
	return pa;
}

/* The physical address of the MLE's linear page. */
static bool page_address(struct walk *w, uint64_t page, uint64_t *pa)
{
	const uint64_t table_index = page >> 9;
	uint64_t directory;

	if (!w->table || w->table_index != table_index) {
		if (!read_entry(w, w->os->mle_page_table, table_index >> 9, &directory) ||
			!read_entry(w, directory, table_index & 511, &w->table))
			return false;
		w->table_index = table_index;
	}
	if (!read_entry(w, w->table, page & 511, pa))
		return false;
	*pa = faulty_page(w, page, *pa);
	return true;
}

static bool in_pmr(uint64_t pa, uint64_t base, uint64_t size)
{
	return pa >= base && pa - base < size && size - (pa - base) >= PAGE;
}

/* SINIT accepts only RAM that the IOMMU's protected ranges keep from devices. */
static bool page_allowed(struct txt *t, const struct txt_os_sinit *os, uint64_t pa)
{
	if (pa >= TXT_MEM_BASE && pa < 0x100000000ull) {
		txt_fail(t, TXT_ERR_MLE_PAGE_PLACE, pa);
		return false;
	}
	if (!in_pmr(pa, os->pmr_low_base, os->pmr_low_size) &&
		!in_pmr(pa, os->pmr_high_base, os->pmr_high_size)) {
		txt_fail(t, TXT_ERR_MLE_PAGE_PMR, pa);
		return false;
	}
	return true;
}

static bool measure_pages(struct walk *w, struct digest_stream *stream)
{
	struct txt *t = w->t;
	uint64_t left = w->os->mle_size, previous = 0;
	uint8_t page[PAGE];

	for (uint64_t i = 0; left; i++) {
		uint64_t size = left < PAGE ? left : PAGE;
		uint64_t pa;

		if (!page_address(w, i, &pa))
			return false;
		if (i && pa <= previous) {
			txt_fail(t, TXT_ERR_MLE_PAGE_ORDER, pa);
			return false;
		}
		if (!page_allowed(t, w->os, pa))
			return false;
		if (!txt_read_memory(t, pa, page, PAGE)) {
			txt_fail(t, TXT_ERR_MLE_PAGE_PLACE, pa);
			return false;
		}
		digest_update(stream, page, size);
		previous = pa;
		left -= size;
	}
	return true;
}

/* Reads bytes at an offset of the MLE, across pages. */
static bool read_mle(struct walk *w, uint64_t offset, uint8_t *to, uint64_t size)
{
	while (size) {
		uint64_t in_page = offset % PAGE;
		uint64_t n = size < PAGE - in_page ? size : PAGE - in_page;
		uint64_t pa;

		if (!page_address(w, offset / PAGE, &pa))
			return false;
		if (!txt_read_memory(w->t, pa + in_page, to, n)) {
			txt_fail(w->t, TXT_ERR_MLE_PAGE_PLACE, pa);
			return false;
		}
		to += n;
		offset += n;
		size -= n;
	}
	return true;
}

static bool find_entry(struct walk *w, struct txt_mle *mle)
{
	uint8_t header[MLE_HEADER_SIZE];
	uint64_t offset, pa;

	if (!read_mle(w, w->os->mle_header, header, sizeof(header)))
		return false;
	if (memcmp(header + MLE_UUID, mle_uuid, sizeof(mle_uuid)) != 0) {
		txt_fail(w->t, TXT_ERR_MLE_HEADER, w->os->mle_header);
		return false;
	}
	offset = le32(header + MLE_ENTRY_POINT);
	if (offset >= w->os->mle_size) {
		txt_fail(w->t, TXT_ERR_MLE_ENTRY, offset);
		return false;
	}
	if (!page_address(w, offset / PAGE, &pa))
		return false;
	if (pa > UINT32_MAX) {
		txt_fail(w->t, TXT_ERR_MLE_ENTRY, pa);
		return false;
	}
	mle->entry = (uint32_t)(pa + offset % PAGE);
	return true;
}

bool mle_measure(struct txt *t, const struct txt_os_sinit *os, struct txt_mle *mle)
{
	struct walk w = {.t = t, .os = os};
	struct digest_stream *stream;
	bool walked;

	if (!os->mle_size || os->mle_size > MLE_MAX_SIZE || os->mle_header > os->mle_size ||
		os->mle_size - os->mle_header < MLE_HEADER_SIZE) {
		txt_fail(t, TXT_ERR_MLE_SIZE, os->mle_size);
		return false;
	}
	stream = digest_begin();
	walked = measure_pages(&w, stream);
	digest_end(stream, &mle->digests);
	return walked && find_entry(&w, mle);
}
