/*
 * Who is next of the share class: entries in the order of their deadlines, and of those whose
 * virtual time has come the first one, in O(log n) steps whatever came before. A B-tree whose nodes
 * know the least virtual time below each child: a search reads few cache lines, and each line
 * wholly. There is nothing to allocate: each entry brings a node when it is queued and takes one,
 * mostly another, when it leaves; a tree of n entries needs n nodes at most. Keys and times wrap:
 * all in a tree lie within 2^63 of each other. Pure.
 */
#ifndef SCHED_TURNS_H
#define SCHED_TURNS_H

#include "lib/types.h"

#define TURNS_WIDTH 16u
#define TURNS_LEAST 3u /* in each node but those at the front */

/*
 * Nothing moves within a node: what is in a slot stays there until it leaves the node, and `order`
 * has the number of the slot at each place, four bits each, the first place lowest. Behind the
 * `count` places that are taken follow the free slots.
 */
struct turns_node {
	struct turns_node *parent; /* NULL: the root. Of a free one: the next that is free */
	uint64_t order;
	uint8_t count;
	uint8_t slot; /* where in its parent it is */
	bool leaf;
	/* An entry's deadline, or: what is below has deadlines from here (but for the first place)
	 * to the next place's. */
	uint64_t keys[TURNS_WIDTH];
	uint64_t least[TURNS_WIDTH]; /* an entry's virtual time, or the least below */
	void *children[TURNS_WIDTH]; /* nodes, or in a leaf struct turn */
};

/* An entry. Whoever owns it gives it a `spare` node at first, and frees at last the one it has. */
struct turn {
	struct turns_node *leaf; /* where it is queued; NULL: nowhere */
	union {
		struct turns_node *spare; /* while it is not queued */
		uint64_t slot;            /* while it is: where in its leaf */
	};
};

struct turns {
	struct turns_node *root, *free;
};

static inline bool turn_queued(const struct turn *turn)
{
	return turn->leaf;
}
/* Queue an entry that is queued nowhere, behind those of the same deadline. */
void turns_insert(struct turns *turns, struct turn *turn, uint64_t deadline, uint64_t vtime);
void turns_remove(struct turns *turns, struct turn *turn);
/* A queued entry's virtual time moves on; its place stays. */
void turns_advance(struct turn *turn, uint64_t vtime);
/* As if it were removed and inserted again. */
void turns_move(struct turns *turns, struct turn *turn, uint64_t deadline, uint64_t vtime);
/* A point in virtual time: zero + sum / load. */
struct turns_average {
	uint64_t zero;
	int64_t sum, load;
};
/* The one with the earliest deadline of those whose virtual time is at or before the average;
 * NULL. */
struct turn *turns_first(const struct turns *turns, const struct turns_average *average);
/* For checks and statistics: the one after `turn` by deadline, NULL at the end; the first after
 * NULL. */
struct turn *turns_next(const struct turns *turns, const struct turn *turn);
/* NULL, or what is wrong with the tree. */
const char *turns_wrong(const struct turns *turns);

#endif
