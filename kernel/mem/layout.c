/* The kernel's half: image, direct map and areas, each at its own random place. */
#include "arch/x86/paging.h"
#include "arch/x86/percpu.h"
#include "boot/boot_info.h"
#include "boot/image.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "lib/random.h"
#include "mem/area.h"
#include "mem/frames_edge.h"
#include "mem/window.h"

#define LOG_MODULE "Space"

/* Slots 508 to 511 are the image's window (arch/x86/paging.h). */
#define FIRST_SLOT   (PTABLE_ENTRIES / 2)
#define LAST_SLOT    ptable_index(IMAGE_WINDOW, PML4_SHIFT)
#define GIB          (1ull << PDPT_SHIFT)
#define DEVICE_BYTES (64 * GIB)

static struct space kernel;

struct space *kernel_space(void)
{
	return &kernel;
}

static void must(enum vmk_status status, const char *what)
{
	if (status != VMK_OK)
		panic("space: %s: %s", what, vmk_status_name(status));
}

/* --- image */

static void map_segment(const char *start, const char *end, unsigned prot)
{
	struct hpa to = hpa(boot_info->image.v + (uint64_t)(start - __image_start));

	must(ptable_map(&kernel.table, (uintptr_t)start, to, (uint64_t)(end - start),
		     prot_flags(&kernel, prot), PT_SHIFT),
		"the kernel's image cannot be mapped");
}

static void map_image(void)
{
	map_segment(__text_start, __text_end, PROT_R | PROT_X);
	map_segment(__relro_start, __relro_end, PROT_R | PROT_W);
	map_segment(__data_start, __data_end, PROT_R | PROT_W);
	map_segment(__rodata_start, __rodata_end, PROT_R);
}

void space_seal(void)
{
	uintptr_t start = (uintptr_t)__relro_start;
	size_t bytes = (size_t)(__relro_end - __relro_start);
	uint64_t saved = spin_lock(&kernel.lock);
	enum vmk_status status =
		ptable_protect(&kernel.table, start, bytes, prot_flags(&kernel, PROT_R));

	spin_unlock(&kernel.lock, saved);
	must(status, "read-only data cannot be sealed");
	tlb_flush_all_cpus(start, bytes);
}

static bool writable(const char *start, const char *end)
{
	struct ptable_leaf leaf;

	for (uintptr_t at = (uintptr_t)start; at < (uintptr_t)end; at += PAGE_SIZE) {
		if (!ptable_find(&kernel.table, at, &leaf) || leaf.flags & PTE_WRITE)
			return true;
	}
	return false;
}

bool space_sealed(void)
{
	uint64_t saved = spin_lock(&kernel.lock);
	bool sealed = !writable(__text_start, __text_end) &&
		      !writable(__relro_start, __relro_end) &&
		      !writable(__rodata_start, __rodata_end);

	spin_unlock(&kernel.lock, saved);
	return sealed;
}

/* --- direct map */

/* What may be reached there: memory that we hand out, modules, ACPI's tables. Not the kernel's own
 * image, whose text would be writable through it; not tboot, not what firmware keeps. */
static bool is_direct(enum boot_memory_type type)
{
	return type == BOOT_MEMORY_USABLE || type == BOOT_MEMORY_MODULE ||
	       type == BOOT_MEMORY_ACPI_RECLAIM || type == BOOT_MEMORY_ACPI_NVS;
}

static uint64_t memory_end(void)
{
	uint64_t end = 0;

	for (unsigned i = 0; i < boot_info->memory_count; i++) {
		if (is_direct(boot_info->memory[i].type))
			end = MAX(end, boot_info->memory[i].start.v + boot_info->memory[i].bytes);
	}
	return end;
}

static void map_direct(uintptr_t base, uint64_t flags, uint64_t start, uint64_t end)
{
	must(ptable_map(&kernel.table, base + start, hpa(start), end - start, flags, PD_SHIFT),
		"the direct map cannot be built");
}

