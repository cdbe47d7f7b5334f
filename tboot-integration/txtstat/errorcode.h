/*
 * TXT.ERRORCODE taken apart (Intel TXT Software Development Guide, B.1.3 and appendix H). Pure.
 *
 * Bit 31 valid; bit 30 clear: a processor code in 29:0. Set: bit 15 clear: from an authenticated
 * code module, 3:0 its type, 9:4 class, 14:10 major, 27:16 minor; bit 15 set: from the launched
 * software, 14:0 and 29:16 as it likes.
 */
#ifndef TXTSTAT_ERRORCODE_H
#define TXTSTAT_ERRORCODE_H

#include "tboot-integration/txtstat/report.h"

enum txterr_source { TXTERR_NONE, TXTERR_PROCESSOR, TXTERR_ACM, TXTERR_SOFTWARE };

struct txterr {
	uint32_t value;
	enum txterr_source source;
	bool failed;                  /* false for success and progress marks */
	uint32_t type;                /* processor code, or the module's type */
	uint32_t class, major, minor; /* of a module, or the two halves of a software code */
	const char *origin;           /* "processor", "SINIT", ... */
	const char *symbol, *cause;   /* static text, never NULL */
	const char *detail;           /* the major code in words, NULL when it has none */
	const char *remedy;           /* static text, never NULL */
};

/* Never fails: what is not in the tables is said to be unknown. */
struct txterr txterr_decode(uint32_t value);
void txterr_report(const struct report *r, const char *name, uint32_t value);
/* Everything that the tables hold. */
void txterr_report_table(const struct report *r);

#endif
