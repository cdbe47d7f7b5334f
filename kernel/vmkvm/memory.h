/* The inside of a VM's RAM: for memory.c, grant.c, access.c and blocks.c. */
#ifndef VMKVM_MEMORY_H
#define VMKVM_MEMORY_H

#include "lib/nospec.h"
#include "vmkvm/state.h"

#define RAM_FLAGS   (EPT_ACCESS | EPT_WRITE_BACK)
#define BLOCK_BYTES (PAGE_SIZE << RAM_BLOCK_ORDER)
/* Beyond its reservation a VM gets large pages only while so many times what is to be kept is
 * there. */
#define LARGE_SPARE 4u

static inline bool memory_page(const struct vm *vm, struct gpa gpa, uint64_t *page)
{
	if (gpa.v < vm->low_bytes)
		*page = gpa.v >> PAGE_SHIFT;
	else if (gpa.v >= VMK_VM_HIGH_BASE && gpa.v - VMK_VM_HIGH_BASE < vm->high_bytes)
		*page = (vm->low_bytes + gpa.v - VMK_VM_HIGH_BASE) >> PAGE_SHIFT;
	else
		return false;
	*page = index_nospec(*page, vm->memory.ram.pages);
	return true;
}

static inline struct gpa memory_gpa(const struct vm *vm, uint64_t page)
{
	const uint64_t offset = page << PAGE_SHIFT;

	return (struct gpa){
		offset < vm->low_bytes ? offset : VMK_VM_HIGH_BASE + offset - vm->low_bytes};
}

/* Is there memory for a large page beyond the reservation? */
static inline bool memory_may_be_large(const struct vm_memory *m)
{
	return frames_spare(FRAME_PRIVATE, LARGE_SPARE * m->policy.keep) >= RAM_BLOCK_PAGES;
}

/* grant.c: frames for tables and lists, out of what is promised for them. With the lock or not. */
enum vmk_status grant_table(struct vm_memory *m, struct pfn *frame);
void grant_table_back(struct vm_memory *m, struct pfn frame);
/* A list for ram_put(); NULL may be given back. */
enum vmk_status grant_list(struct vm_memory *m, uint64_t **list);
void grant_list_back(struct vm_memory *m, uint64_t *list);
/* 2^order zeroed frames of RAM, within limit and promise, without the lock. VMK_NO_RESOURCES,
 * VMK_NO_MEMORY. Interrupts may be on: clearing a large one takes its time. */
enum vmk_status grant_frames(struct vm_memory *m, unsigned order, struct pfn *frame);
void grant_frames_back(struct vm_memory *m, struct pfn frame, unsigned order);
/* Some frames into the stock, or one. As grant_frames(). */
enum vmk_status grant_stock(struct vm_memory *m);
/* All of it goes back. */
void grant_stock_back(struct vm_memory *m);

/* How large pages are mapped. */
static inline uint64_t memory_large_flags(const struct vm *vm)
{
	return vm->memory.policy.small_code ? RAM_FLAGS & ~EPT_EXECUTE : RAM_FLAGS;
}

/* Every pCPU that runs this VM has forgotten what its EPT was before. The generation that all have
 * seen. Without locks. */
static inline uint64_t memory_forget(struct vm *vm)
{
	const uint64_t generation = __atomic_load_n(&vm->vtx.ept.generation, __ATOMIC_SEQ_CST);

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		vm_kick(vm->vcpus[i]);
		vm_vcpu_await(vm->vcpus[i], generation);
	}
	return generation;
}

/* blocks.c: would its block be one for a large page if this page, which has no frame, had one? With
 * the lock. */
bool block_may_join(const struct vm_memory *m, uint64_t page);
/* The block of this page becomes a large page, if all of it is there and memory plentiful. Waits
 * for pCPUs: without locks. */
void block_join(struct vm *vm, uint64_t page);

#endif
