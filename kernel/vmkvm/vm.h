/*
 * Virtual machines: their memory, vCPUs and interrupt controllers, and what their VMX world asks of
 * them (vmkuser/vm.h). A VM lives from vm_create() to vm_release(), which its VMX world's end calls
 * whatever ended it. Thread-safe unless said otherwise.
 */
#ifndef VMKVM_VM_H
#define VMKVM_VM_H

#include "lib/types.h"
#include "vmkmod/package.h"
#include <vmkapi/status.h>
#include <vmkuser/vm.h>

struct event;

struct space;
struct vm;
struct world;
struct vm_console;

#define VM_VCPUS_MAX PACKAGE_VCPUS_MAX
#define VM_WHY_BYTES 128u

/* Whoever keeps account of a VM's life; called by any thread, without locks. */
struct vm_owner {
	void (*ended)(void *context); /* its VMX world lets go of it: vm_release() */
	void (*gone)(void *context);  /* nothing of it is left */
	void *context;
	struct vm_console *console; /* outlives the VM */
	uint32_t id;
};

/* Why no VM can run on this machine, or NULL. Static text. */
const char *vm_unsupported(void);
/*
 * A VM of a verified package (whose memory stays), its memory reserved, its vCPUs in
 * reset state and waiting. On failure `why` says what was needed and what there is:
 * VMK_UNSUPPORTED, VMK_NO_MEMORY, VMK_NO_RESOURCES (CPU), VMK_BAD_FORMAT.
 */
enum vmk_status vm_create(const struct package *package, const struct vm_owner *owner,
	struct vm **vm, char why[VM_WHY_BYTES]);
/* The VMX world ends: soon no vCPU runs any more. The reference stays. */
void vm_release(struct vm *vm);
/* A VM's memory is wiped and freed with the last reference; who made it has one. */
void vm_get(struct vm *vm);
void vm_put(struct vm *vm);
/* When it returns, no vCPU runs until it is resumed, and the guest's clocks stand still: TSC, APIC
 * timers, and vm_time_ns(), which its devices go by. May wait for vCPUs to leave the guest:
 * microseconds, at most a slice. */
void vm_pause(struct vm *vm, bool paused);
bool vm_is_paused(const struct vm *vm);
/* Nanoseconds without those in which it was paused. */
uint64_t vm_time_ns(const struct vm *vm);
struct vm_console *vm_console(struct vm *vm);
/* Of CPU time, as its package says: 1000 for each vCPU unless it says something. */
uint32_t vm_shares(const struct package *package);
/* Its VMX world, not started yet, belongs to it for the scheduler. What world_join() says. */
enum vmk_status vm_adopt(struct vm *vm, struct world *world);
const char *vm_name(const struct vm *vm);
/* How many VMs have frames. */
unsigned vm_count(void);

struct vm_audit {
	uint64_t mappings; /* leaf entries of all VMs' EPT, each of any size */
	uint64_t strange;  /* of these, with a frame that is not that VM's RAM */
};
/* Looks at what guests can reach, VM by VM, in pieces (vm_memory_audit()). Without locks. */
void vm_audit(struct vm_audit *audit);

/* Memory, in frames but for `large`. */
struct vm_usage {
	uint64_t reservation, limit;
	uint64_t granted; /* RAM that is there */
	uint64_t large;   /* of it in 2 MiB pages: how many of these */
	uint64_t tables;  /* of the kernel, beside */
};
/* Of RAM that the guest has given up, as it says, and that it is asked to give up, in pages. */
struct vm_balloon_info {
	uint64_t pages, target;
};
void vm_balloon_info(const struct vm *vm, struct vm_balloon_info *info);
/* At most so much of its RAM, in frames, is wanted to be there; 0: its limit. */
void vm_balloon_ask(struct vm *vm, uint64_t frames);
void vm_balloon_report(struct vm *vm, uint64_t pages);
/* What the guest says of its memory: hostile; shown, and nothing is decided by it. */
void vm_balloon_told(struct vm *vm, const struct vmk_vm_stats *stats);
/* What it said last; asks it for newer ones, once a second at most. */
void vm_balloon_stats(struct vm *vm, struct vmk_vm_stats *stats);
/*
 * Memory is short no more: VMs are asked for less and less. To be called when vm_balloon_event() is
 * signalled and at the time that it returns; 0: nobody is asked. Without locks.
 */
uint64_t vm_balloon_tend(void);
struct event *vm_balloon_event(void);
void vm_memory_usage(struct vm *vm, struct vm_usage *usage);
/* Bytes of the kernel's memory that it takes as it is now, and each vCPU's part of them: records
 * and stacks, as large as the heap made them; VMCS, registers, bitmaps; the EPT and the record of
 * its RAM. What its VMX world takes in ring 3, with its page tables, is that world's. */
struct vm_kernel_memory {
	uint64_t all, each_vcpu;
};
void vm_kernel_memory(struct vm *vm, struct vm_kernel_memory *memory);

void vm_info(const struct vm *vm, struct vmk_vm_info *info);
/* NULL beyond the last; the bytes live as long as the kernel. */
const struct vm_file *vm_file(const struct vm *vm, uint64_t index);
/* A place for guest RAM, readable and writable, in the VMX world: pages come as they are touched.
 * VMK_BAD_PARAM unless all of it is RAM. */
enum vmk_status vm_map(
	struct vm *vm, struct space *space, struct gpa gpa, uint64_t bytes, uintptr_t *address);

/* Starts vCPU 0 there. VMK_BAD_PARAM for an entry that makes no sense. */
enum vmk_status vm_start(struct vm *vm, const struct vmk_vm_entry *entry);
/* The answer to what vm_next() gave; false if nobody waits for it any more. */
bool vm_answer(struct vm *vm, const struct vmk_vm_exchange *exchange);
/* The next request; false if there is none. vm_event() is signalled when one comes. */
bool vm_next(struct vm *vm, struct vmk_vm_exchange *exchange);
struct event *vm_event(struct vm *vm);
void vm_irq(struct vm *vm, unsigned gsi, bool level);
/* VMK_BAD_PARAM for an address that is no local APIC's. */
enum vmk_status vm_message(struct vm *vm, uint64_t address, uint32_t data);
/* All vCPUs into reset state, waiting for vm_start(): nothing of what ran before touches RAM or
 * starts a vCPU any more. May wait for vCPUs to leave the guest: microseconds, at most a slice.
 * Without locks. */
void vm_reset(struct vm *vm);
/* Somebody asks the guest to stop or to reset: VMK_VM_REQUEST_STOP or _RESET; or its VMX world is
 * to look at its console: _CONSOLE. */
void vm_ask_for(struct vm *vm, enum vmk_vm_request_kind kind);

/* The VMX world whose space this is gives up pages of RAM, by guest-physical page number; what is
 * no RAM or has no frame is passed over. They come again, zeroed, when they are touched. */
void vm_give_back(struct vm *vm, struct space *space, const uint32_t *pages, unsigned count);

#endif
