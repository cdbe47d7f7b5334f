/*
 * The receive ring. The driver owns descriptors from `next` on as soon as the device has set DD;
 * one descriptor always stays with the driver, as head equal to tail means an empty ring
 * (section 3.2.6).
 */
#include "e1000.h"

static void arm(struct e1000_rx *rx, unsigned index)
{
	volatile struct e1000_rx_descriptor *d = &rx->ring[index];

	/* Written anew each time: the device may have changed it. */
	d->address = rx->buffers_bus + (uint64_t)index * E1000_BUFFER_BYTES;
	d->bytes = 0;
	d->errors = 0;
	d->status = 0;
}

void e1000_rx_start(const struct e1000_io *io, struct e1000_rx *rx)
{
	for (unsigned i = 0; i < E1000_RX_RING; i++)
		arm(rx, i);
	rx->next = 0;
	io->write(io->context, E1000_RDBAL, (uint32_t)rx->ring_bus);
	io->write(io->context, E1000_RDBAH, (uint32_t)(rx->ring_bus >> 32));
	io->write(io->context, E1000_RDLEN, E1000_RX_RING * sizeof(*rx->ring));
	io->write(io->context, E1000_RDTR, 0);
	io->write(io->context, E1000_RDH, 0);
	io->write(io->context, E1000_RDT, E1000_RX_RING - 1);
	io->write(io->context, E1000_RCTL, RCTL_EN | RCTL_BAM | RCTL_MPE | RCTL_SECRC);
}

/* The device's length is read once and bounded by what a frame may have, which a buffer holds. */
static void take_frame(struct e1000_rx *rx, unsigned index, uint8_t status,
	void (*take)(const void *frame, size_t bytes))
{
	size_t bytes = rx->ring[index].bytes;
	uint8_t errors = rx->ring[index].errors;

	if (!(status & RX_STATUS_EOP) || (errors & RX_ERRORS) || bytes < 14 ||
		bytes > E1000_FRAME_MAX) {
		rx->dropped++;
		return;
	}
	rx->frames++;
	take(rx->buffers + (size_t)index * E1000_BUFFER_BYTES, bytes);
}

void e1000_rx_poll(const struct e1000_io *io, struct e1000_rx *rx,
	void (*take)(const void *frame, size_t bytes))
{
	for (unsigned done = 0; done < E1000_RX_RING; done++) {
		unsigned index = rx->next;
		uint8_t status = rx->ring[index].status;

		if (!(status & RX_STATUS_DD))
			return;
		/* The rest of the descriptor and the frame are read after DD. */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		take_frame(rx, index, status, take);
		arm(rx, index);
		rx->next = (index + 1) % E1000_RX_RING;
		__atomic_thread_fence(__ATOMIC_RELEASE);
		io->write(io->context, E1000_RDT, index);
	}
}
