/* What drivers in flat guests know of virtio's devices behind PCI (Virtio 1.2, 4.1) on this board.
 */
#ifndef GUESTS_FLAT_VIRTIO_H
#define GUESTS_FLAT_VIRTIO_H

#include "tests/boot/guests/flat/board.h"

/* PCI configuration mechanism 1. */
#define PCI_ADDRESS 0xcf8u
#define PCI_DATA    0xcfcu
#define MAY_MASTER  6u /* memory, bus master */
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
#define DRIVER_OK         15u

/* `command`: the configuration address of the device's command register. */
static inline void let_master(uint32_t command)
{
	out32(PCI_ADDRESS, command);
	out32(PCI_DATA, MAY_MASTER);
}

/* Reset, and all steps up to the queues (3.1.1), with VERSION_1 and no other feature. */
static inline void accept_features(uint32_t common)
{
	put8(common + STATUS, 0);
	put8(common + STATUS, 3);
	put(common + ACCEPTED_SELECT, 1);
	put(common + ACCEPTED, 1);
	put8(common + STATUS, 11);
}

static inline void write_address(uint32_t reg, uint32_t address)
{
	put(reg, address);
	put(reg + 4, 0);
}

#endif
