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
#include "mem/places.h"
#include "mem/window.h"
#include <string.h>

#define LOG_MODULE "Space"

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

struct hpa space_image_hpa(const void *address)
{
	return hpa(boot_info->image.v + (uint64_t)((const char *)address - __image_start));
}

static void map_segment(const char *start, const char *end, unsigned prot)
{
	must(ptable_map(&kernel.table, (uintptr_t)start, space_image_hpa(start),
		     (uint64_t)(end - start), prot_flags(&kernel, prot), PT_SHIFT),
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

/* Fill every slot that will ever be used, so that user spaces may copy the root. */
static void fill_slots(const struct places *places)
{
	for (unsigned slot = PTABLE_ENTRIES / 2; slot < PTABLE_ENTRIES; slot++) {
		if (places->taken[slot])
			must(ptable_fill_slot(&kernel.table, slot), "no memory for page tables");
	}
}

void space_init(void)
{
	uint64_t end = memory_end();
	uint64_t flags = prot_flags(&kernel, PROT_R | PROT_W);
	struct places places;

	must(space_setup(&kernel, false), "no memory for the kernel's space");
	must(space_ptable_ops.allocate(NULL, &kernel.table.root), "no memory for page tables");
	must(places_choose(&places, end, frames_count(FRAME_FREE) << PAGE_SHIFT, random_below),
		"more memory than the direct map can hold");
	memcpy(kernel.window, places.window, sizeof(kernel.window));
	kernel.half = kernel.window[AREA_IMAGES];
	fill_slots(&places);
	map_image();
	map_all_direct(places.direct, flags);

	write_cr3(kernel.table.root.v);
	tlb_flush_local(0, SIZE_MAX);
	kernel.ranges.items =
		(struct range *)(places.direct + direct_map_hpa(kernel.ranges.items).v);
	frames_set_direct_map(&kernel.table, places.direct, end, flags);
	must(window_create(percpu()), "no window for private frames");
	vmk_log("address space in place, direct map of %llu MiB", (unsigned long long)(end >> 20));
}
