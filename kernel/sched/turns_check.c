/* What must hold in a tree of turns. */
#include "sched/turns_node.h"

/* What is at place `at` of an inner node and below. */
static const char *child_wrong(const struct turns_node *node, unsigned at)
{
	const struct turns_node *child = turns_child(node, at);

	if (child->count < (turns_is_front(child) ? 1 : TURNS_LEAST))
		return "a node of turns has too few";
	if (child->parent != node || child->slot != turns_slot(node, at) ||
		child->leaf != turns_child(node, 0)->leaf)
		return "the links of turns are broken";
	if (turns_least(child) != node->least[child->slot])
		return "a least virtual time is wrong";
	/* The key of a front node's first place says nothing, and it may be the last. */
	if (at > 0 && key_before(turns_key(child, !child->leaf), turns_key(node, at)))
		return "a turn is before what its parent says";
	if (at + 1 < node->count && (child->leaf || child->count > 1) &&
		key_before(turns_key(node, at + 1), turns_key(child, child->count - 1u)))
		return "a turn is behind what its parent says";
	return NULL;
}

static const char *entry_wrong(const struct turns_node *leaf, unsigned at)
{
	const unsigned slot = turns_slot(leaf, at);
	const struct turn *turn = leaf->children[slot];

	return turn->leaf == leaf && turn->slot == slot ? NULL : "a turn is not where it says";
}

/* Each slot has one place. */
static bool is_order(uint64_t order)
{
	unsigned seen = 0;

	for (unsigned at = 0; at < TURNS_WIDTH; at++, order >>= TURNS_PLACE_BITS)
		seen |= 1u << order % TURNS_WIDTH;
	return seen == (1u << TURNS_WIDTH) - 1;
}

static const char *node_wrong(const struct turns_node *node)
{
	if (!node->count || node->count > TURNS_WIDTH)
		return "a node of turns has too many or none";
	if (!is_order(node->order))
		return "a slot of turns has two places";
	for (unsigned at = 0; at < node->count; at++) {
		const char *wrong = node->leaf ? entry_wrong(node, at) : child_wrong(node, at);

		if (at + 1 < node->count && (node->leaf || at > 0) &&
			key_before(turns_key(node, at + 1), turns_key(node, at)))
			return "turns are out of order";
		if (wrong)
			return wrong;
	}
	return NULL;
}

/* Each node is looked at when the walk comes to its first leaf. */
const char *turns_wrong(const struct turns *turns)
{
	struct turns_walk walk = turns_walk_from(turns->root);

	while (walk.leaf) {
		for (const struct turns_node *node = walk.leaf; node; node = node->parent) {
			const char *wrong = node_wrong(node);

			if (wrong)
				return wrong;
			if (node->parent && turns_slot(node->parent, 0) != node->slot)
				break;
		}
		walk.at = walk.leaf->count - 1u;
		turns_walk_on(&walk);
	}
	return NULL;
}
