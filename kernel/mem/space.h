/*
 * Address spaces: the kernel's own half, shared by all, and one user half for each user world.
 * No mapping is ever writable and executable at once; space_protect() never
 * makes executable what was not: executable pages come from space_alloc_at() and are filled with
 * space_write().
 */
#ifndef MEM_SPACE_H
#define MEM_SPACE_H

#include "lib/types.h"
#include <vmkapi/status.h>

enum { PROT_R = 1, PROT_W = 2, PROT_X = 4, PROT_USER = 8, PROT_UNCACHED = 16 };
/* With PROT_R, and PROT_USER in a user space: a shadow stack, which only calls write (SDM 3A,
 * 4.6.1). */
#define PROT_SHADOW 32

struct space; /* opaque; kernel_space() or one per user world */

void space_init(void); /* builds the kernel's final page tables and switches to them */
/* Make what was written only while booting read-only; after it nobody may write SEALED data. */
void space_seal(void);
/* No page of text, constants or what space_seal() sealed can be written. */
bool space_sealed(void);
struct space *kernel_space(void);
/* Where something of the kernel's image lies in memory. */
struct hpa space_image_hpa(const void *address);
enum vmk_status space_create(struct space **space);
/* Frees every frame that it owns, in pieces of at most 512, between which it calls `give_way`
 * without locks (NULL: nothing). Nobody runs in it. */
void space_destroy(struct space *space, void (*give_way)(void));
void space_activate(struct space *space); /* load CR3 on this CPU */
/* Of a user space: a number that no other ever had, for speculation_enter_domain(). */
uint64_t space_domain(const struct space *space);

/* Of a user space: its page tables, in frames, without the root and without those that were
 * promised to it. */
uint64_t space_tables(struct space *space);
/* How many tables a range of so many bytes needs at most. */
uint64_t space_tables_for(size_t bytes);
/* So many tables more are promised to it until its end (frames.h): mappings in that range do not
 * fail for want of them. Of these `given` frames were promised to the caller, and are not any more.
 * VMK_NO_MEMORY: nothing has changed. */
enum vmk_status space_promise_tables(struct space *space, size_t bytes, uint64_t given);

/* Fresh zeroed frames at a random page-aligned address with guard pages around, in a user space
 * among its stacks. W with X is refused. */
enum vmk_status space_alloc(struct space *space, size_t bytes, unsigned prot, uintptr_t *address);
/* The same at a given address; VMK_EXISTS if something is there. */
enum vmk_status space_alloc_at(struct space *space, uintptr_t address, size_t bytes, unsigned prot);
enum vmk_status space_free(struct space *space, uintptr_t address, size_t bytes);
/* Change protection of whole pages that are mapped; W with X is refused, and so is W for pages that
 * were mapped to be executed. TLBs of all CPUs are flushed. */
enum vmk_status space_protect(struct space *space, uintptr_t address, size_t bytes, unsigned prot);
/* A random, free, page-aligned range with guard pages, not yet mapped; in a user space among its
 * mappings. VMK_NO_PLACE, VMK_NO_MEMORY. */
enum vmk_status space_reserve(struct space *space, size_t bytes, uintptr_t *address);
/* The same for a program, whose place tells nothing of where its mappings and stacks are. */
enum vmk_status space_reserve_image(struct space *space, size_t bytes, uintptr_t *address);
/* The same in a user space, for frames that are not its own, in a window of SPACE_FOREIGN_BYTES
 * that has nothing else, so that there is room for a VM's RAM whatever its VMX world has mapped. */
enum vmk_status space_reserve_foreign(struct space *space, size_t bytes, uintptr_t *address);
/* The most that this finds a place for, in one piece. */
size_t space_foreign_room(struct space *space);
#define SPACE_FOREIGN_BYTES (64ull << 30)
/* Map frames that are not the space's into such a range of a user space, readable and
 * writable. They are not freed with the mapping: the owner outlives it. */
enum vmk_status space_map_foreign(
	struct space *space, uintptr_t address, struct hpa from, size_t bytes);
/* Nothing is mapped there any more, on any CPU, but the range stays reserved. VMK_NOT_FOUND. */
enum vmk_status space_unmap_foreign(struct space *space, uintptr_t address, size_t bytes);
/*
 * Pages of a user space that come when they are touched, by its world or by a copy on its behalf:
 * `fill` maps what belongs at an address where nothing is; false: nothing does. Called without
 * locks; `context` lives as long as the space.
 */
typedef bool (*space_filler)(void *context, struct space *space, uintptr_t address);
void space_set_filler(struct space *space, space_filler fill, void *context);
bool space_fill(struct space *space, uintptr_t address);
/* Map device registers (not RAM) into the kernel, uncached, never executable. */
enum vmk_status space_map_device(struct hpa address, size_t bytes, volatile void **mapped);
/* The same without the pages that hold any of [hole, hole + hole_bytes), offsets from `address`:
 * touching those faults. */
enum vmk_status space_map_device_without(
	struct hpa address, size_t bytes, size_t hole, size_t hole_bytes, volatile void **mapped);
void space_unmap_device(volatile void *mapped, size_t bytes);

/* Copy between the kernel and a user address of `space`; VMK_BAD_ADDRESS if any byte is not a user
 * mapping with that right. */
enum vmk_status space_copy_in(struct space *space, void *to, uintptr_t from, size_t bytes);
enum vmk_status space_copy_out(struct space *space, uintptr_t to, const void *from, size_t bytes);
/* Loader's copy: writes whatever the protection of the target pages is. */
enum vmk_status space_write(struct space *space, uintptr_t to, const void *from, size_t bytes);

#endif
