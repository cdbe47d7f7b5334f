/* Where Intel TXT's registers and heap lie: MLE Developer's Guide, appendices B.1 and C. */
#ifndef TRUST_TXTSPACE_H
#define TRUST_TXTSPACE_H

#include "lib/types.h"

/* Public configuration space; of its 64 KiB all registers are in the first page. */
#define TXT_PUBLIC    0xfed30000ul
#define TXT_BYTES     0x1000u
#define TXT_STS       0x000u
#define TXT_ESTS      0x008u
#define TXT_ERRORCODE 0x030u
#define TXT_DIDVID    0x110u
#define TXT_HEAP_BASE 0x300u
#define TXT_HEAP_SIZE 0x308u
#define TXT_E2STS     0x8f0u

/* The heap lies below 4 GiB; real ones have about 1 MiB. */
#define HEAP_BYTES_MAX (8ul << 20)

/* tboot reads these registers as two halves too: not every chipset takes 64 bits at once. */
static inline uint64_t txt_read(volatile void *txt, uint32_t offset)
{
	volatile uint32_t *reg = (volatile uint32_t *)((volatile uint8_t *)txt + offset);
	uint64_t low = reg[0];

	return low | (uint64_t)reg[1] << 32;
}

/* Whether what the registers say of the heap can be: base and size in bytes. */
static inline bool txt_heap_possible(uint64_t base, uint64_t bytes)
{
	return base && bytes && base % PAGE_SIZE == 0 && bytes % PAGE_SIZE == 0 &&
	       bytes <= HEAP_BYTES_MAX && base <= UINT32_MAX - bytes;
}

#endif
