/*
 * com1.times: each line that the guest writes to COM1, with simulated and wall time.
 * tpm.times: each command to the TPM: simulated and wall time, the instructions that all CPUs have
 * executed, locality, command code and response code.
 */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tboot-integration/txtsim/bochs/bochs_abi.h"
#include "tboot-integration/txtsim/bochs/plugin.h"

#define LINE_MAX_BYTES 200u
#define DUMPS_MAX      8u

static FILE *file, *tpm_file;
static bool dumps;
static regex_t dump_at;
static unsigned dumped;
static double wall_start, line_simulated, line_wall;
static char line[LINE_MAX_BYTES + 1];
static unsigned length;

static double wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static FILE *open_times(const char *variable)
{
	const char *path = getenv(variable);
	FILE *opened;

	if (!path)
		return NULL;
	opened = fopen(path, "w");
	if (!opened)
		edge_die("cannot write %s", path);
	return opened;
}

void stamp_init(void)
{
	wall_start = wall();
	file = open_times("TXTSIM_TIMES");
	tpm_file = open_times("TXTSIM_TPM_TIMES");
	dumps = getenv("TXTSIM_DUMP_AT") != NULL;
	if (dumps && regcomp(&dump_at, getenv("TXTSIM_DUMP_AT"), REG_EXTENDED | REG_NOSUB) != 0)
		edge_die("--dump-at wants an extended regular expression");
}

static void dump_if_asked(void)
{
	char path[32];

	if (!dumps || dumped == DUMPS_MAX || regexec(&dump_at, line, 0, NULL, 0) != 0)
		return;
	snprintf(path, sizeof(path), "memory.%u", ++dumped);
	memory_dump(path);
	edge_log("%s: RAM, with CR3=%#llx, when COM1 said: %s", path,
		(unsigned long long)cpu_host_cr3(), line);
}

void stamp_tpm(unsigned locality, uint32_t command, uint32_t response)
{
	if (!tpm_file)
		return;
	fprintf(tpm_file, "%11.6f %9.3f %llu %u %#05x %#05x\n",
		(double)bx_time_usec(bx_pc_system) / 1e6, wall() - wall_start,
		(unsigned long long)cpu_instructions(), locality, command, response);
	fflush(tpm_file);
}

void stamp_byte(uint8_t byte)
{
	if (!file)
		return;
	if (byte == '\n') {
		line[length] = 0;
		fprintf(file, "%11.6f %9.3f %s\n", line_simulated, line_wall, line);
		fflush(file);
		vmx_count_line(line);
		dump_if_asked();
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
