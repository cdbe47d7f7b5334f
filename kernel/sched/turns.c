#include "sched/turns_node.h"

#include <string.h>

#define HALF (TURNS_WIDTH / 2)
/* What a full node keeps where the new one comes at its end, as most do: they fill it next. */
#define KEPT_LATE 11u
/* Two neighbours become one only if that has room left: the next insertion does not split it. */
#define MERGE_MAX (TURNS_WIDTH - 2)

static struct turns_node *take_node(struct turns *turns, struct turns_node *parent, bool leaf)
{
	struct turns_node *node = turns->free;

	turns->free = node->parent;
	node->parent = parent;
	node->leaf = leaf;
	node->begin = node->end = 0;
	return node;
}

static void free_node(struct turns *turns, struct turns_node *node)
{
	node->parent = turns->free;
	turns->free = node;
}

/* What left a slot may still be written there: only those between begin and end count. */
static bool is_at(const struct turns_node *node, unsigned i, const void *child)
{
	return i - node->begin < turns_count(node) && node->slots[i].child == child;
}

/* Where it is: mostly where it came. */
static unsigned slot_of_turn(struct turn *turn)
{
	if (!is_at(turn->leaf, (unsigned)turn->hint, turn))
		turn->hint = turns_slot_of(turn->leaf, turn);
	return (unsigned)turn->hint;
}

static unsigned slot_of_node(struct turns_node *node)
{
	if (!is_at(node->parent, node->hint, node))
		node->hint = (uint8_t)turns_slot_of(node->parent, node);
	return node->hint;
}

/* The slot `at` is new or has changed, or what follows it has. */
static void learn_rest(struct turns_node *node, unsigned at)
{
	node->slots[at].rest = turns_rest(node, at);
	while (at-- > node->begin) {
		const uint64_t rest = turns_rest(node, at);

		if (rest == node->slots[at].rest)
			return;
		node->slots[at].rest = rest;
	}
}

/* --- parts of nodes */

/* The slots come to begin at `begin`. */
static void slide(struct turns_node *node, unsigned begin)
{
	unsigned count = turns_count(node);

	memmove(&node->slots[begin], &node->slots[node->begin], count * sizeof(node->slots[0]));
	node->begin = (uint16_t)begin;
	node->end = (uint16_t)(begin + count);
}

/* A slot for what comes before the one at `at`, in a node that has room. Returns where it is. */
static unsigned open_slot(struct turns_node *node, unsigned at)
{
	if (node->end == TURNS_WIDTH) {
		at -= node->begin;
		slide(node, 0);
	}
	for (unsigned i = node->end++; i > at; i--)
		node->slots[i] = node->slots[i - 1];
	return at;
}

static void close_slot(struct turns_node *node, unsigned at)
{
	if (at - node->begin < node->end - at) {
		for (unsigned i = at; i > node->begin; i--)
			node->slots[i] = node->slots[i - 1];
		node->begin++;
	} else {
		for (unsigned i = at + 1; i < node->end; i++)
			node->slots[i - 1] = node->slots[i];
		node->end--;
		at--;
	}
	if (at + 1 > node->begin)
		learn_rest(node, at);
}

static void adopt(struct turns_node *node, unsigned from, unsigned count)
{
	for (unsigned i = from; i < from + count; i++) {
		if (node->leaf)
			((struct turn *)node->slots[i].child)->leaf = node;
		else
			turns_child(node, i)->parent = node;
	}
}

/* The first of `high` become the last of `low`, which has room. */
static void move_down(struct turns_node *low, struct turns_node *high, unsigned count)
{
	unsigned joint;

	if (low->end + count > TURNS_WIDTH)
		slide(low, 0);
	joint = low->end;
	memcpy(&low->slots[low->end], &high->slots[high->begin], count * sizeof(low->slots[0]));
	adopt(low, low->end, count);
	low->end = (uint16_t)(low->end + count);
	high->begin = (uint16_t)(high->begin + count);
	learn_rest(low, low->end - 1u);
	learn_rest(low, joint - 1);
}

