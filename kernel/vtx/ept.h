/*
 * Extended page tables (SDM 3C, 29.3): guest-physical to host-physical memory of one VM. Pure:
 * tables are reached and allocated through ept_ops. The caller serializes changes of one EPT; the
 * processor reads it meanwhile, so every entry is written once and whole.
 *
 * Stale translations. A processor may use a translation until INVEPT. Making an entry allow more
 * needs none (not-present entries are never cached; a write that is refused by a stale entry faults
 * and drops it: 29.4.3.1), every change that allows less raises `generation`. A pCPU
 * runs INVEPT before it enters a VM with a generation that it has not seen; frames taken away may
 * be given to others only when every pCPU that runs the VM has seen it.
 */
#ifndef VTX_EPT_H
#define VTX_EPT_H

#include "lib/types.h"
#include <vmkapi/status.h>

#define EPT_READ    (1ull << 0)
#define EPT_WRITE   (1ull << 1)
#define EPT_EXECUTE (1ull << 2)
#define EPT_ACCESS  (EPT_READ | EPT_WRITE | EPT_EXECUTE)
/* Memory types of a leaf, bits 5:3 (SDM 29.3.7.2); the guest's PAT is heeded. */
#define EPT_UNCACHED   (0ull << 3)
#define EPT_WRITE_BACK (6ull << 3)
#define EPT_TYPE       (7ull << 3)
#define EPT_LARGE      (1ull << 7)
#define EPT_ACCESSED   (1ull << 8)
#define EPT_DIRTY      (1ull << 9)
/* Guest-physical addresses that four levels reach. */
#define EPT_GPA_BITS 48

enum ept_shift { EPT_4K = 12, EPT_2M = 21, EPT_1G = 30 };

struct ept_ops {
	uint64_t *(*table)(void *context, struct hpa address);           /* 512 entries */
	enum vmk_status (*allocate)(void *context, struct hpa *address); /* zeroed */
	void (*free)(void *context, struct hpa address);
	/* Is this the VM's memory for that place, all of these bytes? The isolation of guests: no
	 * leaf is ever written without this. */
	bool (*owned)(void *context, struct gpa gpa, struct hpa address, uint64_t bytes);
};

struct ept {
	const struct ept_ops *ops;
	void *context;
	struct hpa root;
	struct hpa retired; /* tables taken out, waiting for INVEPT; 0: none */
	uint64_t generation;
	/* Where a page was mapped last, / 2 MiB, and the table there: pages mostly come one after
	 * the other. */
	uint64_t near_at, *near;
	uint64_t tables;        /* allocated, root included */
	enum ept_shift largest; /* that the processor can map */
	bool accessed_dirty;    /* the processor sets EPT_ACCESSED and EPT_DIRTY */
};

struct ept_leaf {
	struct gpa gpa; /* of the leaf's start */
	uint64_t entry;
	enum ept_shift shift;
};

/* `capability`: EPT_CAP_* of vtx_controls. VMK_NO_MEMORY. */
enum vmk_status ept_init(
	struct ept *ept, const struct ept_ops *ops, void *context, uint64_t capability);
/* Frees all tables; what they mapped is the caller's. No pCPU may run the VM. */
void ept_destroy(struct ept *ept);
/* The value for the VMCS and for INVEPT. */
uint64_t ept_pointer(const struct ept *ept);

/*
 * Map [gpa, gpa + bytes) to consecutive memory from `to` on, with the largest pages that fit. All
 * three are multiples of 4 KiB. `flags`: EPT_READ with or without the other accesses, and a memory
 * type. VMK_EXISTS if any of it is mapped, VMK_DENIED if the memory is not the VM's, VMK_BAD_PARAM,
 * VMK_NO_MEMORY: nothing has changed then.
 */
enum vmk_status ept_map(
	struct ept *ept, struct gpa gpa, struct hpa to, uint64_t bytes, uint64_t flags);
/*
 * Take away all mappings in the range; large pages that only partly lie in it are split. Places
 * that are not mapped are passed over. VMK_NO_MEMORY: nothing has changed.
 */
enum vmk_status ept_unmap(struct ept *ept, struct gpa gpa, uint64_t bytes);
/* Frees the tables that had been taken out when the generation was `seen`, for which every pCPU has
 * run INVEPT, or never ran the VM. What others have taken out since stays. */
void ept_reclaim(struct ept *ept, uint64_t seen);
/* Give every page of the range these accesses, keeping frame and memory type. VMK_NOT_FOUND if a
 * part is not mapped, VMK_NO_MEMORY: nothing has changed. */
enum vmk_status ept_protect(struct ept *ept, struct gpa gpa, uint64_t bytes, uint64_t access);
/* The leaf that maps `gpa`; false if there is none. */
bool ept_find(const struct ept *ept, struct gpa gpa, struct ept_leaf *leaf);
/* The host address of `gpa` with at least this access, for `*bytes` from there on at least. */
bool ept_translate(
	const struct ept *ept, struct gpa gpa, uint64_t access, struct hpa *to, uint64_t *bytes);
/* Every leaf in ascending order; stops when `visit` gives false, and then returns false. */
bool ept_walk(const struct ept *ept, bool (*visit)(void *context, const struct ept_leaf *leaf),
	void *context);
/* The same for the leaves that end behind `from`. */
bool ept_walk_from(const struct ept *ept, struct gpa from,
	bool (*visit)(void *context, const struct ept_leaf *leaf), void *context);
/*
 * The oracle: every leaf maps memory that is owned, with valid bits, and tables are counted right.
 * False with *bad set to the first leaf that is not in order.
 */
bool ept_check(const struct ept *ept, struct ept_leaf *bad);

#endif
