/* What must hold in a tree of turns. */
#include "sched/turns_node.h"

/* The slot `i` of an inner node and what is below. */
static const char *child_wrong(const struct turns_node *node, unsigned i)
{
	const struct turns_slot *slot = &node->slots[i];
	const struct turns_node *child = slot->child;

	if (turns_count(child) < (turns_is_front(child) ? 1 : TURNS_LEAST))
		return "a node of turns has too few";
	if (child->parent != node || child->leaf != turns_child(node, node->begin)->leaf)
		return "the links of turns are broken";
	if (turns_least(child) != slot->least)
		return "a least virtual time is wrong";
	if (i > node->begin && key_before(child->slots[child->begin + !child->leaf].key, slot->key))
		return "a turn is before what its parent says";
	/* The key of a front node's first slot says nothing, and it may be the last. */
	if (i + 1 < node->end && (child->leaf || turns_count(child) > 1) &&
		key_before(slot[1].key, child->slots[child->end - 1].key))
		return "a turn is behind what its parent says";
	return NULL;
}

static const char *node_wrong(const struct turns_node *node)
{
	if (node->begin >= node->end || node->end > TURNS_WIDTH)
		return "a node of turns has too many or none";
	for (unsigned i = node->begin; i < node->end; i++) {
		const struct turns_slot *slot = &node->slots[i];
		const char *wrong = node->leaf ? NULL : child_wrong(node, i);

		if (i + 1 < node->end && (node->leaf || i > node->begin) &&
			key_before(slot[1].key, slot->key))
			return "turns are out of order";
		if (slot->rest != turns_rest(node, i))
			return "what follows has another least virtual time";
		if (node->leaf && ((const struct turn *)slot->child)->leaf != node)
			return "a turn is not where it says";
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
		const void *child = walk.leaf->slots[walk.at].child;

		for (const struct turns_node *node = walk.leaf;
			node && node->slots[node->begin].child == child;
			child = node, node = node->parent) {
			const char *wrong = node_wrong(node);

			if (wrong)
				return wrong;
		}
		walk.at = walk.leaf->end - 1u;
		turns_walk_on(&walk);
	}
	return NULL;
}
