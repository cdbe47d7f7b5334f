/* The board's virtio entropy device and one queue of it, as a driver has them (Virtio 1.2, 4.1.4).
 */
#ifndef GUESTS_FLAT_ENTROPY_H
#define GUESTS_FLAT_ENTROPY_H

#include "tests/boot/guests/flat/virtio.h"

#define ENTROPY     0xe0020000u /* slot 2, as the board leaves it */
#define COMMAND     0x80001004u /* of slot 2 */
#define LINE        0x8000103cu
#define COMMON      (ENTROPY + 0x0000u)
#define ISR         (ENTROPY + 0x1000u)
#define NOTIFY      (ENTROPY + 0x3000u)
#define QUEUE       0x310000u
#define NEEDS_RESET 64u
#define CHAIN_NEXT  1u
#define CHAIN_WRITE 2u
#define INDIRECT    4u

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

/* From the device's reset to its first chain. */
static inline void start_queue(const struct ring *r)
{
	write_ring(r);
	accept_features(COMMON);
	put16(COMMON + QUEUE_SELECT, 0);
	put16(COMMON + QUEUE_SIZE, 8);
	write_address(COMMON + QUEUE_DESCRIPTORS, r->table);
	write_address(COMMON + QUEUE_DRIVER, r->available);
	write_address(COMMON + QUEUE_DEVICE, r->used);
	put16(COMMON + QUEUE_ENABLE, 1);
	put8(COMMON + STATUS, DRIVER_OK);
	put16(NOTIFY, 0);
}

#endif
