/*
 * The kernel around user worlds, simulated: one address space of pages in host memory, a clock that
 * tests set, a port with a few frames, logs. Built instead of mem/, sched/, trust/, vmknet/.
 */
#ifndef TESTS_SHIM_WORLD_KERNEL_H
#define TESTS_SHIM_WORLD_KERNEL_H

#include <setjmp.h>

#include "mem/space.h"
#include "vmkuser/call.h"
#include <vmkuser/info.h>

#define SIM_PAGES_MAX 2048u

struct sim_page {
	uintptr_t address; /* 0: free */
	bool mapped;       /* false: reserved */
	unsigned prot;
	uint8_t *data; /* elsewhere, so that addresses lie close together */
};
struct space {
	struct sim_page pages[SIM_PAGES_MAX];
	unsigned pages_used; /* the first so many; the others are free */
	uintptr_t next;      /* where the next allocation goes */
	uint64_t mapped;     /* pages */
	uint64_t most_freed; /* of these in one go */
	size_t most_mapped;  /* bytes, in one go */
	unsigned each_table; /* pages that one page table has; 0: tables are not counted */
};

struct sim {
	struct space space;
	uint64_t now_ns;
	uint64_t tls;
	uint64_t cet_flags;                   /* what the CPU has */
	unsigned pages_left;                  /* that space_alloc_at() has to give */
	uint64_t frames_free;                 /* of the machine */
	uint64_t promised, promised_most;     /* of these, now; while something was mapped */
	unsigned frames_waiting, frame_bytes; /* of the port */
	unsigned frames_sent;
	enum vmk_status send_status; /* of port_send() */
	struct vmk_port_address port_address;
	unsigned waits; /* calls of event_wait_any() */
	unsigned gaps;  /* in which others had the CPU */
	unsigned looks; /* for which the supervisor was asked */
	enum vmk_status wait_result;
	enum vmk_status refusal; /* of trust and settings, unless it is VMK_OK */
	const char *config;
	unsigned typed;   /* bytes that the console has */
	uint64_t written; /* to the console */
	enum vmk_stored enable_tboot;
	enum vmk_console console;
	unsigned left;   /* enum power_action + 1, once power_leave() was called */
	jmp_buf leaving; /* where it comes out */
	unsigned log_lines;
	char log[512], log_before[512]; /* the last line, and that before it */
};
extern struct sim sim;

void sim_reset(void);
/* A world with all handles, every call granted, and one page mapped for its buffers. */
void sim_world(struct uworld *u);
struct sim_page *sim_page_at(struct space *space, uintptr_t address);

#endif
