/* The transmit ring: frames are copied into its buffers, and what is sent is reclaimed when room is
 * needed. One descriptor stays unused, as head equal to tail means an empty ring (section 3.4). */
#include <string.h>
#include "e1000.h"

static unsigned after(unsigned index)
{
	return (index + 1) % E1000_TX_RING;
}

void e1000_tx_start(const struct e1000_io *io, struct e1000_tx *tx)
{
	for (unsigned i = 0; i < E1000_TX_RING; i++) {
		tx->ring[i].command = 0;
		tx->ring[i].status = 0;
	}
	tx->next = tx->oldest = 0;
	io->write(io->context, E1000_TDBAL, (uint32_t)tx->ring_bus);
	io->write(io->context, E1000_TDBAH, (uint32_t)(tx->ring_bus >> 32));
	io->write(io->context, E1000_TDLEN, E1000_TX_RING * sizeof(*tx->ring));
	io->write(io->context, E1000_TDH, 0);
	io->write(io->context, E1000_TDT, 0);
	io->write(io->context, E1000_TIPG, TIPG_COPPER);
	io->write(io->context, E1000_TCTL, TCTL_EN | TCTL_PSP | TCTL_CT | TCTL_COLD);
}

static void reclaim(struct e1000_tx *tx, uint64_t now_ns)
{
	while (tx->oldest != tx->next && (tx->ring[tx->oldest].status & TX_STATUS_DD)) {
		tx->oldest = after(tx->oldest);
		tx->moved_ns = now_ns;
	}
}

static void restart_if_stuck(const struct e1000_io *io, struct e1000_tx *tx, uint64_t now_ns)
{
	if (now_ns - tx->moved_ns < E1000_STUCK_NS)
		return;
	tx->resets++;
	tx->moved_ns = now_ns;
	io->write(io->context, E1000_TCTL, 0);
	e1000_tx_start(io, tx);
}

static void fill(struct e1000_tx *tx, const void *frame, size_t bytes)
{
	volatile struct e1000_tx_descriptor *d = &tx->ring[tx->next];
	uint8_t *buffer = tx->buffers + (size_t)tx->next * E1000_BUFFER_BYTES;
	size_t padded = bytes < E1000_FRAME_MIN ? E1000_FRAME_MIN : bytes;

	memcpy(buffer, frame, bytes);
	/* What an earlier frame left in the buffer is nobody's business. */
	memset(buffer + bytes, 0, padded - bytes);
	d->address = tx->buffers_bus + (uint64_t)tx->next * E1000_BUFFER_BYTES;
	d->bytes = (uint16_t)padded;
	d->checksum_offset = d->checksum_start = 0;
	d->special = 0;
	d->status = 0;
	d->command = TX_COMMAND_EOP | TX_COMMAND_IFCS | TX_COMMAND_RS;
}

enum vmk_status e1000_tx_send(const struct e1000_io *io, struct e1000_tx *tx, const void *frame,
	size_t bytes, uint64_t now_ns)
{
	if (bytes == 0)
		return VMK_BAD_PARAM;
	if (bytes > E1000_FRAME_MAX)
		return VMK_TOO_LARGE;
	reclaim(tx, now_ns);
	if (after(tx->next) == tx->oldest) {
		restart_if_stuck(io, tx, now_ns);
		return VMK_NO_RESOURCES;
	}
	if (tx->next == tx->oldest)
		tx->moved_ns = now_ns;
	fill(tx, frame, bytes);
	tx->next = after(tx->next);
	tx->frames++;
	/* Descriptor and frame are in memory before the device is told of them. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	io->write(io->context, E1000_TDT, tx->next);
	return VMK_OK;
}
