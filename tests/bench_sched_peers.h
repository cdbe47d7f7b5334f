/* What the scheduler is measured beside: the two structures that others use, in their plain form,
 * without reservations, limits or co-scheduling. */
#ifndef BENCH_SCHED_PEERS_H
#define BENCH_SCHED_PEERS_H

#include <stdbool.h>
#include <stdint.h>

struct peer_task {
	struct peer_task *left, *right, *parent; /* of the tree; right and parent: of the list */
	bool red;
	uint64_t vtime, deadline, least_vtime; /* the least of its subtree */
	uint32_t weight;
};

struct peer {
	struct peer_task *root; /* or the list's first */
	uint64_t zero;
	int64_t sum;
	uint64_t load;
};

/* EEVDF on a red-black tree by deadline, with the least virtual time of each subtree. */
void tree_add(struct peer *peer, struct peer_task *task);
/* Charge the task that ran for ns, queue it, and take out who is next. */
struct peer_task *tree_next(
	struct peer *peer, struct peer_task *ran, uint64_t ns, uint64_t request);

/* A list sorted by virtual time. */
void list_add(struct peer *peer, struct peer_task *task);
struct peer_task *list_next(struct peer *peer, struct peer_task *ran, uint64_t ns);

#endif
