/* sources: kernel/vmkdev/drivers/intel/hw.c kernel/vmkdev/drivers/intel/rx.c */
/* sources: kernel/vmkdev/drivers/intel/tx.c kernel/vmkdev/drivers/intel/descriptor.c */
/* sources: kernel/vmkdev/drivers/e1000/model.c kernel/vmkdev/drivers/e1000e/model.c */
/* sources: kernel/vmkdev/drivers/igb/model.c kernel/vmkdev/drivers/igb/phy.c */
/* A device of any family that writes anything into registers and rings, at any time. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/reader.h"
#include "vmkdev/drivers/intel/models.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct reader device;
static union intel_descriptor rx_ring[INTEL_RX_RING], tx_ring[INTEL_TX_RING];
static uint8_t rx_buffers[INTEL_RX_RING * INTEL_BUFFER_BYTES];
static uint8_t tx_buffers[INTEL_TX_RING * INTEL_BUFFER_BYTES];

/* Overwrites a descriptor, as DMA can at any moment. */
static void scribble(void)
{
	unsigned at = reader_u8(&device);

	reader_copy(&device, &rx_ring[at % INTEL_RX_RING], sizeof(rx_ring[0]));
	reader_copy(&device, &tx_ring[at % INTEL_TX_RING], sizeof(tx_ring[0]));
}

static uint32_t read_register(void *context, uint32_t offset)
{
	return reader_le32(&device);
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	if (offset == REG_RDT && value >= INTEL_RX_RING)
		abort();
	if (offset == REG_TDT && value >= INTEL_TX_RING)
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

	if (at < rx_buffers || bytes < 14 || bytes > INTEL_FRAME_MAX ||
		at + bytes > rx_buffers + sizeof(rx_buffers))
		abort();
	for (size_t i = 0; i < bytes; i++)
		sum ^= at[i];
	scribble();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct intel_model *const models[] = {&e1000_model, &e1000e_model, &igb_model};
	const struct intel_io io = {read_register, write_register, delay, NULL};
	struct intel_rx rx = {.ring = {.descriptors = rx_ring, .buffers = rx_buffers}};
	struct intel_tx tx = {.ring = {.descriptors = tx_ring, .buffers = tx_buffers}};
	const struct intel_model *model;
	struct intel_errors errors = {0};
	static uint8_t frame[2048];
	uint8_t mac[6];

	memset(rx_ring, 0, sizeof(rx_ring));
	memset(tx_ring, 0, sizeof(tx_ring));
	device = reader_of(data, size);
	model = models[reader_u8(&device) % ARRAY_SIZE(models)];
	intel_reset(&io, model);
	if (model->read_mac(&io, mac) == VMK_OK && (mac[0] & 1))
		abort();
	intel_rx_start(&io, model, &rx);
	intel_tx_start(&io, model, &tx);
	while (reader_left(&device)) {
		unsigned what = reader_u8(&device);

		if (what == 0)
			intel_count_errors(&io, &errors);
		else if (what & 1)
			intel_rx_poll(&io, model, &rx, take);
		else
			intel_tx_send(&io, model, &tx, frame, reader_le16(&device) % sizeof(frame),
				reader_le64(&device));
	}
	return 0;
}
