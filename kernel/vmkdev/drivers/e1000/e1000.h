/*
 * The 82540EM as QEMU and Bochs emulate it: legacy descriptors, INTx. Split so that hw.c, rx.c and
 * tx.c are pure over struct e1000_io and the rings' memory; main.c binds them to the kernel.
 * The device is hostile: it may write anything into descriptors and registers at any time.
 * Callers run one function at a time (vmkapi guarantees it).
 */
#ifndef E1000_E1000_H
#define E1000_E1000_H

#include <stddef.h>
#include <vmkapi/status.h>
#include "regs.h"

#define E1000_RX_RING      64u /* descriptors; a multiple of 8 (section 13.4.27) */
#define E1000_TX_RING      32u
#define E1000_BUFFER_BYTES 2048u
#define E1000_FRAME_MIN    60u /* without FCS; shorter frames are padded with zeroes */
#define E1000_FRAME_MAX    1514u
/* A transmit ring that moves nothing for so long is started anew. */
#define E1000_STUCK_NS 2000000000ull

struct e1000_io {
	uint32_t (*read)(void *context, uint32_t offset);
	void (*write)(void *context, uint32_t offset, uint32_t value);
	void (*delay_us)(uint32_t microseconds);
	void *context;
};

/* Memory that the device reads and writes, with the addresses that it is told. */
struct e1000_rx {
	volatile struct e1000_rx_descriptor *ring; /* E1000_RX_RING */
	uint8_t *buffers;                          /* E1000_RX_RING * E1000_BUFFER_BYTES */
	uint64_t ring_bus, buffers_bus;
	unsigned next; /* to look at */
	uint64_t frames, dropped;
};
struct e1000_tx {
	volatile struct e1000_tx_descriptor *ring; /* E1000_TX_RING */
	uint8_t *buffers;
	uint64_t ring_bus, buffers_bus;
	unsigned next, oldest; /* to fill; not yet known to be sent. Equal: empty */
	uint64_t moved_ns;     /* when the ring last moved, or was filled from empty */
	uint64_t frames, resets;
};

/* Reset, quiet, link set up. VMK_IO_ERROR if the device does not answer. */
enum vmk_status e1000_reset(const struct e1000_io *io);
/* From the EEPROM, words 0 to 2. VMK_IO_ERROR if it does not answer or holds no station's address.
 */
enum vmk_status e1000_read_mac(const struct e1000_io *io, uint8_t mac[6]);
/* Accept frames to `mac`, to all, and to groups. */
void e1000_set_mac(const struct e1000_io *io, const uint8_t mac[6]);
int e1000_link_up(const struct e1000_io *io);
void e1000_interrupts_on(const struct e1000_io *io);
void e1000_interrupts_off(const struct e1000_io *io);
/* Causes since the last call, which this clears. 0: it was not this device. */
uint32_t e1000_interrupt_causes(const struct e1000_io *io);

void e1000_rx_start(const struct e1000_io *io, struct e1000_rx *rx);
/* Hand every frame that has arrived to `take`, at most one ring's worth. */
void e1000_rx_poll(const struct e1000_io *io, struct e1000_rx *rx,
	void (*take)(const void *frame, size_t bytes));

void e1000_tx_start(const struct e1000_io *io, struct e1000_tx *tx);
/* Copies the frame. VMK_BAD_PARAM, VMK_TOO_LARGE; VMK_NO_RESOURCES when the ring is full; if it has
 * been stuck for E1000_STUCK_NS it is started anew and the frames in it are lost. */
enum vmk_status e1000_tx_send(const struct e1000_io *io, struct e1000_tx *tx, const void *frame,
	size_t bytes, uint64_t now_ns);

#endif
