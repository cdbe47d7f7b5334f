/* Intrusive, circular, doubly linked lists. The head is a node of its own. Pure. */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/types.h"

struct list {
	struct list *next, *prev; /* both NULL: linked nowhere */
};

static inline void list_init(struct list *head)
{
	head->next = head->prev = head;
}
static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}
static inline bool list_linked(const struct list *node)
{
	return node->next != NULL;
}
/* Insert before `at`; with the head as `at`, at the end. */
static inline void list_insert(struct list *node, struct list *at)
{
	node->prev = at->prev;
	node->next = at;
	at->prev->next = node;
	at->prev = node;
}
static inline void list_append(struct list *head, struct list *node)
{
	list_insert(node, head);
}
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->next = node->prev = NULL;
}
static inline struct list *list_first(const struct list *head)
{
	return head->next == head ? NULL : head->next;
}

#define list_entry(node, type, member) container_of(node, type, member)
/* `node` may not be removed inside. */
#define list_for_each(node, head) \
	for (struct list *node = (head)->next; node != (head); node = node->next)
/* `node` may be removed inside. */
#define list_for_each_safe(node, head)                                                    \
	for (struct list *node = (head)->next, *node##_next = node->next; node != (head); \
		node = node##_next, node##_next = node->next)

#endif
