/* Host memory in 4 KiB frames: who owns what. Frames are zeroed before reuse. Thread-safe. */
#ifndef MEM_FRAMES_H
#define MEM_FRAMES_H

#include "lib/types.h"
#include <vmkapi/status.h>

struct boot_info;

enum frame_owner {
	FRAME_FREE,
	FRAME_KERNEL,
	FRAME_HEAP,
	FRAME_PTABLE,
	FRAME_USER, /* of user worlds, and what they execute */
	FRAME_USER_TEXT,
	FRAME_DMA,
	FRAME_MODULE, /* of driver modules, and what they execute */
	FRAME_MODULE_TEXT,
	FRAME_SHADOW, /* ring 0's shadow stacks */
	FRAME_VM,     /* guest RAM */
	FRAME_VTX,    /* what the processor keeps of VMs: VMCS, EPT, bitmaps */
	FRAME_RESERVED,
	FRAME_OWNERS
};

void frames_init(const struct boot_info *info);
/* 2^order contiguous zeroed frames, naturally aligned. VMK_NO_MEMORY leaves *frame alone. */
enum vmk_status frames_alloc(unsigned order, enum frame_owner owner, struct pfn *frame);
/* The same below 4 GiB, for devices that address 32 bits. */
enum vmk_status frames_alloc_low(unsigned order, enum frame_owner owner, struct pfn *frame);
/* The frames are zeroed before they can be allocated again. */
void frames_free(struct pfn frame, unsigned order);
enum frame_owner frames_owner(struct pfn frame);
/* Does any of them belong to user worlds, driver modules or VMs, or is a shadow stack? The direct
 * map has none of these. */
bool frames_any_private(struct pfn first, uint64_t count);
uint64_t frames_count(enum frame_owner owner);
/* To the log: what is in use, by owner, in KiB, and what is out of the direct map. */
void frames_log_usage(void);

/* Direct map of RAM: kernel address of a physical address in usable memory, boot modules or ACPI
 * tables; not of private frames (frame_pool.h), which only window.h reaches. */
void *direct_map(struct hpa address);
/* The reverse; panics for an address outside the direct map. */
struct hpa direct_map_hpa(const void *address);

#endif
