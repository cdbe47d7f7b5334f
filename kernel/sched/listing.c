#include "sched/listing.h"

struct walk {
	const struct listing *listing;
	unsigned first, room;
	void (*look)(void *context, struct list *member, unsigned n);
	void *context;
	struct list *held; /* NULL: at the beginning */
	unsigned passed, seen;
};

static void pass(struct walk *w, struct list *member)
{
	if (w->passed++ >= w->first)
		w->look(w->context, member, w->seen++);
}

/* Up to the next one that is held; NULL: there is nothing more to see. */
static struct list *walk_piece(struct walk *w)
{
	const struct listing *l = w->listing;
	const uint64_t saved = spin_lock(l->lock);
	struct list *member = w->held ? w->held->next : l->members->next, *next = NULL;

	for (unsigned n = 1; member != l->members && w->seen < w->room; n++) {
		pass(w, member);
		/* Whoever is about to leave cannot be held: one more then. */
		if (n >= LISTING_PIECE && l->hold(member)) {
			next = member;
			break;
		}
		member = member->next;
	}
	spin_unlock(l->lock, saved);
	return next;
}

unsigned listing_walk(const struct listing *listing, unsigned first, unsigned room,
	void (*look)(void *context, struct list *member, unsigned n), void *context)
{
	struct walk w = {listing, first, room, look, context, .held = NULL};

	do {
		struct list *const next = walk_piece(&w);

		if (w.held)
			listing->let_go(w.held);
		w.held = next;
	} while (w.held);
	return w.seen;
}
