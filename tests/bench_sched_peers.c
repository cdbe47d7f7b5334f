#include "tests/bench_sched_peers.h"
#include <stddef.h>

#define SHIFT 24

static bool before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

/* --- the tree. Invariant besides the colours: least_vtime is that of the subtree. */

static void update(struct peer_task *node)
{
	node->least_vtime = node->vtime;
	if (node->left && before(node->left->least_vtime, node->least_vtime))
		node->least_vtime = node->left->least_vtime;
	if (node->right && before(node->right->least_vtime, node->least_vtime))
		node->least_vtime = node->right->least_vtime;
}

static void update_path(struct peer_task *node)
{
	for (; node; node = node->parent)
		update(node);
}

static bool is_red(const struct peer_task *node)
{
	return node && node->red;
}

static void replace(struct peer *peer, struct peer_task *old, struct peer_task *new)
{
	if (!old->parent)
		peer->root = new;
	else if (old->parent->left == old)
		old->parent->left = new;
	else
		old->parent->right = new;
	if (new)
		new->parent = old->parent;
}

static void rotate(struct peer *peer, struct peer_task *node, bool to_left)
{
	struct peer_task *up = to_left ? node->right : node->left;
	struct peer_task *middle = to_left ? up->left : up->right;

	replace(peer, node, up);
	node->parent = up;
	if (to_left) {
		up->left = node;
		node->right = middle;
	} else {
		up->right = node;
		node->left = middle;
	}
	if (middle)
		middle->parent = node;
	update(node);
	update(up);
}

static void balance_after_insert(struct peer *peer, struct peer_task *node)
{
	while (is_red(node->parent)) {
		struct peer_task *parent = node->parent, *top = parent->parent;
		bool left = top->left == parent;
		struct peer_task *uncle = left ? top->right : top->left;

		if (is_red(uncle)) {
			parent->red = uncle->red = false;
			top->red = true;
			node = top;
			continue;
		}
		if (node == (left ? parent->right : parent->left)) {
			rotate(peer, parent, left);
			parent = node;
		}
		parent->red = false;
		top->red = true;
		rotate(peer, top, !left);
		break;
	}
	peer->root->red = false;
}

static void tree_insert(struct peer *peer, struct peer_task *task)
{
	struct peer_task **at = &peer->root, *parent = NULL;

	while (*at) {
		parent = *at;
		if (before(task->vtime, parent->least_vtime))
			parent->least_vtime = task->vtime;
		at = before(task->deadline, parent->deadline) ? &parent->left : &parent->right;
	}
	task->left = task->right = NULL;
	task->parent = parent;
	task->red = true;
	task->least_vtime = task->vtime;
	*at = task;
	balance_after_insert(peer, task);
}

static void balance_after_remove(
	struct peer *peer, struct peer_task *node, struct peer_task *parent)
{
	while (node != peer->root && !is_red(node)) {
		bool left = parent->left == node;
		struct peer_task *other = left ? parent->right : parent->left, *far, *near;

		if (is_red(other)) {
			other->red = false;
			parent->red = true;
			rotate(peer, parent, left);
			other = left ? parent->right : parent->left;
		}
		far = left ? other->right : other->left;
		near = left ? other->left : other->right;
		if (!is_red(far) && !is_red(near)) {
			other->red = true;
			node = parent;
			parent = node->parent;
			continue;
		}
		if (!is_red(far)) {
			near->red = false;
			other->red = true;
			rotate(peer, other, !left);
			other = left ? parent->right : parent->left;
			far = left ? other->right : other->left;
		}
		other->red = parent->red;
		parent->red = far->red = false;
		rotate(peer, parent, left);
		node = peer->root;
	}
	if (node)
		node->red = false;
}

static void tree_remove(struct peer *peer, struct peer_task *task)
{
	struct peer_task *child, *parent, *next;
	bool red = task->red;

	if (!task->left || !task->right) {
		child = task->left ? task->left : task->right;
		parent = task->parent;
		replace(peer, task, child);
	} else {
		next = task->right;
		while (next->left)
			next = next->left;
		red = next->red;
		child = next->right;
		parent = next->parent == task ? next : next->parent;
		if (next->parent != task) {
			replace(peer, next, child);
			next->right = task->right;
			next->right->parent = next;
		}
		replace(peer, task, next);
		next->left = task->left;
		next->left->parent = next;
		next->red = task->red;
	}
	update_path(parent);
	if (!red)
		balance_after_remove(peer, child, parent);
}

static bool is_due(const struct peer *peer, uint64_t vtime)
{
	return (__int128)(int64_t)(vtime - peer->zero) * (int64_t)peer->load <= peer->sum;
}

/* The earliest deadline among those whose virtual time has come. */
static struct peer_task *tree_first(const struct peer *peer)
{
	struct peer_task *node = peer->root, *best = NULL;

	while (node) {
		if (node->left && is_due(peer, node->left->least_vtime)) {
			node = node->left;
			continue;
		}
		if (is_due(peer, node->vtime)) {
			best = node;
			break;
		}
		node = node->right;
	}
	return best;
}

static void add_to_sum(struct peer *peer, const struct peer_task *task)
{
	peer->load += task->weight;
	peer->sum += (int64_t)(task->vtime - peer->zero) * task->weight;
}

void tree_add(struct peer *peer, struct peer_task *task)
{
	add_to_sum(peer, task);
	tree_insert(peer, task);
}

static void charge(struct peer *peer, struct peer_task *ran, uint64_t ns)
{
	uint64_t step = (ns << SHIFT) / ran->weight;

	ran->vtime += step;
	peer->sum += (int64_t)step * ran->weight;
	if (peer->sum > 1ll << 57) {
		int64_t shift = peer->sum / (int64_t)peer->load;

		peer->zero += (uint64_t)shift;
		peer->sum -= shift * (int64_t)peer->load;
	}
}

struct peer_task *tree_next(struct peer *peer, struct peer_task *ran, uint64_t ns, uint64_t request)
{
	struct peer_task *next;

	charge(peer, ran, ns);
	if (!before(ran->vtime, ran->deadline))
		ran->deadline = ran->vtime + (request << SHIFT) / ran->weight;
	tree_insert(peer, ran);
	next = tree_first(peer);
	tree_remove(peer, next);
	return next;
}

/* --- the list */

void list_add(struct peer *peer, struct peer_task *task)
{
	struct peer_task **at = &peer->root;

	while (*at && !before(task->vtime, (*at)->vtime))
		at = &(*at)->right;
	task->right = *at;
	*at = task;
}

struct peer_task *list_next(struct peer *peer, struct peer_task *ran, uint64_t ns)
{
	struct peer_task *next;

	ran->vtime += (ns << SHIFT) / ran->weight;
	list_add(peer, ran);
	next = peer->root;
	peer->root = next->right;
	return next;
}