/* The last of `low` become the first of `high`. */
static void move_up(struct turns_node *low, struct turns_node *high, unsigned count)
{
	if (high->begin < count)
		slide(high, count);
	low->end = (uint16_t)(low->end - count);
	high->begin = (uint16_t)(high->begin - count);
	memcpy(&high->slots[high->begin], &low->slots[low->end], count * sizeof(low->slots[0]));
	adopt(high, high->begin, count);
	learn_rest(high, high->begin + count - 1);
	if (turns_count(low))
		learn_rest(low, low->end - 1u);
}

/* --- insertion */

/* A full child of a node that has room, at `at`: its upper part becomes the next child. Returns
 * where that is. */
static unsigned split(
	struct turns *turns, struct turns_node *parent, unsigned at, uint64_t deadline)
{
	struct turns_node *low = turns_child(parent, at), *high;
	bool late = !key_before(deadline, low->slots[KEPT_LATE].key);

	high = take_node(turns, parent, low->leaf);
	move_up(low, high, TURNS_WIDTH - (late ? KEPT_LATE : HALF));
	at = open_slot(parent, at + 1);
	parent->slots[at] = (struct turns_slot){
		.key = high->slots[high->begin].key, .least = turns_least(high), .child = high};
	parent->slots[at - 1].least = turns_least(low);
	learn_rest(parent, at);
	return at;
}

static void grow(struct turns *turns, uint64_t deadline)
{
	struct turns_node *old = turns->root, *root = take_node(turns, NULL, false);

	root->slots[0] = (struct turns_slot){.key = old->slots[0].key, .child = old};
	root->end = 1;
	old->parent = root;
	turns->root = root;
	split(turns, root, 0, deadline);
}

/* Below which child of an inner node `key` belongs. Halving without branches: where it ends nobody
 * could foresee. */
static unsigned child_for(const struct turns_node *node, uint64_t key)
{
	unsigned at = node->begin;

	for (unsigned left = turns_count(node), half; left > 1; left -= half) {
		half = left / 2;
		at += half * !key_before(key, node->slots[at + half].key);
	}
	return at;
}

static struct turns_node *descend(
	struct turns *turns, struct turns_node *node, uint64_t deadline, uint64_t vtime)
{
	unsigned i = child_for(node, deadline);

	if (turns_count(turns_child(node, i)) == TURNS_WIDTH) {
		i = split(turns, node, i, deadline);
		i -= key_before(deadline, node->slots[i].key);
	}
	if (key_before(vtime, node->slots[i].least)) {
		node->slots[i].least = vtime;
		learn_rest(node, i);
	}
	return turns_child(node, i);
}

/* To a leaf that has room, behind those of the same deadline. Returns where it is. */
static unsigned add_entry(struct turns_node *leaf, struct turns_slot entry)
{
	unsigned at;

	if (leaf->end == TURNS_WIDTH)
		slide(leaf, 0);
	for (at = leaf->end++; at > leaf->begin; at--) {
		if (!key_before(entry.key, leaf->slots[at - 1].key))
			break;
		leaf->slots[at] = leaf->slots[at - 1];
	}
	leaf->slots[at] = entry;
	learn_rest(leaf, at);
	return at;
}

void turns_insert(struct turns *turns, struct turn *turn, uint64_t deadline, uint64_t vtime)
{
	struct turns_node *node;

	free_node(turns, turn->spare);
	if (!turns->root)
		turns->root = take_node(turns, NULL, true);
	if (turns_count(turns->root) == TURNS_WIDTH)
		grow(turns, deadline);
	for (node = turns->root; !node->leaf;)
		node = descend(turns, node, deadline, vtime);
	turn->hint = add_entry(
		node, (struct turns_slot){.key = deadline, .least = vtime, .child = turn});
	turn->leaf = node;
}

/* --- removal */

/* The least of `node` may be another one: those above learn it. */
static void refresh(struct turns_node *node)
{
	for (; node->parent; node = node->parent) {
		const unsigned at = slot_of_node(node);

		if (node->parent->slots[at].least == turns_least(node))
			return;
		node->parent->slots[at].least = turns_least(node);
		learn_rest(node->parent, at);
	}
}

