/* What `txtsim run` was asked to do. */
#ifndef TXTSIM_OPTIONS_H
#define TXTSIM_OPTIONS_H

#include <limits.h>
#include <stdbool.h>

#define FORWARDS_MAX   8
#define BOCHS_ARGS_MAX 8

struct forward {
	bool tcp;
	unsigned host_port;
	unsigned guest_port;
};

struct run_options {
	char iso[PATH_MAX];       /* absolute */
	char workdir[PATH_MAX];   /* absolute, created if absent */
	char tpm_state[PATH_MAX]; /* absolute */
	bool tpm_state_given;
	char serial[PATH_MAX]; /* COM1's file: absolute */
	bool serial_to_stdout; /* also copy it to standard output */
	char plugin[PATH_MAX];
	char key_hash[65]; /* of the key that signs SINIT, in hexadecimal */
	const char *tpm_mode;
	const char *model;
	const char *seed;  /* NULL: real random numbers and the real time */
	const char *until; /* stop once the serial output has this text, NULL: run on */
	unsigned smp;
	unsigned memory_mb;
	unsigned timeout_s; /* 0: none */
	bool txt;
	bool trace;
	bool no_reboot;
	bool net;
	struct forward forward[FORWARDS_MAX];
	unsigned forwards;
	const char *bochs_arg[BOCHS_ARGS_MAX];
	unsigned bochs_args;
};

/* Ends the program with a message and status 1. */
__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *format, ...);

extern const char run_usage[];
/* argv[0] is "run". Checks everything that can be checked without starting anything. */
void options_parse(struct run_options *o, int argc, char **argv);

#endif
