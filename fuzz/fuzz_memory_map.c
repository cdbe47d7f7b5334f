/* sources: kernel/boot/memory_map.c */
/* quiet: tests/unit/shim/panic.c fuzz/lib/figures.c */
/* coverage: edges */
/*
 * Statements about memory in any order, the latest wins: against one type for each page that they
 * can name, in the low megabyte, around the platform's registers and at the end of addresses.
 * Four bytes an operation: what, with which type; two addresses; one byte more.
 */
#include "boot/memory_map.h"
#include "fuzz/lib/figures.h"
#include "lib/panic.h"
#include <string.h>

#define WINDOWS      5u
#define WINDOW_PAGES 48u
#define PAGES        (WINDOWS * WINDOW_PAGES)
#define ABSENT       0xffu
#define REQUIRE(it)  ((it) ? (void)0 : panic("memory map: not so: %s", #it))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t windows[WINDOWS] = {0xe8000, 0x3f000000, 0xfebe8000, 0x100000000,
	ALIGN_DOWN(UINT64_MAX, PAGE_SIZE) - (WINDOW_PAGES - 1) * PAGE_SIZE};
static struct boot_info info;
static uint8_t types[PAGES]; /* from each page's start to the next one's in this list */

static uint64_t page_start(unsigned page)
{
	return windows[page / WINDOW_PAGES] + page % WINDOW_PAGES * PAGE_SIZE;
}

/* Some addresses lie within a page; the next one of the window is named, too. */
static uint64_t address(uint8_t which, uint8_t within)
{
	const unsigned page = which % PAGES;

	if ((page + 1) % WINDOW_PAGES == 0)
		return page_start(page) + (page + 1 == PAGES && within & 1);
	return page_start(page) + (within & 1 ? PAGE_SIZE / 2 - 1 + (within >> 1 & 1) : 0);
}

static unsigned page_at(uint64_t start)
{
	unsigned page = 0;

	while (page + 1 < PAGES && page_start(page + 1) <= start)
		page++;
	return page;
}

static unsigned runs(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < PAGES; i++)
		count += types[i] != ABSENT && (!i || types[i] != types[i - 1]);
	return count;
}

static void set(uint8_t kind, uint64_t start, uint64_t end)
{
	const enum boot_memory_type type = (enum boot_memory_type)(kind % (BOOT_MEMORY_KERNEL + 1));
	static struct boot_info before;
	const bool fits = end >= start && end <= ALIGN_DOWN(UINT64_MAX, PAGE_SIZE);
	const bool may_fail = !fits || info.memory_count + 2 > BOOT_MEMORY_MAX;
	enum vmk_status status;

	if (may_fail)
		before = info;
	status = memory_map_set(&info, start, end, type);
	REQUIRE((status == VMK_BAD_PARAM) == !fits);
	if (status != VMK_OK) {
		REQUIRE(may_fail);
		REQUIRE(!memcmp(&before, &info, sizeof(info)));
		return;
	}
	if (type == BOOT_MEMORY_USABLE) {
		start = ALIGN_UP(start, PAGE_SIZE);
		end = ALIGN_DOWN(end, PAGE_SIZE);
	} else {
		start = ALIGN_DOWN(start, PAGE_SIZE);
		end = ALIGN_UP(end, PAGE_SIZE);
	}
	for (unsigned i = 0; i < PAGES; i++) {
		if (page_start(i) >= start && page_start(i) < end)
			types[i] = (uint8_t)type;
	}
}

static void check(void)
{
	bool modules = false;

	for (unsigned i = 0; i < info.memory_count; i++) {
		const struct boot_memory *m = &info.memory[i];

		modules |= m->type == BOOT_MEMORY_MODULE;
		REQUIRE(m->bytes && m->start.v % PAGE_SIZE == 0 && m->bytes % PAGE_SIZE == 0);
		REQUIRE(!i || m[-1].start.v + m[-1].bytes <= m->start.v);
	}
	REQUIRE(modules || info.memory_count <= runs() + WINDOWS);
	for (unsigned i = 0; i < PAGES; i++) {
		const struct boot_memory *m = memory_map_find(&info, page_start(i));

		REQUIRE(m ? m->type == types[i] : types[i] == ABSENT);
	}
}

