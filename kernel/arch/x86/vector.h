/*
 * A few instructions with the vector registers of whom the kernel interrupted. The kernel's own
 * code never holds anything in them, and whoever owns them (a user world, a guest) finds them as
 * they were.
 */
#ifndef ARCH_VECTOR_H
#define ARCH_VECTOR_H

#include <stdint.h>

/* XMM0 to XMM10: what the SHA-256 code uses (SysV ABI: nothing of it is preserved for its caller).
 */
struct vector_registers {
	uint8_t xmm[11][16];
};

/* Between the two, XMM0 to XMM10 are free to use, and interrupts are off; microseconds at most. */
uint64_t vector_begin(struct vector_registers *saved);
/* `interrupts` is what vector_begin() returned. */
void vector_end(const struct vector_registers *saved, uint64_t interrupts);

#endif
