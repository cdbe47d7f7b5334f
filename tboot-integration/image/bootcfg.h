/*
 * boot.cfg in the grammar that ESXi's administrators know: one key=value a line, # comments,
 * modules separated by " --- ", options after each name. Pure; the one source of what is booted,
 * for the image builder and for the predictor.
 */
#ifndef IMAGE_BOOTCFG_H
#define IMAGE_BOOTCFG_H

#include <stdbool.h>
#include <stddef.h>
#include <vmkapi/status.h>

#define BOOTCFG_NAME_MAX    64
#define BOOTCFG_TEXT_MAX    256
#define BOOTCFG_OPTIONS_MAX 512
#define BOOTCFG_MODULES_MAX 64

struct bootcfg_module {
	char name[BOOTCFG_NAME_MAX];       /* file, below `prefix` */
	char options[BOOTCFG_OPTIONS_MAX]; /* what follows it; may be empty */
};
struct bootcfg {
	unsigned bootstate; /* 0 valid, 1 upgrading, 2 dirty, 3 invalid */
	unsigned timeout;   /* seconds that the menu waits */
	unsigned updated;   /* the bank with the highest number wins */
	bool enable_tboot;  /* enableTboot: launch through tboot; off unless set */
	char title[BOOTCFG_TEXT_MAX], prefix[BOOTCFG_TEXT_MAX], build[BOOTCFG_NAME_MAX];
	struct bootcfg_module kernel; /* kernel= and kernelopt= */
	unsigned module_count;
	struct bootcfg_module modules[BOOTCFG_MODULES_MAX];
};
struct bootcfg_error {
	unsigned line;    /* from 1; 0: the file as a whole */
	const char *what; /* static text */
};

/* Everything is checked: unknown or repeated keys, numbers out of range, names with slashes or
 * "..". */
enum vmk_status bootcfg_parse(
	const char *text, size_t size, struct bootcfg *config, struct bootcfg_error *error);
/* The command line that the loader hands to a module: its name, then its options. */
void bootcfg_module_cmdline(const struct bootcfg_module *module, char *to, size_t size);

#endif
