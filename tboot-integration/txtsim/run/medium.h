/* The boot medium that `txtsim run --mle` makes: GRUB, tboot, what it launches, SINIT. */
#ifndef TXTSIM_MEDIUM_H
#define TXTSIM_MEDIUM_H

#define MEDIUM_MODULES_MAX 16

struct run_options;

/* FILE is a path; what follows its first comma is the command line. */
struct medium {
	const char *mle;                        /* FILE[,cmdline]; NULL: no medium is made */
	const char *module[MEDIUM_MODULES_MAX]; /* FILE[,cmdline] */
	unsigned modules;
	const char *tboot;      /* FILE, "none" or NULL: the installation, else /boot/tboot.gz */
	const char *tboot_args; /* measured: part of the MLE's identity */
	const char *sinit;      /* FILE, "none" or NULL: the installation's stand-in */
};

/* Ends the program if there are too many. */
void medium_add_module(struct medium *m, const char *value);
/* Writes boot.iso into the workdir and makes it o->iso; ends the program on failure. */
void medium_write(struct run_options *o);

#endif
