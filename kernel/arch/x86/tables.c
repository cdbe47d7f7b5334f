/* GDT, TSS and IST stacks. */
#include "arch/x86/tables.h"
#include "arch/x86/cpu.h"
#include "arch/x86/shadow.h"
#include "arch/x86/trap.h"
#include "mem/gate.h"
#include "mem/heap.h"

#define IST_PAGES     2
#define NMI_PAGES     8 /* as a world has: the first CPU may leave the machine from there */
#define TSS_AVAILABLE (0x89ull << 40) /* present, 64-bit TSS */

#define SEGMENT_CODE  0x00af9b000000ffffull
#define SEGMENT_DATA  0x00cf93000000ffffull
#define SEGMENT_RING3 (3ull << 45)

static struct cpu_tables bootstrap;
static uint8_t bootstrap_stacks[IST_COUNT][IST_PAGES * PAGE_SIZE] __attribute__((aligned(4096)));

static void fill(struct cpu_tables *tables)
{
	uint64_t base = (uint64_t)(uintptr_t)&tables->tss;

	tables->gdt[GDT_KERNEL_CODE / 8] = SEGMENT_CODE;
	tables->gdt[GDT_KERNEL_DATA / 8] = SEGMENT_DATA;
	tables->gdt[GDT_USER_DATA / 8] = SEGMENT_DATA | SEGMENT_RING3;
	tables->gdt[GDT_USER_CODE / 8] = SEGMENT_CODE | SEGMENT_RING3;
	/* SDM 3A, figure 8-4. */
	tables->gdt[GDT_TSS / 8] = (sizeof(struct tss) - 1) | (base & 0xffffff) << 16 |
				   TSS_AVAILABLE | (base >> 24 & 0xff) << 56;
	tables->gdt[GDT_TSS / 8 + 1] = base >> 32;
	tables->tss.io_map_base = sizeof(struct tss); /* none */
}

struct cpu_tables *tables_bootstrap(void)
{
	fill(&bootstrap);
	for (unsigned i = 0; i < IST_COUNT; i++)
		bootstrap.tss.ist[i] = (uint64_t)(uintptr_t)bootstrap_stacks[i + 1];
	return &bootstrap;
}

static unsigned pages_of(unsigned ist)
{
	return ist == IST_NMI ? NMI_PAGES : IST_PAGES;
}

static enum vmk_status make_stack(struct cpu_tables *tables, unsigned ist)
{
	enum vmk_status status;
	void *top;

	status = stack_alloc(pages_of(ist), &top);
	if (status != VMK_OK)
		return status;
	status = shadow_create(&tables->shadow[ist]);
	if (status == VMK_OK)
		tables->tss.ist[ist - 1] = (uint64_t)(uintptr_t)top;
	else
		stack_free(top, pages_of(ist));
	return status;
}

static void free_stacks(struct cpu_tables *tables, unsigned count)
{
	for (unsigned ist = 1; ist <= count; ist++) {
		stack_free((void *)(uintptr_t)tables->tss.ist[ist - 1], pages_of(ist));
		shadow_free(tables->shadow[ist]);
	}
}

static enum vmk_status make_stacks(struct cpu_tables *tables)
{
	for (unsigned ist = 1; ist <= IST_COUNT; ist++) {
		enum vmk_status status = make_stack(tables, ist);

		if (status != VMK_OK) {
			free_stacks(tables, ist - 1);
			return status;
		}
	}
	return VMK_OK;
}

struct cpu_tables *tables_create(void)
{
	struct cpu_tables *tables = cpu_area_alloc(sizeof(*tables));

	if (!tables)
		return NULL;
	fill(tables);
	if (make_stacks(tables) != VMK_OK) {
		cpu_area_free(tables);
		return NULL;
	}
	return tables;
}

enum vmk_status tables_open_gate(const struct cpu_tables *tables)
{
	enum vmk_status status = gate_add(tables, sizeof(*tables), true);

	/* Where they begin: no more is in use before the kernel's tables are. */
	for (unsigned i = 0; status == VMK_OK && i < IST_COUNT; i++)
		status = gate_add((const uint8_t *)(uintptr_t)tables->tss.ist[i] - PAGE_SIZE,
			PAGE_SIZE, true);
	return status;
}

void tables_load(struct cpu_tables *tables)
{
	uint64_t gs = rdmsr(MSR_GS_BASE);

	tables_load_gdt(tables);
	__asm__ volatile("pushq %q0\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\tmovl %1, %%ds\n\t"
			 "movl %1, %%es\n\t"
			 "movl %1, %%ss\n\t"
			 "movl %2, %%fs\n\t"
			 "movl %2, %%gs\n\t"
		:
		: "i"(GDT_KERNEL_CODE), "r"(GDT_KERNEL_DATA), "r"(0)
		: "rax", "memory");
	wrmsr(MSR_GS_BASE, gs);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	shadow_set_table(tables->shadow);
	tables->gdt[GDT_TSS / 8] &= ~(2ull << 40); /* not busy: LTR wants it so */
	__asm__ volatile("ltr %w0" : : "r"(GDT_TSS));
	/* After INIT, LDTR stands for 64 KiB of descriptors at address 0 (SDM 3A, table 9-1). */
	__asm__ volatile("lldt %w0" : : "r"(0));
}
