/* A tree of turns from inside (turns.h): its nodes, and a walk along its leaves. Pure. */
#ifndef SCHED_TURNS_NODE_H
#define SCHED_TURNS_NODE_H

#include "sched/queue.h"
#include "sched/turns.h"

static inline unsigned turns_count(const struct turns_node *node)
{
	return node->end - node->begin;
}
static inline struct turns_node *turns_child(const struct turns_node *parent, unsigned i)
{
	return parent->slots[i].child;
}
/* Which slot of `node` has `child`, which is there. */
static inline unsigned turns_slot_of(const struct turns_node *node, const void *child)
{
	unsigned i = node->begin;

	while (node->slots[i].child != child)
		i++;
	return i;
}
static inline uint64_t turns_least(const struct turns_node *node)
{
	return node->slots[node->begin].rest;
}
/* What slot `i` has to say of itself and of those after it. */
static inline uint64_t turns_rest(const struct turns_node *node, unsigned i)
{
	const uint64_t least = node->slots[i].least;

	if (i + 1 == node->end || key_before(least, node->slots[i + 1].rest))
		return least;
	return node->slots[i + 1].rest;
}
/* Is it, or what is below it, the first of all? */
static inline bool turns_is_front(const struct turns_node *node)
{
	for (; node->parent; node = node->parent) {
		if (turns_child(node->parent, node->parent->begin) != node)
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
		node = turns_child(node, node->begin);
	return (struct turns_walk){node, node ? node->begin : 0};
}
static inline const struct turns_slot *turns_walk_slot(const struct turns_walk *walk)
{
	return walk->leaf ? &walk->leaf->slots[walk->at] : NULL;
}
static inline void turns_walk_on(struct turns_walk *walk)
{
	const struct turns_node *child = walk->leaf, *node = child->parent;

	if (++walk->at < child->end)
		return;
	for (; node; child = node, node = node->parent) {
		unsigned next = turns_slot_of(node, child) + 1;

		if (next < node->end) {
			*walk = turns_walk_from(turns_child(node, next));
			return;
		}
	}
	walk->leaf = NULL;
}

#endif
