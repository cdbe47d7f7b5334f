#include "worlds/vmx/virtqueue.h"
#include "lib/types.h"
#include <string.h>

/* Virtio 1.2, 2.7.5, 2.7.6, 2.7.8. Little-endian, as is this machine. */
struct descriptor {
	uint64_t address;
	uint32_t bytes;
	uint16_t flags, next;
};
STATIC_ASSERT_SIZE(struct descriptor, 16);
struct used_element {
	uint32_t head, bytes;
};
STATIC_ASSERT_SIZE(struct used_element, 8);

#define DESCRIPTOR_NEXT     1u
#define DESCRIPTOR_WRITE    2u
#define DESCRIPTOR_INDIRECT 4u
#define NO_INTERRUPT        1u
#define NO_VECTOR           0xffffu
/* Both rings: flags, index, elements, and the other side's event index behind them. */
#define RING_INDEX    2u
#define RING_ELEMENTS 4u

static uint64_t driver_bytes(const struct virtqueue *q)
{
	return RING_ELEMENTS + 2ull * q->size + 2;
}
static uint64_t device_bytes(const struct virtqueue *q)
{
	return RING_ELEMENTS + sizeof(struct used_element) * (uint64_t)q->size + 2;
}

void virtqueue_reset(struct virtqueue *q)
{
	*q = (struct virtqueue){.size = VIRTQUEUE_MAX, .vector = NO_VECTOR};
}

bool virtqueue_is_valid(const struct virtqueue *q, const struct gmem *memory)
{
	if (!q->size || q->size > VIRTQUEUE_MAX || (q->size & (q->size - 1)))
		return false;
	if (q->descriptors % 16 || q->driver % 2 || q->device % 4)
		return false;
	return gmem_map(memory, q->descriptors, sizeof(struct descriptor) * q->size) &&
	       gmem_map(memory, q->driver, driver_bytes(q)) &&
	       gmem_map(memory, q->device, device_bytes(q));
}

/* virtqueue_is_valid() has seen that the rings are RAM, and RAM stays. */
static uint16_t driver_field(const struct virtqueue *q, const struct gmem *memory, uint64_t offset)
{
	const uint16_t *field = gmem_map(memory, q->driver + offset, 2);

	return field ? __atomic_load_n(field, __ATOMIC_ACQUIRE) : 0;
}
static void set_device_field(
	const struct virtqueue *q, const struct gmem *memory, uint64_t offset, uint16_t value)
{
	uint16_t *field = gmem_map(memory, q->device + offset, 2);

	if (field)
		__atomic_store_n(field, value, __ATOMIC_RELEASE);
}

