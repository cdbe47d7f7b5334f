/*
 * The TXT configuration registers in words (Intel TXT Software Development Guide, appendix B).
 * Pure: decodes a copy of the public window, which begins at 0xfed30000.
 */
#ifndef TXTSTAT_REGISTERS_H
#define TXTSTAT_REGISTERS_H

#include "tboot-integration/txtstat/report.h"

/* A copy of the window's first `size` bytes; what lies beyond reads as all ones. */
struct txtregs {
	const uint8_t *bytes; /* not owned */
	size_t size;
};

/* Registers that others ask for by name; the offsets are the specification's. */
enum txtreg_offset {
	TXTREG_STS = 0x000,
	TXTREG_ESTS = 0x008,
	TXTREG_ERRORCODE = 0x030,
	TXTREG_SPAD = 0x0a0,
	TXTREG_VER_FSBIF = 0x100,
	TXTREG_DIDVID = 0x110,
	TXTREG_SINIT_BASE = 0x270,
	TXTREG_SINIT_SIZE = 0x278,
	TXTREG_HEAP_BASE = 0x300,
	TXTREG_HEAP_SIZE = 0x308,
	TXTREG_E2STS = 0x8f0,
};
#define TXTREG_STS_SENTER_DONE (1u << 0)
#define TXTREG_ESTS_RESET      (1u << 0)

uint64_t txtregs_read(const struct txtregs *regs, uint32_t offset, unsigned bytes);
/* Whether this is a TXT chipset's window at all: neither all ones nor all zero where it names
 * itself. */
bool txtregs_present(const struct txtregs *regs);
void txtregs_report(const struct report *r, const struct txtregs *regs);

#endif
