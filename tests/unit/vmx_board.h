/* A board with a host that notes what is asked of it, for tests of its devices: one a program. */
#ifndef TESTS_UNIT_VMX_BOARD_H
#define TESTS_UNIT_VMX_BOARD_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include "tests/unit/vmx_host.h"
#include "worlds/vmx/board.h"

static struct board board;
static uint8_t memory[1 << 20];

static inline int set_up(void **state)
{
	const struct board_config config = {
		.host = vmx_host,
		.memory = {.low = memory, .low_bytes = sizeof(memory)},
		.mac = {2, 0, 0, 0, 0, 1},
		.mtu = 1500,
	};

	memset(&vmx_seen, 0, sizeof(vmx_seen));
	assert_true(board_init(&board, &config));
	return 0;
}

static inline void out(uint64_t port, uint64_t value)
{
	board_write(&board, true, port, 1, value);
}
static inline uint8_t in(uint64_t port)
{
	return (uint8_t)board_read(&board, true, port, 1);
}

#endif