static void ask_for_notification(struct virtqueue *q, const struct gmem *memory)
{
	if (q->event_index)
		set_device_field(q, memory, device_bytes(q) - 2, q->next);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static bool add_segment(
	const struct gmem *memory, const struct descriptor *d, struct virtqueue_chain *chain)
{
	const unsigned n = chain->out + chain->in;
	uint8_t *data = gmem_map(memory, d->address, d->bytes);

	/* A device-readable part after a writable one is forbidden (2.7.4.2). */
	if (n == VIRTQUEUE_SEGMENTS || !data || (!(d->flags & DESCRIPTOR_WRITE) && chain->in))
		return false;
	chain->segment[n] = (struct virtqueue_segment){data, d->bytes};
	if (d->flags & DESCRIPTOR_WRITE) {
		chain->in++;
		chain->in_bytes += d->bytes;
	} else {
		chain->out++;
		chain->out_bytes += d->bytes;
	}
	return true;
}

/* A table of descriptors: the queue's own, or an indirect one. */
struct table {
	uint64_t address;
	uint32_t count;
	bool indirect_allowed;
};

static bool walk(
	const struct gmem *memory, struct table table, uint16_t at, struct virtqueue_chain *chain)
{
	struct descriptor d;

	/* No chain is longer than its table, so that one with a loop ends as well. */
	for (uint32_t seen = 0; seen < table.count; seen++) {
		if (at >= table.count ||
			!gmem_read(memory, table.address + at * sizeof(d), &d, sizeof(d)))
			return false;
		if (d.flags & DESCRIPTOR_INDIRECT) {
			struct table inner = {d.address, d.bytes / sizeof(d), false};

			/* 2.7.5.3.1: not within one, not with NEXT, whole descriptors. */
			if (!table.indirect_allowed || (d.flags & DESCRIPTOR_NEXT) || !d.bytes ||
				d.bytes % sizeof(d) || !gmem_map(memory, d.address, d.bytes))
				return false;
			return walk(memory, inner, 0, chain);
		}
		if (!add_segment(memory, &d, chain))
			return false;
		if (!(d.flags & DESCRIPTOR_NEXT))
			return true;
		at = d.next;
	}
	return false;
}

enum virtqueue_result virtqueue_next(struct virtqueue *q, const struct gmem *memory, bool indirect,
	struct virtqueue_chain *chain)
{
	struct table table = {q->descriptors, q->size, indirect};
	uint16_t there;

	if (!q->enabled)
		return VIRTQUEUE_EMPTY;
	there = (uint16_t)(driver_field(q, memory, RING_INDEX) - q->next);
	if (!there) {
		ask_for_notification(q, memory);
		there = (uint16_t)(driver_field(q, memory, RING_INDEX) - q->next);
	}
	if (!there)
		return VIRTQUEUE_EMPTY;
	if (there > q->size)
		return VIRTQUEUE_BROKEN;
	chain->out = chain->in = 0;
	chain->out_bytes = chain->in_bytes = 0;
	chain->head = driver_field(q, memory, RING_ELEMENTS + 2ull * (q->next % q->size));
	if (!walk(memory, table, chain->head, chain))
		return VIRTQUEUE_BROKEN;
	q->next++;
	return VIRTQUEUE_CHAIN;
}

void virtqueue_untake(struct virtqueue *q)
{
	q->next--;
}

/* 2.7.7: whether the driver's event index lies in what became used since the last interrupt. */
static bool wants_interrupt(struct virtqueue *q, const struct gmem *memory)
{
	uint16_t event, before = q->signalled;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!q->event_index)
		return !(driver_field(q, memory, 0) & NO_INTERRUPT);
	event = driver_field(q, memory, driver_bytes(q) - 2);
	if ((uint16_t)(q->used - event - 1) >= (uint16_t)(q->used - before))
		return false;
	q->signalled = q->used;
	return true;
}

bool virtqueue_put(struct virtqueue *q, const struct gmem *memory,
	const struct virtqueue_chain *chain, uint32_t written)
{
	struct used_element element = {chain->head, written};

	gmem_write(memory,
		q->device + RING_ELEMENTS + sizeof(element) * (uint64_t)(q->used % q->size),
		&element, sizeof(element));
	q->used++;
	set_device_field(q, memory, RING_INDEX, q->used);
	return wants_interrupt(q, memory);
}

static size_t copy(const struct virtqueue_segment *segment, unsigned count, uint64_t offset,
	uint8_t *to, const uint8_t *from, size_t bytes)
{
	size_t done = 0;

	for (unsigned i = 0; i < count && done < bytes; i++) {
		size_t n;

		if (offset >= segment[i].bytes) {
			offset -= segment[i].bytes;
			continue;
		}
		n = MIN(bytes - done, segment[i].bytes - (size_t)offset);
		if (to)
			memcpy(to + done, segment[i].data + offset, n);
		else
			memcpy(segment[i].data + offset, from + done, n);
		done += n;
		offset = 0;
	}
	return done;
}

size_t chain_read(const struct virtqueue_chain *chain, uint64_t offset, void *to, size_t bytes)
{
	return copy(chain->segment, chain->out, offset, to, NULL, bytes);
}

size_t chain_write(
	const struct virtqueue_chain *chain, uint64_t offset, const void *from, size_t bytes)
{
	return copy(chain->segment + chain->out, chain->in, offset, NULL, from, bytes);
}
