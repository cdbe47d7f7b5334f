/* What `txtsim run` was asked to do. */
#ifndef TXTSIM_OPTIONS_H
#define TXTSIM_OPTIONS_H

#include <limits.h>
#include <stdbool.h>

#include "tboot-integration/txtsim/run/medium.h"

#define FORWARDS_MAX    8
#define BOCHS_ARGS_MAX  8
#define QEMU_ARGS_MAX   16

#define REBOOTS_ENDLESS UINT_MAX

enum emulator { EMULATOR_BOCHS, EMULATOR_QEMU };

struct forward {
	bool tcp;
	unsigned host_port;
	unsigned guest_port;
};

struct run_options {
	enum emulator emulator;
	char iso[PATH_MAX];       /* absolute */
	struct medium medium;     /* what it is made of, unless it was given */
	char workdir[PATH_MAX];   /* absolute, created if absent */
	char tpm_state[PATH_MAX]; /* absolute */
	bool tpm_state_given;
	char serial[PATH_MAX];    /* COM1's file: absolute */
	bool serial_to_stdout;    /* also copy it to standard output */
	char serial_in[PATH_MAX]; /* a fifo whose bytes COM1 receives, "-" or empty */
	char plugin[PATH_MAX];
	char key_hash[65]; /* of the key that signs SINIT, in hexadecimal */
	const char *tpm_mode;
	const char *model;
	const char *seed;    /* NULL: real random numbers and the real time */
	const char *until;   /* stop once the serial output has this text, NULL: run on */
	const char *dump_at; /* a regular expression, NULL: no dump of RAM */
	bool count_vmx;
	unsigned smp;
	unsigned memory_mb;
	unsigned timeout_s; /* 0: none */
	bool txt;
	bool trace;
	const char *inject; /* names of faults, checked; "" for none */
	bool json;          /* --inject help as JSON */
	unsigned reboots;   /* platform resets that stay inside the run */
	bool net;
	struct forward forward[FORWARDS_MAX];
	unsigned forwards;
	const char *bochs_arg[BOCHS_ARGS_MAX];
	unsigned bochs_args;
	/* QEMU alone */
	bool uefi;
	const char *nic;
	const char *tpm_interface; /* tis or crb */
	const char *qemu_arg[QEMU_ARGS_MAX];
	unsigned qemu_args;
};

/* Ends the program with a message and status 1. */
__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *format, ...);

/* A file of the installation: relative to the directory above this program's. */
void beside(char to[PATH_MAX], const char *relative);
/* A file of the workdir; ends the program if the path is too long. */
void workdir_path(char to[PATH_MAX], const struct run_options *o, const char *name);

extern const char run_usage[];
/* argv[0] is "run". Checks everything that can be checked without starting anything. */
void options_parse(struct run_options *o, int argc, char **argv);

#endif
