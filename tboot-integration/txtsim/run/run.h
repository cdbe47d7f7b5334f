/* The parts of the launcher. */
#ifndef TXTSIM_RUN_H
#define TXTSIM_RUN_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct run_options;

enum run_status {
	RUN_DONE = 0, /* powered off, or --until met */
	RUN_CANNOT_START = 1,
	RUN_REFUSED = 3,
	RUN_CRASHED = 4,
	RUN_RESET = 5, /* one more than --reboots */
	RUN_TIMEOUT = 124,
	RUN_SIGNALLED = 128, /* plus the signal's number */
};

/* keyhash.c: TXT.PUBLIC.KEY for a PEM key, in hexadecimal; ends the program on failure. */
void key_hash_of_file(const char *path, char hash[65]);
/* The same for the key that a SINIT module carries. */
void key_hash_of_sinit(const char *path, char hash[65]);

/* config.c: writes bochsrc, slirp.conf and the plugin directory into the workdir. */
void config_write(const struct run_options *o, unsigned com1_port);

/* tpmstate.c: makes the default TPM state if absent; ends the program if there is none. */
void tpm_state_prepare(const struct run_options *o);
/* Starts swtpm, whose control socket is then swtpm.sock in the workdir. */
pid_t tpm_start(const struct run_options *o);

/* bochs.c: runs a machine in Bochs to its end; returns enum run_status. */
int bochs_run(const struct run_options *o);

/* inject.c: ends the program unless all of o->inject are faults that can be shown there. */
void inject_check(const struct run_options *o);
/* Lists the faults on standard output. */
void inject_print(bool json);

/* platform.c: the PLATFORM layer of this platform, as "merlon-platform-1" JSON. */
void platform_print(FILE *to);

#endif
