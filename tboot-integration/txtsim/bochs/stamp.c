/* com1.times: each line that the guest writes to COM1, with simulated and wall time. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tboot-integration/txtsim/bochs/bochs_abi.h"
#include "tboot-integration/txtsim/bochs/plugin.h"

#define LINE_MAX_BYTES 200u

static FILE *file;
static double wall_start, line_simulated, line_wall;
static char line[LINE_MAX_BYTES + 1];
static unsigned length;

static double wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void stamp_init(void)
{
	const char *path = getenv("TXTSIM_TIMES");

	wall_start = wall();
	if (!path)
		return;
	file = fopen(path, "w");
	if (!file)
		edge_die("cannot write %s", path);
}

void stamp_byte(uint8_t byte)
{
	if (!file)
		return;
	if (byte == '\n') {
		line[length] = 0;
		fprintf(file, "%11.6f %9.3f %s\n", line_simulated, line_wall, line);
		fflush(file);
		length = 0;
		return;
	}
	/* Also what reaches the divisor latch through the same port. */
	if (byte < ' ' || byte > '~')
		return;
	if (length == 0) {
		line_simulated = (double)bx_time_usec(bx_pc_system) / 1e6;
		line_wall = wall() - wall_start;
	}
	if (length < LINE_MAX_BYTES)
		line[length++] = (char)byte;
}
