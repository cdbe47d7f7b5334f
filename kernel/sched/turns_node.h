/* A tree of turns from inside (turns.h): its nodes, and a walk along its leaves. Pure. */
#ifndef SCHED_TURNS_NODE_H
#define SCHED_TURNS_NODE_H

#include "sched/queue.h"
#include "sched/turns.h"

#define TURNS_PLACE_BITS 4u
#define TURNS_IN_ORDER   0xfedcba9876543210ull
#define TURNS_EACH_PLACE 0x1111111111111111ull

/* Which slot is at place `at`. */
static inline unsigned turns_slot(const struct turns_node *node, unsigned at)
{
	return node->order >> TURNS_PLACE_BITS * at & (TURNS_WIDTH - 1);
}
/* At which place a slot is: all places at once are looked at for its number. */
static inline unsigned turns_place(const struct turns_node *node, unsigned slot)
{
	const uint64_t differ = node->order ^ slot * TURNS_EACH_PLACE;
	const uint64_t zero =
		(differ - TURNS_EACH_PLACE) & ~differ & TURNS_EACH_PLACE << (TURNS_PLACE_BITS - 1);

	return (unsigned)__builtin_ctzll(zero) / TURNS_PLACE_BITS;
}
static inline uint64_t turns_key(const struct turns_node *node, unsigned at)
{
	return node->keys[turns_slot(node, at)];
}
static inline struct turns_node *turns_child(const struct turns_node *parent, unsigned at)
{
	return parent->children[turns_slot(parent, at)];
}
/* Of a node that is not empty. */
static inline uint64_t turns_least(const struct turns_node *node)
{
	uint64_t order = node->order, least = node->least[order % TURNS_WIDTH];

	for (unsigned left = node->count; --left;) {
		const uint64_t other = node->least[(order >>= TURNS_PLACE_BITS) % TURNS_WIDTH];

		least = key_before(other, least) ? other : least;
	}
	return least;
}
/* Is it, or what is below it, the first of all? */
static inline bool turns_is_front(const struct turns_node *node)
{
	for (; node->parent; node = node->parent) {
		if (turns_slot(node->parent, 0) != node->slot)
			return false;
	}
	return true;
}

/* --- a walk through all entries, by deadline; the tree may not change meanwhile */

struct turns_walk {
	const struct turns_node *leaf; /* NULL: at the end */
	unsigned at;
};
static inline struct turns_walk turns_walk_from(const struct turns_node *node)
{
	while (node && !node->leaf)
		node = turns_child(node, 0);
	return (struct turns_walk){node, 0};
}
/* NULL at the end. */
static inline struct turn *turns_walk_turn(const struct turns_walk *walk)
{
	return walk->leaf ? walk->leaf->children[turns_slot(walk->leaf, walk->at)] : NULL;
}
static inline void turns_walk_on(struct turns_walk *walk)
{
	const struct turns_node *node = walk->leaf;

	if (++walk->at < node->count)
		return;
	for (; node->parent; node = node->parent) {
		const unsigned next = turns_place(node->parent, node->slot) + 1;

		if (next < node->parent->count) {
			*walk = turns_walk_from(turns_child(node->parent, next));
			return;
		}
	}
	walk->leaf = NULL;
}

#endif
