#include "sched/turns_node.h"

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
	node->order = TURNS_IN_ORDER;
	node->leaf = leaf;
	node->count = 0;
	return node;
}

static void free_node(struct turns *turns, struct turns_node *node)
{
	node->parent = turns->free;
	turns->free = node;
}

/* --- places in a node's order */

#define BITS TURNS_PLACE_BITS

/* The places before `at`. */
static uint64_t below(unsigned at)
{
	return (1ull << BITS * at) - 1;
}

/* The places up to `at`, which may be the last one. */
static uint64_t up_to(unsigned at)
{
	return (2ull << (BITS * at + BITS - 1)) - 1;
}

/* A free slot gets the place `at` of a node that has room; those behind move on. */
static unsigned open_place(struct turns_node *node, unsigned at)
{
	const uint64_t order = node->order, before = below(at), upto = up_to(node->count);
	const unsigned slot = turns_slot(node, node->count++);

	node->order = (order & (before | ~upto)) | (uint64_t)slot << BITS * at |
		      ((order & ~before) << BITS & upto);
	return slot;
}

/* The slot at `at` is free. It is the next that is opened. */
static void close_place(struct turns_node *node, unsigned at)
{
	const unsigned slot = turns_slot(node, at), last = --node->count;
	const uint64_t order = node->order, before = below(at), upto = up_to(last);

	node->order = (order & (before | ~upto)) | (uint64_t)slot << BITS * last |
		      ((order & upto) >> BITS & ~before);
}

/* From `from` on, the first place whose key is after `key`. All are looked at, and counted by the
 * sign of a difference: no branch and no load waits for the last one, and where it ends nobody
 * could foresee. */
static unsigned place_for(const struct turns_node *node, unsigned from, uint64_t key)
{
	uint64_t order = node->order >> BITS * from;
	unsigned at = node->count;

	for (unsigned left = node->count - from; left; left--, order >>= BITS)
		at -= (unsigned)((key - node->keys[order % TURNS_WIDTH]) >> 63);
	return at;
}

/* --- parts of nodes */

static void fill_slot(
	struct turns_node *node, unsigned slot, uint64_t key, uint64_t least, void *child)
{
	node->keys[slot] = key;
	node->least[slot] = least;
	node->children[slot] = child;
	if (node->leaf) {
		((struct turn *)child)->leaf = node;
		((struct turn *)child)->slot = slot;
	} else {
		((struct turns_node *)child)->parent = node;
		((struct turns_node *)child)->slot = (uint8_t)slot;
	}
}

/* What is at a place of one node goes to a place of the other. */
static void copy(struct turns_node *to, unsigned where, const struct turns_node *from, unsigned at)
{
	const unsigned slot = turns_slot(from, at);

	fill_slot(to, turns_slot(to, where), from->keys[slot], from->least[slot],
		from->children[slot]);
}

/* Whose places begin `count` later; those before become the last of the free. */
static uint64_t turned(uint64_t order, unsigned count)
{
	const unsigned bits = BITS * count % 64;

	return order >> bits | order << (64 - bits) % 64;
}

/* The first of `high` become the last of `low`, which has room. */
static void move_down(struct turns_node *low, struct turns_node *high, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		copy(low, low->count + i, high, i);
	high->order = turned(high->order, count);
	low->count = (uint8_t)(low->count + count);
	high->count = (uint8_t)(high->count - count);
}

/* The last of `low` become the first of `high`, which has room. */
static void move_up(struct turns_node *low, struct turns_node *high, unsigned count)
{
	high->order = turned(high->order, TURNS_WIDTH - count);
	low->count = (uint8_t)(low->count - count);
	high->count = (uint8_t)(high->count + count);
	for (unsigned i = 0; i < count; i++)
		copy(high, i, low, low->count + i);
}

/* The parent learns what is the least in this child. */
static void tell_parent(const struct turns_node *node)
{
	node->parent->least[node->slot] = turns_least(node);
}

/* What had that virtual time is gone from below `node`: those above learn it. */
static void forget(const struct turns_node *node, uint64_t vtime)
{
	for (; node->parent && node->parent->least[node->slot] == vtime; node = node->parent)
		tell_parent(node);
}

/* --- insertion */

/* A full child of a node that has room, at `at`: its later part becomes the next child. */
static void split(struct turns *turns, struct turns_node *parent, unsigned at, uint64_t deadline)
{
	struct turns_node *low = turns_child(parent, at), *high;
	const bool late = !key_before(deadline, turns_key(low, KEPT_LATE));

	high = take_node(turns, parent, low->leaf);
	move_up(low, high, TURNS_WIDTH - (late ? KEPT_LATE : HALF));
	fill_slot(parent, open_place(parent, at + 1), turns_key(high, 0), turns_least(high), high);
	tell_parent(low);
}

static void grow(struct turns *turns, uint64_t deadline)
{
	struct turns_node *old = turns->root, *root = take_node(turns, NULL, false);

	fill_slot(root, open_place(root, 0), turns_key(old, 0), 0, old);
	turns->root = root;
	split(turns, root, 0, deadline);
}

static struct turns_node *descend(
	struct turns *turns, struct turns_node *node, uint64_t deadline, uint64_t vtime)
{
	/* Whatever is before all others goes to the first. */
	unsigned at = place_for(node, 1, deadline) - 1, slot;

