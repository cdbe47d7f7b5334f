/* The parts of the launcher. */
#ifndef TXTSIM_RUN_H
#define TXTSIM_RUN_H

#include <stdio.h>

struct run_options;

/* keyhash.c: TXT.PUBLIC.KEY for a PEM key, in hexadecimal; ends the program on failure. */
void key_hash_of_file(const char *path, char hash[65]);

/* config.c: writes bochsrc, slirp.conf and the plugin directory into the workdir. */
void config_write(const struct run_options *o);

/* tpmstate.c: makes the default TPM state if absent; ends the program if there is none. */
void tpm_state_prepare(const struct run_options *o);

/* process.c: starts swtpm and Bochs, waits, cleans up; returns the exit status. */
int run_machine(const struct run_options *o);
/* Runs a program to its end, output to a file in the workdir; returns its exit status or -1. */
int run_to_end(const char *workdir, const char *log, const char *const argv[]);

/* platform.c: the PLATFORM layer of this platform, as "merlon-platform-1" JSON. */
void platform_print(FILE *to);

#endif
