/* Writes the loader's menu from boot.cfg. Pure. */
#ifndef IMAGE_GRUBCFG_H
#define IMAGE_GRUBCFG_H

#include "tboot-integration/image/bootcfg.h"

struct grubcfg_launch {
	const char *tboot;      /* tboot's file below `prefix`, NULL: there is none on the image */
	const char *tboot_args; /* tboot's command line: measured, so a constant of the release */
	const char *sinit; /* the SINIT module's file below `prefix`, NULL: the platform's own */
	const char *lcp;   /* the owner's policy data file below `prefix`, NULL: none */
};

/*
 * Writes a zero-terminated grub.cfg; VMK_TOO_LARGE when it does not fit. With tboot the menu has
 * both entries, launched by tboot and not, and enableTboot of boot.cfg, or what the system stored
 * in the clock's memory, chooses. Without tboot there is the plain entry alone, and enableTboot=1
 * is VMK_BAD_PARAM.
 */
enum vmk_status grubcfg_write(
	const struct bootcfg *config, const struct grubcfg_launch *launch, char *to, size_t size);

#endif