void turns_advance(struct turn *turn, uint64_t vtime)
{
	const unsigned at = slot_of_turn(turn);

	turn->leaf->slots[at].least = vtime;
	learn_rest(turn->leaf, at);
	refresh(turn->leaf);
}

/* The children `at` and `at` + 1 become one; the fewer move. */
static void merge(struct turns *turns, struct turns_node *parent, unsigned at)
{
	struct turns_node *low = turns_child(parent, at), *high = turns_child(parent, at + 1);
	bool up = turns_count(low) < turns_count(high);

	if (up)
		move_up(low, high, turns_count(low));
	else
		move_down(low, high, turns_count(high));
	parent->slots[at].child = up ? high : low;
	parent->slots[at].least = turns_least(up ? high : low);
	close_slot(parent, at + 1);
	free_node(turns, up ? low : high);
}

/* The children `at` and `at` + 1 get the same number. */
static void even_out(struct turns_node *parent, unsigned at)
{
	struct turns_node *low = turns_child(parent, at), *high = turns_child(parent, at + 1);
	unsigned half = (turns_count(low) + turns_count(high)) / 2;

	if (turns_count(low) < half)
		move_down(low, high, half - turns_count(low));
	else
		move_up(low, high, turns_count(low) - half);
	parent->slots[at].least = turns_least(low);
	parent->slots[at + 1].key = high->slots[high->begin].key;
	parent->slots[at + 1].least = turns_least(high);
	learn_rest(parent, at + 1);
}

/* Nodes with too few are filled up or merged, up to the root; but those at the front, where most
 * leave, are used up. Returns the lowest node whose least its parent may not know. */
static struct turns_node *fill(struct turns *turns, struct turns_node *node)
{
	while (node->parent && turns_count(node) < TURNS_LEAST) {
		struct turns_node *parent = node->parent;
		bool front = turns_is_front(node);
		unsigned at;

		if (front && turns_count(node))
			break;
		at = slot_of_node(node);
		at -= at > parent->begin;
		if (front) {
			parent->begin++;
			free_node(turns, node);
		} else if (turns_count(turns_child(parent, at)) +
				   turns_count(turns_child(parent, at + 1)) <=
			   MERGE_MAX) {
			merge(turns, parent, at);
		} else {
			even_out(parent, at);
		}
		node = parent;
	}
	return node;
}

/* A root with one child, or with none, goes. */
static void shrink(struct turns *turns)
{
	struct turns_node *root = turns->root;

	if (turns_count(root) > !root->leaf)
		return;
	turns->root = root->leaf ? NULL : turns_child(root, root->begin);
	if (turns->root)
		turns->root->parent = NULL;
	free_node(turns, root);
}

void turns_remove(struct turns *turns, struct turn *turn)
{
	struct turns_node *node = turn->leaf;
	unsigned at = slot_of_turn(turn);

	close_slot(node, at);
	if (node->parent)
		refresh(fill(turns, node));
	shrink(turns);
	turn->leaf = NULL;
	turn->spare = turns->free;
	turns->free = turn->spare->parent;
}

/* --- search */

/* Without a division: `vtime` is not after the average. */
static bool is_due(const struct turns_average *average, uint64_t vtime)
{
	return (__int128)(int64_t)(vtime - average->zero) * average->load <= average->sum;
}

struct turn *turns_first(const struct turns *turns, const struct turns_average *average)
{
	const struct turns_node *node = turns->root;

	while (node) {
		unsigned i = node->begin;

		while (i < node->end && !is_due(average, node->slots[i].least))
			i++;
		if (i == node->end)
			return NULL;
		if (node->leaf)
			return node->slots[i].child;
		node = turns_child(node, i);
	}
	return NULL;
}

struct turn *turns_next(const struct turns *turns, const struct turn *turn)
{
	struct turns_walk walk = turns_walk_from(turns->root);
	const struct turns_slot *slot;

	if (turn) {
		walk = (struct turns_walk){turn->leaf, turns_slot_of(turn->leaf, turn)};
		turns_walk_on(&walk);
	}
	slot = turns_walk_slot(&walk);
	return slot ? slot->child : NULL;
}
