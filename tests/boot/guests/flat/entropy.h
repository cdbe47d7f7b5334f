/* The board's virtio entropy device and one queue of it, as a driver has them (Virtio 1.2, 4.1.4).
 */
#ifndef GUESTS_FLAT_ENTROPY_H
#define GUESTS_FLAT_ENTROPY_H

#include "tests/boot/guests/flat/board.h"

#define ENTROPY 0xe0020000u /* slot 2, as the board leaves it */
/* PCI configuration mechanism 1. */
#define PCI_ADDRESS 0xcf8u
#define PCI_DATA    0xcfcu
#define COMMAND     0x80001004u /* of slot 2 */
#define LINE        0x8000103cu
#define MAY_MASTER  6u /* memory, bus master */
#define COMMON      (ENTROPY + 0x0000u)
#define ISR         (ENTROPY + 0x1000u)
#define NOTIFY      (ENTROPY + 0x3000u)
#define QUEUE       0x310000u
/* Registers of the common structure (4.1.4.3). */
#define ACCEPTED_SELECT   0x08u
#define ACCEPTED          0x0cu
#define STATUS            0x14u
#define QUEUE_SELECT      0x16u
#define QUEUE_SIZE        0x18u
#define QUEUE_ENABLE      0x1cu
#define QUEUE_DESCRIPTORS 0x20u
#define QUEUE_DRIVER      0x28u
#define QUEUE_DEVICE      0x30u
#define NEEDS_RESET       64u
#define DRIVER_OK         15u
#define CHAIN_NEXT        1u
#define CHAIN_WRITE       2u
#define INDIRECT          4u

/* A queue of 8 with one chain, and what is wrong with it. */
struct ring {
	uint32_t table, available, used;      /* addresses */
	uint32_t address, bytes, flags, next; /* of descriptor 0 */
	uint32_t head, index; /* of the first chain; how many there are said to be */
};

#define GOOD QUEUE, QUEUE + 0x1000, QUEUE + 0x2000
#define USED (QUEUE + 0x2000) /* of a good one */

static inline void write_ring(const struct ring *r)
{
	for (uint32_t i = 0; i < 0x3000; i += 4)
		put(QUEUE + i, 0);
	put(QUEUE, r->address);
	put(QUEUE + 8, r->bytes);
	put(QUEUE + 12, r->flags | r->next << 16);
	put(QUEUE + 0x1000, r->index << 16);
	put(QUEUE + 0x1004, r->head);
}

static inline void write_address(uint32_t reg, uint32_t address)
{
	put(COMMON + reg, address);
	put(COMMON + reg + 4, 0);
}

static inline void let_master(void)
{
	out32(PCI_ADDRESS, COMMAND);
	out32(PCI_DATA, MAY_MASTER);
}

/* From the device's reset to its first chain. */
static inline void start_queue(const struct ring *r)
{
	write_ring(r);
	put8(COMMON + STATUS, 0);
	put8(COMMON + STATUS, 3);
	put(COMMON + ACCEPTED_SELECT, 1);
	put(COMMON + ACCEPTED, 1); /* VERSION_1, and nothing else */
	put8(COMMON + STATUS, 11);
	put16(COMMON + QUEUE_SELECT, 0);
	put16(COMMON + QUEUE_SIZE, 8);
	write_address(QUEUE_DESCRIPTORS, r->table);
	write_address(QUEUE_DRIVER, r->available);
	write_address(QUEUE_DEVICE, r->used);
	put16(COMMON + QUEUE_ENABLE, 1);
	put8(COMMON + STATUS, DRIVER_OK);
	put16(NOTIFY, 0);
}

#endif
