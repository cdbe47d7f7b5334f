/*
 * Priority queue: an intrusive leftist heap. Insertion, removal of the first and of any other node
 * take O(log n) steps in the worst case, and there is nothing to allocate. Keys wrap: of two, the
 * one less than 2^63 behind the other comes first. Pure.
 */
#ifndef SCHED_QUEUE_H
#define SCHED_QUEUE_H

#include "lib/types.h"

struct queue_node {
	struct queue_node *left, *right, *parent;
	uint64_t key;
	uint32_t rank; /* nodes on the way to the nearest missing child; 0: linked nowhere */
};

struct queue {
	struct queue_node *root;
};

/* Is a before b, on a line that wraps? */
static inline bool key_before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}
static inline bool queue_linked(const struct queue_node *node)
{
	return node->rank;
}
static inline struct queue_node *queue_first(const struct queue *queue)
{
	return queue->root;
}

/* Insert a node that is linked nowhere. */
void queue_insert(struct queue *queue, struct queue_node *node, uint64_t key);
/* Take out a node of this queue. */
void queue_remove(struct queue *queue, struct queue_node *node);
/* For checks and statistics: the node after `node` in an order of no meaning that visits each once;
 * NULL at the end. Begin with queue_first(). */
struct queue_node *queue_walk(const struct queue_node *node);

#endif