	if (turns_child(node, at)->count == TURNS_WIDTH) {
		split(turns, node, at, deadline);
		at += !key_before(deadline, turns_key(node, at + 1));
	}
	slot = turns_slot(node, at);
	if (key_before(vtime, node->least[slot]))
		node->least[slot] = vtime;
	return node->children[slot];
}

static void add_entry(struct turns *turns, struct turn *turn, uint64_t deadline, uint64_t vtime)
{
	struct turns_node *node;

	if (!turns->root)
		turns->root = take_node(turns, NULL, true);
	if (turns->root->count == TURNS_WIDTH)
		grow(turns, deadline);
	for (node = turns->root; !node->leaf;)
		node = descend(turns, node, deadline, vtime);
	fill_slot(node, open_place(node, place_for(node, 0, deadline)), deadline, vtime, turn);
}

void turns_insert(struct turns *turns, struct turn *turn, uint64_t deadline, uint64_t vtime)
{
	free_node(turns, turn->spare);
	add_entry(turns, turn, deadline, vtime);
}

/* --- removal */

/* The children at `at` and `at` + 1 become one; the fewer move. */
static void merge(struct turns *turns, struct turns_node *parent, unsigned at)
{
	struct turns_node *low = turns_child(parent, at), *high = turns_child(parent, at + 1);
	const bool up = low->count < high->count;

	if (up)
		move_up(low, high, low->count);
	else
		move_down(low, high, high->count);
	if (up)
		parent->keys[high->slot] = parent->keys[low->slot];
	tell_parent(up ? high : low);
	close_place(parent, up ? at : at + 1);
	free_node(turns, up ? low : high);
}

/* The children at `at` and `at` + 1 get the same number. */
static void even_out(struct turns_node *parent, unsigned at)
{
	struct turns_node *low = turns_child(parent, at), *high = turns_child(parent, at + 1);
	const unsigned half = (low->count + high->count) / 2u;

	if (low->count < half)
		move_down(low, high, half - low->count);
	else
		move_up(low, high, low->count - half);
	parent->keys[high->slot] = turns_key(high, 0);
	tell_parent(low);
	tell_parent(high);
}

/* Nodes with too few are filled up or merged, up to the root; but those at the front, where most
 * leave, are used up. Returns the lowest node whose least its parent may not know. */
static struct turns_node *fill(struct turns *turns, struct turns_node *node)
{
	while (node->parent && node->count < TURNS_LEAST) {
		struct turns_node *parent = node->parent;
		const bool front = turns_is_front(node);
		unsigned at;

		if (front && node->count)
			break;
		at = turns_place(parent, node->slot);
		at -= at > 0;
		if (front) {
			close_place(parent, 0);
			free_node(turns, node);
		} else if (turns_child(parent, at)->count + turns_child(parent, at + 1)->count <=
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

	if (root->count > !root->leaf)
		return;
	turns->root = root->leaf ? NULL : turns_child(root, 0);
	if (turns->root)
		turns->root->parent = NULL;
	free_node(turns, root);
}

static void take_entry(struct turns *turns, const struct turn *turn)
{
	struct turns_node *leaf = turn->leaf;
	const uint64_t vtime = leaf->least[turn->slot];

	close_place(leaf, turns_place(leaf, (unsigned)turn->slot));
	if (leaf->parent)
		forget(fill(turns, leaf), vtime);
	shrink(turns);
}

void turns_remove(struct turns *turns, struct turn *turn)
{
	take_entry(turns, turn);
	turn->leaf = NULL;
	turn->spare = turns->free;
	turns->free = turn->spare->parent;
}

/* --- changes of who stays */

void turns_advance(struct turn *turn, uint64_t vtime)
{
	uint64_t *least = &turn->leaf->least[turn->slot];
	const uint64_t before = *least;

	*least = vtime;
	forget(turn->leaf, before);
}

void turns_move(struct turns *turns, struct turn *turn, uint64_t deadline, uint64_t vtime)
{
	struct turns_node *leaf = turn->leaf;

	if (leaf->parent) {
		take_entry(turns, turn);
		add_entry(turns, turn, deadline, vtime);
		return;
	}
	/* Of few, all are in one node, where it keeps its slot. */
	close_place(leaf, turns_place(leaf, (unsigned)turn->slot));
	open_place(leaf, place_for(leaf, 0, deadline));
	leaf->keys[turn->slot] = deadline;
	leaf->least[turn->slot] = vtime;
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
		unsigned at = 0;

		while (at < node->count && !is_due(average, node->least[turns_slot(node, at)]))
			at++;
		if (at == node->count)
			return NULL;
		if (node->leaf)
			return node->children[turns_slot(node, at)];
		node = turns_child(node, at);
	}
	return NULL;
}

struct turn *turns_next(const struct turns *turns, const struct turn *turn)
{
	struct turns_walk walk = turns_walk_from(turns->root);

	if (turn) {
		walk = (struct turns_walk){
			turn->leaf, turns_place(turn->leaf, (unsigned)turn->slot)};
		turns_walk_on(&walk);
	}
	return turns_walk_turn(&walk);
}
