/*
 * The machine below a VM's RAM (kernel/vmkvm/memory.h): frames out of a real pool, what they hold,
 * the VMX world's space, and memory that runs out when it is told to. At each point where no lock
 * is held, and while a vCPU forgets what it had mapped, somebody else may come in.
 */
#ifndef MODELS_RAM_MACHINE_H
#define MODELS_RAM_MACHINE_H

#include "mem/frame_pool.h"
#include "mem/space.h"

#define RAM_MACHINE_FRAMES 4096u
#define RAM_MACHINE_PAGES  1544u /* of RAM, that the world's space can show */
#define RAM_MACHINE_VIEW   0x10000000ull

struct ram_machine {
	struct frame_pool pool;
	uint8_t content[RAM_MACHINE_FRAMES]; /* of RAM frames: the byte that was written last */
	/* What the world has mapped: frames, 0: nothing. */
	uint16_t shown[RAM_MACHINE_PAGES];
	space_filler fill;
	unsigned allocations; /* that fail next */
	unsigned tables;      /* bit n: table n from now on does not come */
	unsigned refused;     /* so many allocations failed as they were told to */
	bool heap, promise, space, view_tables; /* fails */
	uint64_t reserved;                      /* bytes of the world's space */
	uint64_t view_promised;                 /* frames for the world's tables */
	/* What vCPUs have forgotten: a generation of the EPT, and how often they have. */
	uint64_t forgotten;
	unsigned flushes;
	/* The target's, all but `written` may be called with or without locks. */
	void (*loose)(void); /* nobody has a lock here */
	void (*freeing)(struct pfn frame, unsigned order);
	void (*allocated)(struct pfn first, unsigned order);
	void (*written)(struct hpa to, const void *from, size_t bytes);
};
extern struct ram_machine ram_machine;

/* All frames but the first are free, nothing is mapped, nothing fails. The hooks stay. */
void ram_machine_start(void);
/* The VMX world's space. */
struct space *ram_machine_space(void);

#endif