/* Regions that meet are mapped as one, so that a large page lies wherever one has room. */
static void map_all_direct(uintptr_t base, uint64_t flags)
{
	uint64_t from = 0, to = 0;

	for (unsigned i = 0; i < boot_info->memory_count; i++) {
		const struct boot_memory *m = &boot_info->memory[i];
		/* Tables may begin and end within a page; all of it is theirs. */
		uint64_t start = ALIGN_DOWN(m->start.v, PAGE_SIZE);
		uint64_t end = ALIGN_UP(m->start.v + m->bytes, PAGE_SIZE);

		if (!is_direct(m->type))
			continue;
		if (start > to) {
			map_direct(base, flags, from, to);
			from = start;
		}
		to = MAX(to, end);
	}
	map_direct(base, flags, from, to);
}

/* --- areas */

struct slots {
	bool taken[PTABLE_ENTRIES];
};

static uintptr_t slot_address(unsigned slot)
{
	return KERNEL_HALF + (uint64_t)(slot - FIRST_SLOT) * PML4_SLOT_BYTES;
}

/* The direct map's base: a random GiB of the whole region, however many slots that touches. */
static uintptr_t choose_direct_base(struct slots *slots, uint64_t end)
{
	uint64_t region = (uint64_t)(LAST_SLOT - FIRST_SLOT) * PML4_SLOT_BYTES;
	uint64_t bytes = ALIGN_UP(end, GIB), base;

	if (bytes > region / 2)
		panic("space: more memory than the direct map can hold");
	base = KERNEL_HALF + random_below((region - bytes) / GIB + 1) * GIB;
	for (uint64_t at = base; at < base + bytes; at += GIB)
		slots->taken[ptable_index(at, PML4_SHIFT)] = true;
	return base;
}

/* A window of that size, at a random page of a random free slot. */
static void choose_window(struct slots *slots, enum area area, uint64_t bytes)
{
	uintptr_t start;
	unsigned slot;

	do {
		slot = FIRST_SLOT + (unsigned)random_below(LAST_SLOT - FIRST_SLOT);
	} while (slots->taken[slot]);
	slots->taken[slot] = true;
	start = slot_address(slot) +
		random_below((PML4_SLOT_BYTES - bytes) / PAGE_SIZE + 1) * PAGE_SIZE;
	kernel.window[area] = (struct range){start, start + bytes};
}

static void choose_windows(struct slots *slots, uint64_t ram)
{
	/* The heap may grow to all of memory; a window no larger bounds its page tables. */
	uint64_t heap = MIN(MAX(ALIGN_UP(2 * ram, GIB), GIB), PML4_SLOT_BYTES / 2);

	choose_window(slots, AREA_IMAGES, GIB);
	choose_window(slots, AREA_SLABS, heap);
	choose_window(slots, AREA_PAGES, heap);
	choose_window(slots, AREA_STACKS, GIB);
	choose_window(slots, AREA_DEVICES, DEVICE_BYTES);
	choose_window(slots, AREA_WINDOWS, GIB);
	kernel.half = kernel.window[AREA_IMAGES];
}

/* Fill every slot that will ever be used, so that user spaces may copy the root. */
static void fill_slots(const struct slots *slots)
{
	for (unsigned slot = FIRST_SLOT; slot < PTABLE_ENTRIES; slot++) {
		if (slots->taken[slot])
			must(ptable_fill_slot(&kernel.table, slot), "no memory for page tables");
	}
}

void space_init(void)
{
	uint64_t end = memory_end();
	uint64_t flags = prot_flags(&kernel, PROT_R | PROT_W);
	struct slots slots = {0};
	uintptr_t base;

	must(space_setup(&kernel, false), "no memory for the kernel's space");
	must(space_ptable_ops.allocate(&kernel.table.root), "no memory for page tables");
	base = choose_direct_base(&slots, end);
	choose_windows(&slots, frames_count(FRAME_FREE) << PAGE_SHIFT);
	fill_slots(&slots);
	map_image();
	map_all_direct(base, flags);

	write_cr3(kernel.table.root.v);
	tlb_flush_local(0, SIZE_MAX);
	kernel.ranges.items = (struct range *)(base + direct_map_hpa(kernel.ranges.items).v);
	frames_set_direct_map(&kernel.table, base, end, flags);
	must(window_create(percpu()), "no window for private frames");
	vmk_log("address space in place, direct map of %llu MiB", (unsigned long long)(end >> 20));
}