/* The APICs with what lies between them, and configuration space. */
static bool touches_registers(uint64_t start, uint64_t end)
{
	const uint64_t ecam = info.ecam.v + info.ecam_first_bus * 0x100000ull;
	const uint64_t behind = info.ecam.v + 0x100000ull * (info.ecam_last_bus + 1ull);
	const bool apics = MAX(start, 0xfec00000ull) < MIN(end, 0xff000000ull);

	return apics || (info.ecam.v && MAX(start, ecam) < MIN(end, behind));
}

static void ask(uint64_t start, uint64_t end)
{
	const uint64_t bytes = end - start;
	bool covered = true, firmware = true;

	for (unsigned i = page_at(start); i < PAGES && page_start(i) < end; i++) {
		covered &= types[i] != ABSENT;
		firmware &= types[i] == BOOT_MEMORY_RESERVED || types[i] == BOOT_MEMORY_ACPI_NVS ||
			    types[i] == BOOT_MEMORY_ACPI_RECLAIM;
	}
	if (end < start) {
		REQUIRE(memory_map_is_platform(&info, start, bytes));
		REQUIRE(!memory_map_is_firmware(&info, start, bytes));
		return;
	}
	REQUIRE(memory_map_covers(&info, start, bytes) == (covered || !bytes));
	REQUIRE(memory_map_is_firmware(&info, start, bytes) ==
		(bytes && covered && firmware && start >= 0x100000 &&
			!memory_map_is_platform(&info, start, bytes)));
	REQUIRE(!bytes ||
		memory_map_is_platform(&info, start, bytes) == touches_registers(start, end));
}

/* Every place is usable, aligned and within the limits, and there is none beyond the last. */
static void place(uint64_t low, uint64_t high, uint8_t how)
{
	const uint64_t bytes = (how & 7) * PAGE_SIZE / 2, align = 1ull << (how >> 3);
	const uint64_t count = memory_map_places(&info, bytes, align, low, high);
	const uint64_t some[] = {0, 1, count / 2, count - 1};

	for (unsigned i = 0; count && i < ARRAY_SIZE(some); i++) {
		const uint64_t at =
			memory_map_place(&info, bytes, align, low, high, some[i] % count).v;

		REQUIRE(at % align == 0 && at >= low && at + bytes <= high);
		for (uint64_t in = at; in < at + bytes; in += PAGE_SIZE / 2)
			REQUIRE(memory_map_find(&info, in)->type == BOOT_MEMORY_USABLE);
	}
	REQUIRE(!memory_map_place(&info, bytes, align, low, high, count).v);
}

static void step(const uint8_t d[4])
{
	const uint64_t start = address(d[1], d[3]), end = address(d[2], d[3] >> 2);

	switch (d[0] & 7) {
	case 5:
		ask(start, end);
		break;
	case 6:
		place(start, end, d[3]);
		break;
	case 7: /* configuration space: PCI Firmware Specification 3.0, 4.1.2 */
		info.ecam = hpa(d[3] & 1 ? 0 : 0x3f000000u - MIN(d[1], d[2]) * 0x100000u);
		info.ecam_first_bus = MIN(d[1], d[2]);
		info.ecam_last_bus = MAX(d[1], d[2]);
		break;
	default:
		set(d[0] >> 3, start, end);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&info, 0, sizeof(info));
	memset(types, ABSENT, sizeof(types));
	for (size_t i = 0; i + 4 <= size; i += 4) {
		figures_operations(1);
		step(data + i);
	}
	check();
	return 0;
}
