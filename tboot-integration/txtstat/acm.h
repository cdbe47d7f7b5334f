/*
 * Authenticated code modules (SINIT and its kin) in words: header and information table (Intel TXT
 * Software Development Guide, appendix A). Pure; checks no signature, which only the processor can.
 */
#ifndef TXTSTAT_ACM_H
#define TXTSTAT_ACM_H

#include "tboot-integration/txtstat/report.h"

/* Says everything that can be read of the module. */
void acmstat_report(const struct report *r, const void *acm, size_t size);

/*
 * Whether a file can be what a loader passes to GETSEC[SENTER]: a SINIT of Intel's, whole, with a
 * chipset list. NULL if so, else what is wrong, in static text.
 */
const char *acmstat_not_sinit(const void *acm, size_t size);

/* A chipset as TXT.DIDVID names it. */
struct acmstat_chipset {
	uint16_t vendor, device, revision;
};
/* Whether the module's chipset list has it. */
bool acmstat_fits(const void *acm, size_t size, const struct acmstat_chipset *chipset);

#endif
