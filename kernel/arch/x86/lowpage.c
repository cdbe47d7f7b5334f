/* The page below 1 MiB. */
#include "arch/x86/lowpage.h"
#include "arch/x86/cet.h"
#include "arch/x86/cpu.h"
#include "arch/x86/features.h"
#include "arch/x86/paging.h"
#include "arch/x86/percpu.h"
#include "boot/boot_info.h"
#include "mem/frames.h"
#include "mem/space.h"
#include <string.h>

/* As low.S lays it out, at low_parameters. */
struct low_parameters {
	uint64_t gdt[4];
	uint64_t stack, area, kernel_tables, entry;
	uint32_t tables;
	uint32_t far32;
	uint16_t far32_selector;
	uint32_t far64;
	uint16_t far64_selector;
	uint16_t gdt_limit;
	uint64_t gdt_base;
} __attribute__((packed));
STATIC_ASSERT_OFFSET(struct low_parameters, gdt_base, 82);

extern const char low_begin[], low_start32[], low_start64[], low_leave[], low_parameters[],
	low_end[];
extern char ap_entry[];

static struct low_parameters *parameters; /* through a writable mapping, until all are started */
static uint64_t *root;                    /* of the low tables, through the direct map */
static struct hpa root_address;

static enum vmk_status new_table(uint64_t **table, uint64_t *entry)
{
	struct pfn frame;
	enum vmk_status status = frames_alloc_low(0, FRAME_PTABLE, &frame);

	if (status != VMK_OK)
		return status;
	*table = direct_map(pfn_hpa(frame));
	*entry = pfn_hpa(frame).v | PTE_PRESENT | PTE_WRITE;
	return VMK_OK;
}

/* The page at its own address, read and execute; above, whatever the kernel has. */
static enum vmk_status build_tables(uint64_t page)
{
	uint64_t *table, entry;
	enum vmk_status status = new_table(&root, &entry);

	if (status != VMK_OK)
		return status;
	root_address = hpa(entry & PTE_FRAME);
	table = root;
	for (unsigned shift = PML4_SHIFT; shift > PT_SHIFT; shift -= 9) {
		uint64_t *next;

		status = new_table(&next, &entry);
		if (status != VMK_OK)
			return status;
		table[ptable_index(page, shift)] = entry;
		table = next;
	}
	table[ptable_index(page, PT_SHIFT)] = page | PTE_PRESENT;
	return VMK_OK;
}

/* The kernel's half may have gained entries since. */
static void refresh_kernel_half(void)
{
	const uint64_t *kernel = direct_map(hpa(read_cr3() & PTE_FRAME));

	memcpy(root + PTABLE_ENTRIES / 2, kernel + PTABLE_ENTRIES / 2, PAGE_SIZE / 2);
}

enum vmk_status lowpage_init(void)
{
	uint32_t page = (uint32_t)boot_info->low_page.v;
	volatile void *mapped;
	enum vmk_status status;

	if (!page)
		return VMK_NOT_FOUND;
	status = space_map_device(hpa(page), PAGE_SIZE, &mapped);
	if (status != VMK_OK)
		return status;
	status = build_tables(page);
	if (status != VMK_OK)
		return status;
	memcpy((void *)mapped, low_begin, (size_t)(low_end - low_begin));
	parameters = (struct low_parameters *)((char *)mapped + (low_parameters - low_begin));
	parameters->gdt_base = page + (uint32_t)(low_parameters - low_begin);
	parameters->far32 = page + (uint32_t)(low_start32 - low_begin);
	parameters->far64 = page + (uint32_t)(low_start64 - low_begin);
	parameters->tables = (uint32_t)root_address.v;
	parameters->entry = (uint64_t)(uintptr_t)ap_entry;
	return VMK_OK;
}

void lowpage_aim(void *stack_top, struct percpu *area)
{
	refresh_kernel_half();
	parameters->stack = (uint64_t)(uintptr_t)stack_top;
	parameters->area = (uint64_t)(uintptr_t)area;
	parameters->kernel_tables = read_cr3();
	__asm__ volatile("mfence" : : : "memory");
}

void lowpage_close(void)
{
	space_unmap_device(parameters, sizeof(*parameters));
	parameters = NULL;
}

struct hpa lowpage_address(void)
{
	return boot_info->low_page;
}

_Noreturn void lowpage_leave(uint32_t to)
{
	uint64_t page = boot_info->low_page.v;

	irq_disable();
	cet_off();
	features_join_cpu();
	refresh_kernel_half();
	/* One block, so that nothing runs in C between the change of tables and the jump. */
	__asm__ volatile("movq %0, %%cr3\n\t"
			 "jmpq *%1\n\t"
			 "int3"
		:
		: "r"(root_address.v), "r"(page + (uint64_t)(low_leave - low_begin)), "D"(page),
		"S"((uint64_t)to)
		: "memory");
	__builtin_unreachable();
}
