/* sources: kernel/vmkdev/drivers/e1000/hw.c kernel/vmkdev/drivers/e1000/rx.c */
/* sources: kernel/vmkdev/drivers/e1000/tx.c */
/* A device that writes anything into registers and rings, at any time. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/reader.h"
#include "vmkdev/drivers/e1000/e1000.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct reader device;
static struct e1000_rx_descriptor rx_ring[E1000_RX_RING];
static struct e1000_tx_descriptor tx_ring[E1000_TX_RING];
static uint8_t rx_buffers[E1000_RX_RING * E1000_BUFFER_BYTES];
static uint8_t tx_buffers[E1000_TX_RING * E1000_BUFFER_BYTES];

/* Overwrites a descriptor, as DMA can at any moment. */
static void scribble(void)
{
	unsigned at = reader_u8(&device);

	reader_copy(&device, &rx_ring[at % E1000_RX_RING], sizeof(rx_ring[0]));
	reader_copy(&device, &tx_ring[at % E1000_TX_RING], sizeof(tx_ring[0]));
}

static uint32_t read_register(void *context, uint32_t offset)
{
	return reader_le32(&device);
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	if (offset == E1000_RDT && value >= E1000_RX_RING)
		abort();
	if (offset == E1000_TDT && value >= E1000_TX_RING)
		abort();
	scribble();
}

static void delay(uint32_t microseconds)
{
}

static void take(const void *frame, size_t bytes)
{
	const uint8_t *at = frame;
	volatile uint8_t sum = 0;

	if (at < rx_buffers || bytes < 14 || bytes > E1000_FRAME_MAX ||
		at + bytes > rx_buffers + sizeof(rx_buffers))
		abort();
	for (size_t i = 0; i < bytes; i++)
		sum ^= at[i];
	scribble();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct e1000_io io = {read_register, write_register, delay, NULL};
	struct e1000_rx rx = {.ring = rx_ring, .buffers = rx_buffers};
	struct e1000_tx tx = {.ring = tx_ring, .buffers = tx_buffers};
	static uint8_t frame[2048];
	uint8_t mac[6];

	memset(rx_ring, 0, sizeof(rx_ring));
	memset(tx_ring, 0, sizeof(tx_ring));
	device = reader_of(data, size);
	e1000_reset(&io);
	e1000_read_mac(&io, mac);
	e1000_rx_start(&io, &rx);
	e1000_tx_start(&io, &tx);
	while (reader_left(&device)) {
		unsigned what = reader_u8(&device);

		if (what & 1)
			e1000_rx_poll(&io, &rx, take);
		else
			e1000_tx_send(&io, &tx, frame, reader_le16(&device) % sizeof(frame),
				reader_le64(&device));
	}
	return 0;
}
