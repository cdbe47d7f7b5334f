#include "sched/turns.h"
#include "sched/queue.h"

#include <string.h>

#define HALF (TURNS_WIDTH / 2)
/* What a full node keeps where the new one comes at its end, as most do: they fill it next. */
#define KEPT_LATE 11u
/* Two neighbours become one only if that has room left: the next insertion does not split it. */
#define MERGE_MAX (TURNS_WIDTH - 2)

static unsigned count_of(const struct turns_node *node)
{
	return node->end - node->begin;
}

static struct turns_node *node_at(const struct turns_node *parent, unsigned i)
{
	return parent->slots[i].child;
}

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

static unsigned slot_of(const struct turns_node *node, const void *child)
{
	unsigned i = node->begin;

	while (node->slots[i].child != child)
		i++;
	return i;
}

static uint64_t least_of(const struct turns_node *node)
{
	uint64_t least = node->slots[node->begin].least;

	for (unsigned i = node->begin + 1; i < node->end; i++)
		least = key_before(node->slots[i].least, least) ? node->slots[i].least : least;
	return least;
}

/* --- parts of nodes */

/* The slots come to begin at `begin`. */
static void slide(struct turns_node *node, unsigned begin)
{
	unsigned count = count_of(node);

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
		return;
	}
	for (unsigned i = at + 1; i < node->end; i++)
		node->slots[i - 1] = node->slots[i];
	node->end--;
}

static void adopt(struct turns_node *node, unsigned from, unsigned count)
{
	for (unsigned i = from; i < from + count; i++) {
		if (node->leaf)
			((struct turn *)node->slots[i].child)->leaf = node;
		else
			node_at(node, i)->parent = node;
	}
}

/* The first of `high` become the last of `low`, which has room. */
static void move_down(struct turns_node *low, struct turns_node *high, unsigned count)
{
	if (low->end + count > TURNS_WIDTH)
		slide(low, 0);
	memcpy(&low->slots[low->end], &high->slots[high->begin], count * sizeof(low->slots[0]));
	adopt(low, low->end, count);
	low->end = (uint16_t)(low->end + count);
	high->begin = (uint16_t)(high->begin + count);
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
}

/* --- insertion */

/* A full child of a node that has room, at `at`: its upper part becomes the next child. Returns
 * where that is. */
static unsigned split(
	struct turns *turns, struct turns_node *parent, unsigned at, uint64_t deadline)
{
	struct turns_node *low = node_at(parent, at), *high;
	bool late = !key_before(deadline, low->slots[KEPT_LATE].key);

	high = take_node(turns, parent, low->leaf);
	move_up(low, high, TURNS_WIDTH - (late ? KEPT_LATE : HALF));
	at = open_slot(parent, at + 1);
	parent->slots[at] = (struct turns_slot){high->slots[high->begin].key, least_of(high), high};
	parent->slots[at - 1].least = least_of(low);
	return at;
}

static void grow(struct turns *turns, uint64_t deadline)
{
	struct turns_node *old = turns->root, *root = take_node(turns, NULL, false);

	root->slots[0] = (struct turns_slot){old->slots[0].key, least_of(old), old};
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

	for (unsigned left = count_of(node), half; left > 1; left -= half) {
		half = left / 2;
		at += half * !key_before(key, node->slots[at + half].key);
	}
	return at;
}

static struct turns_node *descend(
	struct turns *turns, struct turns_node *node, uint64_t deadline, uint64_t vtime)
{
	unsigned i = child_for(node, deadline);

	if (count_of(node_at(node, i)) == TURNS_WIDTH) {
		i = split(turns, node, i, deadline);
		i -= key_before(deadline, node->slots[i].key);
	}
	if (key_before(vtime, node->slots[i].least))
		node->slots[i].least = vtime;
	return node_at(node, i);
}

/* To a leaf that has room, behind those of the same deadline. */
static void add_entry(struct turns_node *leaf, struct turns_slot entry)
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
}

void turns_insert(struct turns *turns, struct turn *turn, uint64_t deadline, uint64_t vtime)
{
	struct turns_node *node;

	free_node(turns, turn->spare);
	turn->spare = NULL;
	if (!turns->root)
		turns->root = take_node(turns, NULL, true);
	if (count_of(turns->root) == TURNS_WIDTH)
		grow(turns, deadline);
	for (node = turns->root; !node->leaf;)
		node = descend(turns, node, deadline, vtime);
	add_entry(node, (struct turns_slot){deadline, vtime, turn});
	turn->leaf = node;
}

/* --- removal */

/* One with this virtual time is gone from below `node`: those above learn the new least, if that
 * was the least. */
static void refresh(struct turns_node *node, uint64_t vtime)
{
	for (; node->parent; node = node->parent) {
		struct turns_slot *slot = &node->parent->slots[slot_of(node->parent, node)];

		if (slot->least != vtime)
			return;
		slot->least = least_of(node);
	}
}

