#include "sched/queue.h"

static uint32_t rank_of(const struct queue_node *node)
{
	return node ? node->rank : 0;
}

/* Put the shorter way to the right. Returns whether the rank has changed. */
static bool settle(struct queue_node *node)
{
	uint32_t rank;

	if (rank_of(node->left) < rank_of(node->right)) {
		struct queue_node *left = node->left;

		node->left = node->right;
		node->right = left;
	}
	rank = rank_of(node->right) + 1;
	if (rank == node->rank)
		return false;
	node->rank = rank;
	return true;
}

/* Both are roots. Walks down the two right spines, each at most log2(n + 1) long, and back. */
static struct queue_node *merge(struct queue_node *a, struct queue_node *b)
{
	struct queue_node *root = NULL, *at = NULL;

	while (a && b) {
		if (key_before(b->key, a->key)) {
			struct queue_node *other = a;

			a = b;
			b = other;
		}
		a->parent = at;
		if (at)
			at->right = a;
		else
			root = a;
		at = a;
		a = a->right;
	}
	a = a ? a : b;
	if (!at)
		return a;
	at->right = a;
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
