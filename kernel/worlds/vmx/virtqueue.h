/*
 * The device's side of a split virtqueue (Virtio 1.2, 2.7), in memory that the guest writes at any
 * time: each descriptor is copied once, then believed only as far as it was checked.
 */
#ifndef VMX_VIRTQUEUE_H
#define VMX_VIRTQUEUE_H

#include "worlds/vmx/gmem.h"

#define VIRTQUEUE_MAX      128u
#define VIRTQUEUE_SEGMENTS 130u /* of one chain */

struct virtqueue {
	uint64_t descriptors, driver, device; /* guest-physical: table, available, used ring */
	uint16_t size, vector;
	bool enabled, event_index;
	uint16_t next, used, signalled; /* free-running */
};
struct virtqueue_segment {
	uint8_t *data; /* guest RAM */
	uint32_t bytes;
};
/* A chain: `out` segments that the device reads, then `in` segments that it writes. */
struct virtqueue_chain {
	uint16_t head;
	unsigned out, in;
	uint64_t out_bytes, in_bytes;
	struct virtqueue_segment segment[VIRTQUEUE_SEGMENTS];
};
enum virtqueue_result { VIRTQUEUE_EMPTY, VIRTQUEUE_CHAIN, VIRTQUEUE_BROKEN };

void virtqueue_reset(struct virtqueue *queue);
/* The size is a power of two in range, the rings are aligned (2.7) and in RAM. */
bool virtqueue_is_valid(const struct virtqueue *queue, const struct gmem *memory);
/*
 * The next chain. BROKEN: the driver does not keep to the specification, and the device has to ask
 * for a reset (2.1.2); nothing was taken. When there is none, the driver is asked to notify again.
 */
enum virtqueue_result virtqueue_next(struct virtqueue *queue, const struct gmem *memory,
	bool indirect, struct virtqueue_chain *chain);
/* Gives a chain back with `written` bytes in its in segments. True: the driver wants to be told. */
bool virtqueue_put(struct virtqueue *queue, const struct gmem *memory,
	const struct virtqueue_chain *chain, uint32_t written);
/* A chain that was taken last goes back to the ring untouched. */
void virtqueue_untake(struct virtqueue *queue);

/* From the out segments, or into the in segments, at that offset; what fits is copied and counted.
 */
size_t chain_read(const struct virtqueue_chain *chain, uint64_t offset, void *to, size_t bytes);
size_t chain_write(
	const struct virtqueue_chain *chain, uint64_t offset, const void *from, size_t bytes);

#endif