/* The children `at` and `at` + 1 become one; the fewer move. */
static void merge(struct turns *turns, struct turns_node *parent, unsigned at)
{
	struct turns_node *low = node_at(parent, at), *high = node_at(parent, at + 1);
	bool up = count_of(low) < count_of(high);

	if (up)
		move_up(low, high, count_of(low));
	else
		move_down(low, high, count_of(high));
	parent->slots[at].child = up ? high : low;
	parent->slots[at].least = least_of(up ? high : low);
	close_slot(parent, at + 1);
	free_node(turns, up ? low : high);
}

/* The children `at` and `at` + 1 get the same number. */
static void even_out(struct turns_node *parent, unsigned at)
{
	struct turns_node *low = node_at(parent, at), *high = node_at(parent, at + 1);
	unsigned half = (count_of(low) + count_of(high)) / 2;

	if (count_of(low) < half)
		move_down(low, high, half - count_of(low));
	else
		move_up(low, high, count_of(low) - half);
	parent->slots[at].least = least_of(low);
	parent->slots[at + 1].key = high->slots[high->begin].key;
	parent->slots[at + 1].least = least_of(high);
}

/* Is it, or what is below it, the first of all? */
static bool is_front(const struct turns_node *node)
{
	for (; node->parent; node = node->parent) {
		if (node_at(node->parent, node->parent->begin) != node)
			return false;
	}
	return true;
}

/* Nodes with too few are filled up or merged, up to the root; but those at the front, where most
 * leave, are used up. Returns the lowest node whose least its parent may not know. */
static struct turns_node *fill(struct turns *turns, struct turns_node *node)
{
	while (node->parent && count_of(node) < TURNS_LEAST) {
		struct turns_node *parent = node->parent;
		bool front = is_front(node);
		unsigned at;

		if (front && count_of(node))
			break;
		at = slot_of(parent, node);
		at -= at > parent->begin;
		if (front) {
			parent->begin++;
			free_node(turns, node);
		} else if (count_of(node_at(parent, at)) + count_of(node_at(parent, at + 1)) <=
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

	if (count_of(root) > !root->leaf)
		return;
	turns->root = root->leaf ? NULL : node_at(root, root->begin);
	if (turns->root)
		turns->root->parent = NULL;
	free_node(turns, root);
}

void turns_remove(struct turns *turns, struct turn *turn)
{
	struct turns_node *node = turn->leaf;
	unsigned at = slot_of(node, turn);
	uint64_t vtime = node->slots[at].least;

	close_slot(node, at);
	if (node->parent)
		refresh(fill(turns, node), vtime);
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
		node = node_at(node, i);
	}
	return NULL;
}

static struct turn *leftmost(const struct turns_node *node)
{
	while (!node->leaf)
		node = node_at(node, node->begin);
	return node->slots[node->begin].child;
}

struct turn *turns_next(const struct turns *turns, const struct turn *turn)
{
	const struct turns_node *node;
	const void *child = turn;

	if (!turn)
		return turns->root ? leftmost(turns->root) : NULL;
	for (node = turn->leaf; node; child = node, node = node->parent) {
		unsigned at = slot_of(node, child) + 1;

		if (at < node->end)
			return node->leaf ? node->slots[at].child : leftmost(node_at(node, at));
	}
	return NULL;
}

uint64_t turn_deadline(const struct turn *turn)
{
	return turn->leaf->slots[slot_of(turn->leaf, turn)].key;
}

uint64_t turn_vtime(const struct turn *turn)
{
	return turn->leaf->slots[slot_of(turn->leaf, turn)].least;
}

/* --- check */

/* The slot `i` of an inner node and what is below. */
static const char *child_wrong(const struct turns_node *node, unsigned i)
{
	const struct turns_slot *slot = &node->slots[i];
	const struct turns_node *child = slot->child;

	if (count_of(child) < (is_front(child) ? 1 : TURNS_LEAST))
		return "a node of turns has too few";
	if (child->parent != node || child->leaf != node_at(node, node->begin)->leaf)
		return "the links of turns are broken";
	if (least_of(child) != slot->least)
		return "a least virtual time is wrong";
	if (i > node->begin && key_before(child->slots[child->begin + !child->leaf].key, slot->key))
		return "a turn is before what its parent says";
	/* The key of a front node's first slot says nothing, and it may be the last. */
	if (i + 1 < node->end && (child->leaf || count_of(child) > 1) &&
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
		if (node->leaf && ((const struct turn *)slot->child)->leaf != node)
			return "a turn is not where it says";
		if (wrong)
			return wrong;
	}
	return NULL;
}

/* Each node is looked at when the walk comes to its first entry. */
const char *turns_wrong(const struct turns *turns)
{
	const struct turn *turn = NULL;

	while ((turn = turns_next(turns, turn))) {
		const void *child = turn;

		for (const struct turns_node *node = turn->leaf;
			node && node->slots[node->begin].child == child;
			child = node, node = node->parent) {
			const char *wrong = node_wrong(node);

			if (wrong)
				return wrong;
		}
	}
	return NULL;
}
