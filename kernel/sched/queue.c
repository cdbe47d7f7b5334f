#include "sched/queue.h"

static uint32_t rank_of(const struct queue_node *node)
{
	return node ? node->rank : 0;
}

/* Put the shorter way to the right. Returns whether the rank has changed. Which it is nobody could
 * foresee: no branches. */
static bool settle(struct queue_node *node)
{
	struct queue_node *left = node->left, *right = node->right;
	uint32_t before = node->rank, a = rank_of(left), b = rank_of(right);

	node->left = a < b ? right : left;
	node->right = a < b ? left : right;
	node->rank = MIN(a, b) + 1;
	return node->rank != before;
}

/* Both are roots. Walks down the two right spines, each at most log2(n + 1) long, and back. */
static struct queue_node *merge(struct queue_node *a, struct queue_node *b)
{
	struct queue_node *root = NULL, *at = NULL, **to = &root;

	while (a && b) {
		bool swap = key_before(b->key, a->key);
		struct queue_node *first = swap ? b : a;

		b = swap ? a : b;
		first->parent = at;
		*to = first;
		to = &first->right;
		at = first;
		a = first->right;
	}
	a = a ? a : b;
	*to = a;
	if (a)
		a->parent = at;
	for (; at; at = at->parent)
		settle(at);
	return root;
}

void queue_insert(struct queue *queue, struct queue_node *node, uint64_t key)
{
	node->left = node->right = node->parent = NULL;
	node->key = key;
	node->rank = 1;
	queue->root = merge(queue->root, node);
}

static void detach(struct queue_node *child)
{
	if (child)
		child->parent = NULL;
}

void queue_remove(struct queue *queue, struct queue_node *node)
{
	struct queue_node *parent = node->parent, *rest;

	detach(node->left);
	detach(node->right);
	rest = merge(node->left, node->right);
	if (rest)
		rest->parent = parent;
	if (!parent)
		queue->root = rest;
	else if (parent->left == node)
		parent->left = rest;
	else
		parent->right = rest;
	while (parent && settle(parent))
		parent = parent->parent;
	node->rank = 0;
}

struct queue_node *queue_walk(const struct queue_node *node)
{
	if (node->left)
		return node->left;
	if (node->right)
		return node->right;
	for (; node->parent; node = node->parent) {
		if (node == node->parent->left && node->parent->right)
			return node->parent->right;
	}
	return NULL;
}
