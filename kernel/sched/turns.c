#include "sched/turns.h"
#include "sched/queue.h"

#define HALF (TURNS_WIDTH / 2)
/* Two neighbours become one only if that has room left: the next insertion does not split it. */
#define MERGE_MAX (TURNS_WIDTH - TURNS_LEAST)

static struct turns_node *node_of(const struct turns_node *parent, unsigned i)
{
	return parent->children[i];
}

static struct turns_node *take_node(struct turns *turns, struct turns_node *parent, bool leaf)
{
	struct turns_node *node = turns->free;

	turns->free = node->parent;
	node->parent = parent;
	node->leaf = leaf;
	node->count = 0;
	return node;
}

static void free_node(struct turns *turns, struct turns_node *node)
{
	node->parent = turns->free;
	turns->free = node;
}

static unsigned slot_of(const struct turns_node *node, const void *child)
{
	unsigned i = 0;

	while (node->children[i] != child)
		i++;
	return i;
}

static uint64_t least_of(const struct turns_node *node)
{
	uint64_t least = node->least[0];

	for (unsigned i = 1; i < node->count; i++)
		least = key_before(node->least[i], least) ? node->least[i] : least;
	return least;
}

/* --- parts of nodes */

static void adopt(struct turns_node *node, unsigned from, unsigned count)
{
	for (unsigned i = from; i < from + count; i++) {
		if (node->leaf)
			((struct turn *)node->children[i])->leaf = node;
		else
			node_of(node, i)->parent = node;
	}
}

static void move_slot(
	struct turns_node *to, unsigned at, const struct turns_node *from, unsigned first)
{
	to->keys[at] = from->keys[first];
	to->least[at] = from->least[first];
	to->children[at] = from->children[first];
}

/* To another node, or down in the same one. A few words each: not worth calls. */
static void move_slots(struct turns_node *to, unsigned at, const struct turns_node *from,
	unsigned first, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		move_slot(to, at + i, from, first + i);
}

/* Room for `count` slots more. */
static void open_slots(struct turns_node *node, unsigned at, unsigned count)
{
	for (unsigned i = node->count; i > at; i--)
		move_slot(node, i - 1 + count, node, i - 1);
	node->count = (uint16_t)(node->count + count);
}

static void close_slots(struct turns_node *node, unsigned at, unsigned count)
{
	node->count = (uint16_t)(node->count - count);
	move_slots(node, at, node, at + count, node->count - at);
}

static void set_slot(
	struct turns_node *node, unsigned at, uint64_t key, uint64_t least, void *child)
{
	node->keys[at] = key;
	node->least[at] = least;
	node->children[at] = child;
}

/* --- insertion */

/* A full child of a node that has room, at `at`: its upper half becomes the next child. */
static void split(struct turns *turns, struct turns_node *parent, unsigned at)
{
	struct turns_node *low = node_of(parent, at), *high;

	high = take_node(turns, parent, low->leaf);
	move_slots(high, 0, low, HALF, TURNS_WIDTH - HALF);
	high->count = TURNS_WIDTH - HALF;
	low->count = HALF;
	adopt(high, 0, high->count);
	open_slots(parent, at + 1, 1);
	set_slot(parent, at + 1, high->keys[0], least_of(high), high);
	parent->least[at] = least_of(low);
}

static void grow(struct turns *turns)
{
	struct turns_node *old = turns->root, *root = take_node(turns, NULL, false);

	set_slot(root, 0, old->keys[0], least_of(old), old);
	root->count = 1;
	old->parent = root;
	turns->root = root;
	split(turns, root, 0);
}

/* How many keys are at or before `key`. */
static unsigned rank(const struct turns_node *node, uint64_t key)
{
	unsigned i = node->count;

	while (i && key_before(key, node->keys[i - 1]))
		i--;
	return i;
}

static unsigned descend(
	struct turns *turns, struct turns_node *node, uint64_t deadline, uint64_t vtime)
{
	unsigned i = rank(node, deadline);

	i -= i > 0;
	if (node_of(node, i)->count == TURNS_WIDTH) {
		split(turns, node, i);
		i += !key_before(deadline, node->keys[i + 1]);
	}
	if (key_before(vtime, node->least[i]))
		node->least[i] = vtime;
	return i;
}

void turns_insert(struct turns *turns, struct turn *turn, uint64_t deadline, uint64_t vtime)
{
	struct turns_node *node;
	unsigned at;

	free_node(turns, turn->spare);
	turn->spare = NULL;
	if (!turns->root)
		turns->root = take_node(turns, NULL, true);
	if (turns->root->count == TURNS_WIDTH)
		grow(turns);
	for (node = turns->root; !node->leaf;)
		node = node_of(node, descend(turns, node, deadline, vtime));
	at = rank(node, deadline);
	open_slots(node, at, 1);
	set_slot(node, at, deadline, vtime, turn);
	turn->leaf = node;
}

/* --- removal */

/* One with this virtual time is gone from below `node`: those above learn the new least, if that
 * was the least. */
static void refresh(struct turns_node *node, uint64_t vtime)
{
	for (; node->parent; node = node->parent) {
		unsigned at = slot_of(node->parent, node);

		if (node->parent->least[at] != vtime)
			return;
		node->parent->least[at] = least_of(node);
	}
}

