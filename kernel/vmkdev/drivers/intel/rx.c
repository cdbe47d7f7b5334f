/*
 * The receive ring. The driver owns descriptors from `next` on as soon as the device has set DD;
 * one descriptor always stays with the driver, as head equal to tail means an empty ring
 * (section 7.1.9).
 */
#include "intel.h"

#define FRAME_HEADER_BYTES 14u

static void arm(const struct intel_model *model, struct intel_rx *rx, unsigned index)
{
	model->format->arm(&rx->ring.descriptors[index],
		rx->ring.buffers_bus + (uint64_t)index * INTEL_BUFFER_BYTES);
}

enum vmk_status intel_rx_start(
	const struct intel_io *io, const struct intel_model *model, struct intel_rx *rx)
{
	enum vmk_status status;

	for (unsigned i = 0; i < INTEL_RX_RING; i++)
		arm(model, rx, i);
	rx->next = 0;
	intel_set(io, REG_RDBAL, (uint32_t)rx->ring.bus);
	intel_set(io, REG_RDBAH, (uint32_t)(rx->ring.bus >> 32));
	intel_set(io, REG_RDLEN, INTEL_RX_RING * sizeof(union intel_descriptor));
	intel_set(io, REG_RDTR, 0);
	intel_set(io, REG_RDH, 0);
	intel_set(io, REG_RDT, 0);
	status = model->rx_on ? model->rx_on(io) : VMK_OK;
	if (status != VMK_OK)
		return status;
	/* Every unicast frame: the ports behind the switch have addresses of their own. */
	intel_set(io, REG_RCTL, RCTL_EN | RCTL_UPE | RCTL_BAM | RCTL_MPE | RCTL_SECRC);
	intel_set(io, REG_RDT, INTEL_RX_RING - 1);
	return VMK_OK;
}

/* The device's length is bounded by what a frame may have, which a buffer holds. */
static void take_frame(struct intel_rx *rx, unsigned index, const struct intel_received *frame,
	void (*take)(const void *frame, size_t bytes))
{
	if (!frame->good || frame->bytes < FRAME_HEADER_BYTES || frame->bytes > INTEL_FRAME_MAX) {
		rx->dropped++;
		return;
	}
	rx->frames++;
	take(rx->ring.buffers + (size_t)index * INTEL_BUFFER_BYTES, frame->bytes);
}

void intel_rx_poll(const struct intel_io *io, const struct intel_model *model, struct intel_rx *rx,
	void (*take)(const void *frame, size_t bytes))
{
	for (unsigned done = 0; done < INTEL_RX_RING; done++) {
		unsigned index = rx->next;
		struct intel_received frame;

		if (!model->format->received(&rx->ring.descriptors[index], &frame))
			return;
		take_frame(rx, index, &frame, take);
		arm(model, rx, index);
		rx->next = (index + 1) % INTEL_RX_RING;
		__atomic_thread_fence(__ATOMIC_RELEASE);
		intel_set(io, REG_RDT, index);
	}
}
