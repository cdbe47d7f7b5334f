/* The invalidation queue: VT-d 4.1, section 6.5. */
#include "vmkdev/vtd.h"

#define QUEUE_WAIT_MS 1000u
#define IQT_SHIFT     4u

static void push(struct vtd_unit *unit, const struct vtd_entry *descriptor)
{
	unit->queue[unit->queue_tail] = *descriptor;
	vtd_write_back(unit, &unit->queue[unit->queue_tail], sizeof(*descriptor));
	unit->queue_tail = (unit->queue_tail + 1) % VTD_QUEUE;
}

/* The unit writes the sequence number when all before it is done; it may as well never. */
static enum vmk_status wait_for_completion(struct vtd_unit *unit)
{
	uint64_t start = unit->ops->now_ms(unit->context);

	while (*unit->completed != unit->sequence) {
		if (unit->ops->read32(unit->context, VTD_FSTS) & FSTS_QUEUE)
			return vtd_fail(unit, "it reports an error of its invalidation queue");
		if (unit->ops->now_ms(unit->context) - start > QUEUE_WAIT_MS)
			return vtd_fail(unit, "an invalidation does not end");
		unit->ops->pause(unit->context);
	}
	return VMK_OK;
}

/* The queue is empty each time, as each call waits for its end. */
enum vmk_status vtd_submit(
	struct vtd_unit *unit, const struct vtd_entry *descriptors, unsigned count)
{
	struct vtd_entry wait = {.high = unit->completed_address.v};

	if (unit->broken)
		return VMK_IO_ERROR;
	for (unsigned i = 0; i < count; i++)
		push(unit, &descriptors[i]);
	if (++unit->sequence == 0) /* that says that the queue is not on yet */
		unit->sequence++;
	wait.low = INV_WAIT_WRITE | (uint64_t)unit->sequence << 32;
	push(unit, &wait);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	unit->ops->write64(unit->context, VTD_IQT, (uint64_t)unit->queue_tail << IQT_SHIFT);
	return wait_for_completion(unit);
}

enum vmk_status vtd_forget_interrupts(struct vtd_unit *unit)
{
	static const struct vtd_entry everything = {INV_INTERRUPT_GLOBAL, 0};

	return vtd_submit(unit, &everything, 1);
}
