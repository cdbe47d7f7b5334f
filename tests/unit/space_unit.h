/* A user space on the machine of machine.h, for tests of mem/space.h. */
#ifndef SPACE_UNIT_H
#define SPACE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/paging.h"
#include "arch/x86/predict.h"
#include "lib/random.h"
#include "mem/gate.h"
#include "mem/heap.h"
#include "mem/window.h"
#include "tests/unit/shim/machine.h"
#include "tests/unit/shim/panic.h"

#define URW (PROT_USER | PROT_R | PROT_W)
#define UR  (PROT_USER | PROT_R)
#define URX (PROT_USER | PROT_R | PROT_X)

static struct space *user;
static uint64_t free_frames;

static int fresh(void **state)
{
	machine_start();
	free_frames = frames_count(FRAME_FREE);
	return space_create(&user) != VMK_OK;
}

static int no_leak(void **state)
{
	machine_allocations_left = UINT64_MAX;
	space_destroy(user, NULL);
	return frames_count(FRAME_FREE) != free_frames || machine_promised();
}

static inline uint64_t flags_at(struct space *space, uintptr_t address)
{
	struct ptable_leaf leaf;

	return ptable_find(&space->table, address, &leaf) ? leaf.flags : 0;
}

/* Where the kernel's half has something left, too. */
static int no_user_leak(void **state)
{
	space_destroy(user, NULL);
	return 0;
}

#endif