/* The children `at` and `at` + 1 become one. */
static void merge(struct turns *turns, struct turns_node *parent, unsigned at)
{
	struct turns_node *low = node_of(parent, at), *high = node_of(parent, at + 1);

	move_slots(low, low->count, high, 0, high->count);
	low->count += high->count;
	adopt(low, low->count - high->count, high->count);
	parent->least[at] = least_of(low);
	close_slots(parent, at + 1, 1);
	free_node(turns, high);
}

/* The children `at` and `at` + 1 get the same number. */
static void even_out(struct turns_node *parent, unsigned at)
{
	struct turns_node *low = node_of(parent, at), *high = node_of(parent, at + 1);
	unsigned half = (low->count + high->count) / 2, moved;

	if (low->count < half) {
		moved = half - low->count;
		move_slots(low, low->count, high, 0, moved);
		low->count = (uint16_t)half;
		close_slots(high, 0, moved);
		adopt(low, half - moved, moved);
	} else {
		moved = low->count - half;
		open_slots(high, 0, moved);
		move_slots(high, 0, low, half, moved);
		low->count = (uint16_t)half;
		adopt(high, 0, moved);
	}
	parent->keys[at + 1] = high->keys[0];
	parent->least[at] = least_of(low);
	parent->least[at + 1] = least_of(high);
}

/* Nodes with too few are filled up or merged, up to the root. Returns the lowest node whose least
 * its parent may not know. */
static struct turns_node *fill(struct turns *turns, struct turns_node *node)
{
	while (node->parent && node->count < TURNS_LEAST) {
		struct turns_node *parent = node->parent;
		unsigned at = slot_of(parent, node);

		at -= at > 0;
		if (node_of(parent, at)->count + node_of(parent, at + 1)->count <= MERGE_MAX)
			merge(turns, parent, at);
		else
			even_out(parent, at);
		node = parent;
	}
	return node;
}

/* A root with one child, or with none, goes. */
static void shrink(struct turns *turns)
{
	struct turns_node *root = turns->root;

	if (root->leaf ? root->count > 0 : root->count > 1)
		return;
	turns->root = root->leaf ? NULL : node_of(root, 0);
	if (turns->root)
		turns->root->parent = NULL;
	free_node(turns, root);
}

void turns_remove(struct turns *turns, struct turn *turn)
{
	struct turns_node *node = turn->leaf;
	unsigned at = slot_of(node, turn);
	uint64_t vtime = node->least[at];

	close_slots(node, at, 1);
	refresh(fill(turns, node), vtime);
	shrink(turns);
	turn->leaf = NULL;
	turn->spare = take_node(turns, NULL, true);
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
		unsigned i = 0;

		while (i < node->count && !is_due(average, node->least[i]))
			i++;
		if (i == node->count)
			return NULL;
		if (node->leaf)
			return node->children[i];
		node = node_of(node, i);
	}
	return NULL;
}

static struct turn *leftmost(const struct turns_node *node)
{
	while (!node->leaf)
		node = node_of(node, 0);
	return node->children[0];
}

struct turn *turns_next(const struct turns *turns, const struct turn *turn)
{
	const struct turns_node *node;
	const void *child = turn;

	if (!turn)
		return turns->root ? leftmost(turns->root) : NULL;
	for (node = turn->leaf; node; child = node, node = node->parent) {
		unsigned at = slot_of(node, child) + 1;

		if (at < node->count)
			return node->leaf ? node->children[at] : leftmost(node_of(node, at));
	}
	return NULL;
}

uint64_t turn_deadline(const struct turn *turn)
{
	return turn->leaf->keys[slot_of(turn->leaf, turn)];
}

uint64_t turn_vtime(const struct turn *turn)
{
	return turn->leaf->least[slot_of(turn->leaf, turn)];
}

/* --- check */

static const char *node_wrong(const struct turns_node *node)
{
	if (node->count > TURNS_WIDTH || node->count < (node->parent ? TURNS_LEAST : 1))
		return "a node of turns has too many or too few";
	for (unsigned i = 0; i < node->count; i++) {
		const struct turns_node *child = node->children[i];

		if (i + 1 < node->count && (node->leaf || i) &&
			key_before(node->keys[i + 1], node->keys[i]))
			return "turns are out of order";
		if (node->leaf) {
			if (((const struct turn *)node->children[i])->leaf != node)
				return "a turn is not where it says";
			continue;
		}
		if (child->parent != node || child->leaf != node_of(node, 0)->leaf)
			return "the links of turns are broken";
		if (least_of(child) != node->least[i])
			return "a least virtual time is wrong";
		if (i && key_before(child->keys[child->leaf ? 0 : 1], node->keys[i]))
			return "a turn is before what its parent says";
		if (i + 1 < node->count &&
			key_before(node->keys[i + 1], child->keys[child->count - 1]))
			return "a turn is behind what its parent says";
	}
	return NULL;
}

/* Each node is looked at when the walk comes to its first entry. */
const char *turns_wrong(const struct turns *turns)
{
	const struct turn *turn = NULL;

	while ((turn = turns_next(turns, turn))) {
		const void *child = turn;

		for (const struct turns_node *node = turn->leaf; node && node->children[0] == child;
			child = node, node = node->parent) {
			const char *wrong = node_wrong(node);

			if (wrong)
				return wrong;
		}
	}
	return NULL;
}
