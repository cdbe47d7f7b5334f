/* The descriptor tables of one CPU: GDT, TSS, and the stacks of NMI, double fault, machine
 * check and debug exception. */
#ifndef ARCH_TABLES_H
#define ARCH_TABLES_H

#include "lib/types.h"

/* SDM 3A, figure 8-11. */
struct tss {
	uint32_t reserved0;
	uint64_t rsp0, rsp1, rsp2;
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, io_map_base;
} __attribute__((packed));
STATIC_ASSERT_SIZE(struct tss, 104);

enum { IST_NMI = 1, IST_DOUBLE_FAULT, IST_MACHINE_CHECK, IST_DEBUG, IST_COUNT = 4 };

struct cpu_tables {
	uint64_t gdt[7];
	struct tss tss __attribute__((aligned(16)));
	uint64_t shadow[8]; /* of the same stacks (shadow.h), by IST number */
};

/* The bootstrap CPU's, with stacks inside the image, until percpu_leave_image(). */
struct cpu_tables *tables_bootstrap(void);
/* Fresh tables with guarded stacks and shadow stacks; NULL when memory is out. */
struct cpu_tables *tables_create(void);
/* They and their stacks, in ring 3's tables (mem/gate.h). */
enum vmk_status tables_open_gate(const struct cpu_tables *tables);
/* Make them the running CPU's: GDT, segments, task register. GS.base stays. */
void tables_load(struct cpu_tables *tables);
/* GDTR alone, when the tables are loaded already: an exit from a guest changes its limit. */
static inline void tables_load_gdt(const struct cpu_tables *tables)
{
	const struct {
		uint16_t limit;
		uint64_t base;
	}
	__attribute__((packed)) gdtr = {sizeof(tables->gdt) - 1, (uint64_t)(uintptr_t)tables->gdt};

	__asm__ volatile("lgdt %0" : : "m"(gdtr));
}

#endif
