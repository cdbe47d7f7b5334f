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

/* Where they are taken from: what the direct map has, and what it has not. Which owners' frames are
 * private: frame_owner_side() in frame_pool.h. */
enum frame_side { FRAME_DIRECT, FRAME_PRIVATE, FRAME_SIDES };

/* Why a promise was refused; frames. */
struct frame_shortage {
	enum frame_side side;
	uint64_t needed, available;
};

void frames_init(const struct boot_info *info);
/* 2^order contiguous zeroed frames, naturally aligned. VMK_NO_MEMORY leaves *frame alone. */
enum vmk_status frames_alloc(unsigned order, enum frame_owner owner, struct pfn *frame);
/* The same below 4 GiB, for devices that address 32 bits. */
enum vmk_status frames_alloc_low(unsigned order, enum frame_owner owner, struct pfn *frame);
/*
 * Promises: that many frames of a side stay free for whoever was promised them, however much others
 * ask for and whichever side they take it from: a single frame out of a promise is never refused.
 * Larger blocks may be. VMK_NO_MEMORY, and why if that is wanted, unless that many are there with
 * `keep` more on that side, and `keep` or no fewer than before on the other.
 */
enum vmk_status frames_promise(
	enum frame_side side, uint64_t frames, uint64_t keep, struct frame_shortage *shortage);
void frames_unpromise(enum frame_side side, uint64_t frames);
/* The largest promise that would not be refused now. */
uint64_t frames_spare(enum frame_side side, uint64_t keep);
/* As frames_alloc(), with `promised` of the frames out of what the caller was promised on their
 * side, which is that much less then; and back: at most as many as are freed. */
enum vmk_status frames_alloc_promised(
	unsigned order, enum frame_owner owner, uint64_t promised, struct pfn *frame);
void frames_free_promised(struct pfn frame, unsigned order, uint64_t promise);
/* An allocated block becomes single frames, each to be freed on its own. */
void frames_split(struct pfn frame, unsigned order);
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
