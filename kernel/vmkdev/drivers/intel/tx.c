/* The transmit ring: frames are copied into its buffers, and what is sent is reclaimed when room is
 * needed. One descriptor stays unused, as head equal to tail means an empty ring (section 7.2.4).
 */
#include <string.h>
#include "intel.h"

static unsigned after(unsigned index)
{
	return (index + 1) % INTEL_TX_RING;
}

enum vmk_status intel_tx_start(
	const struct intel_io *io, const struct intel_model *model, struct intel_tx *tx)
{
	enum vmk_status status;

	if (model->pcie) { /* its registers are written only while the queue is off */
		intel_set(io, REG_TXDCTL, 0);
		intel_wait(io, REG_TXDCTL, QUEUE_ENABLE, 0, QUEUE_TRIES, QUEUE_US);
	}
	for (unsigned i = 0; i < INTEL_TX_RING; i++)
		tx->ring.descriptors[i].legacy_tx = (struct legacy_tx){0};
	tx->next = tx->oldest = 0;
	intel_set(io, REG_TDBAL, (uint32_t)tx->ring.bus);
	intel_set(io, REG_TDBAH, (uint32_t)(tx->ring.bus >> 32));
	intel_set(io, REG_TDLEN, INTEL_TX_RING * sizeof(union intel_descriptor));
	intel_set(io, REG_TDH, 0);
	intel_set(io, REG_TDT, 0);
	status = model->tx_on ? model->tx_on(io) : VMK_OK;
	if (status != VMK_OK)
		return status;
	intel_set(io, REG_TIPG, TIPG_COPPER);
	intel_set(io, REG_TCTL, TCTL_EN | TCTL_PSP | TCTL_CT | TCTL_COLD);
	return VMK_OK;
}

static void reclaim(const struct intel_model *model, struct intel_tx *tx, uint64_t now_ns)
{
	while (tx->oldest != tx->next && model->format->sent(&tx->ring.descriptors[tx->oldest])) {
		tx->oldest = after(tx->oldest);
		tx->moved_ns = now_ns;
	}
}

static unsigned in_flight(const struct intel_tx *tx)
{
	return (tx->next + INTEL_TX_RING - tx->oldest) % INTEL_TX_RING;
}

static void restart_if_stuck(const struct intel_io *io, const struct intel_model *model,
	struct intel_tx *tx, uint64_t now_ns)
{
	if (now_ns - tx->moved_ns < INTEL_STUCK_NS)
		return;
	tx->resets++;
	tx->moved_ns = now_ns;
	intel_set(io, REG_TCTL, 0);
	intel_tx_start(io, model, tx);
}

static void fill(
	const struct intel_model *model, struct intel_tx *tx, const void *frame, size_t bytes)
{
	size_t offset = (size_t)tx->next * INTEL_BUFFER_BYTES;
	size_t padded = MAX(bytes, INTEL_FRAME_MIN);
	uint8_t *buffer = tx->ring.buffers + offset;

	memcpy(buffer, frame, bytes);
	/* What an earlier frame left in the buffer is nobody's business. */
	memset(buffer + bytes, 0, padded - bytes);
	model->format->fill(&tx->ring.descriptors[tx->next], tx->ring.buffers_bus + offset, padded);
}

unsigned intel_tx_room(const struct intel_io *io, const struct intel_model *model,
	struct intel_tx *tx, uint64_t now_ns)
{
	reclaim(model, tx, now_ns);
	if (in_flight(tx))
		restart_if_stuck(io, model, tx, now_ns);
	return INTEL_TX_FRAMES - in_flight(tx);
}

enum vmk_status intel_tx_send(const struct intel_io *io, const struct intel_model *model,
	struct intel_tx *tx, const void *frame, size_t bytes, uint64_t now_ns)
{
	if (bytes == 0)
		return VMK_BAD_PARAM;
	if (bytes > INTEL_FRAME_MAX)
		return VMK_TOO_LARGE;
	reclaim(model, tx, now_ns);
	if (after(tx->next) == tx->oldest) {
		restart_if_stuck(io, model, tx, now_ns);
		return VMK_NO_RESOURCES;
	}
	if (tx->next == tx->oldest)
		tx->moved_ns = now_ns;
	fill(model, tx, frame, bytes);
	tx->next = after(tx->next);
	tx->frames++;
	/* Descriptor and frame are in memory before the device is told of them. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	intel_set(io, REG_TDT, tx->next);
	return VMK_OK;
}
