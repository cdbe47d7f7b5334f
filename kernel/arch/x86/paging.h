/*
 * Page-table bits (SDM 3A, 4.5), the map of the kernel's half, and TLB maintenance. Policy and
 * walking are mem/'s.
 */
#ifndef ARCH_PAGING_H
#define ARCH_PAGING_H

#define PTE_PRESENT      0x001ull
#define PTE_WRITE        0x002ull
#define PTE_USER         0x004ull
#define PTE_WRITETHROUGH 0x008ull
#define PTE_UNCACHED     0x010ull /* PCD; with PWT clear and PAT[2] = UC- */
#define PTE_ACCESSED     0x020ull
#define PTE_DIRTY        0x040ull
#define PTE_LARGE        0x080ull /* PS: in a PDPTE 1 GiB, in a PDE 2 MiB */
#define PTE_GLOBAL       0x100ull
#define PTE_NX           (1ull << 63)
#define PTE_FRAME        0x000ffffffffff000ull

#define PTABLE_ENTRIES   512

#ifndef __ASSEMBLY__
#include "lib/types.h"

#define PT_SHIFT         12 /* 4 KiB */
#define PD_SHIFT         21 /* 2 MiB */
#define PDPT_SHIFT       30 /* 1 GiB */
#define PML4_SHIFT       39 /* 512 GiB */
#define LARGE_PAGE_BYTES (1ull << PD_SHIFT)
#define HUGE_PAGE_BYTES  (1ull << PDPT_SHIFT)
#define PML4_SLOT_BYTES  (1ull << PML4_SHIFT)

/* Ring 3 has [USER_START, USER_END): the last page below the hole stays free, so that no SYSCALL
 * can leave a non-canonical return address. */
#define USER_START  0x10000ull
#define USER_END    0x7ffffffff000ull

#define KERNEL_HALF 0xffff800000000000ull
/*
 * The kernel image lies at a random page of this window (PML4 slots 508 to 511: 2^29 places);
 * direct map, heap, stacks, devices and modules have the slots 256 to 507, as mem/ decides.
 */
#define IMAGE_WINDOW     0xfffffe0000000000ull
#define IMAGE_WINDOW_END 0xffffffffffe00000ull

/*
 * What the boot path leaves behind, until space_init() switches tables: the image at its final
 * place with its final protections, and physical memory below EARLY_IDENTITY_END at its own
 * address, writable, never executable.
 */
#define EARLY_IDENTITY_END (4ull << 30)

static inline unsigned ptable_index(uintptr_t address, unsigned shift)
{
	return (unsigned)(address >> shift) & (PTABLE_ENTRIES - 1);
}
static inline uint64_t read_cr3(void)
{
	uint64_t v;

	__asm__ volatile("movq %%cr3, %0" : "=r"(v));
	return v;
}
static inline void write_cr3(uint64_t v)
{
	__asm__ volatile("movq %0, %%cr3" : : "r"(v) : "memory");
}

/* Forget the translations of a range on the running CPU; global ones too. */
void tlb_flush_local(uintptr_t start, size_t bytes);
/* The same on every CPU that is online; returns when all have done it. Callable with interrupts
 * off (a CPU that waits here serves others' requests meanwhile); not from interrupt handlers. */
void tlb_flush_all_cpus(uintptr_t start, size_t bytes);
#endif

#endif
