/* A world that makes system calls, for tests of vmkuser's. */
#ifndef SYSCALL_UNIT_H
#define SYSCALL_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/shim/world_kernel.h"

static struct uworld world;
static uint64_t value;
static uintptr_t buffer; /* two writable pages; the ones around are not mapped */

static enum vmk_status call(
	uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	const uint64_t args[6] = {a, b, c, d, e, 0};

	value = 0;
	return call_make(&world, number, args, &value);
}

static int setup(void **state)
{
	sim_reset();
	sim_world(&world);
	assert_int_equal(
		call(VMK_SYS_MAP, 2 * PAGE_SIZE, VMK_PROT_READ | VMK_PROT_WRITE, 0, 0, 0), VMK_OK);
	buffer = value;
	return 0;
}

#endif
