/* The frames that a VM has: those within what was promised come out of the promise, and go back to
 * it. */
#include "mem/frames.h"
#include "vmkvm/memory.h"

#define STOCK_ORDER 4u

static uint64_t beyond(uint64_t have, uint64_t of)
{
	return of > have ? of - have : 0;
}

/* How much of a promise of `all` frames is used up by `count` more than the `have` that there are.
 */
static uint64_t promised_part(uint64_t all, uint64_t have, uint64_t count)
{
	return beyond(have, all) - beyond(have + count, all);
}

enum vmk_status grant_table(struct vm_memory *m, struct pfn *frame)
{
	enum vmk_status status = frames_alloc_promised(
		0, FRAME_VTX, promised_part(m->overhead, m->tables, 1), frame);

	m->tables += status == VMK_OK;
	return status;
}

void grant_table_back(struct vm_memory *m, struct pfn frame)
{
	m->tables--;
	frames_free_promised(frame, 0, promised_part(m->overhead, m->tables, 1));
}

enum vmk_status grant_list(struct vm_memory *m, uint64_t **list)
{
	struct pfn frame;
	enum vmk_status status = grant_table(m, &frame);

	if (status == VMK_OK)
		*list = direct_map(pfn_hpa(frame));
	return status;
}

void grant_list_back(struct vm_memory *m, uint64_t *list)
{
	if (list)
		grant_table_back(m, hpa_pfn(direct_map_hpa(list)));
}

/* With the lock: what is promised when all claims come to nothing that took more than was. */
static uint64_t due(const struct vm_memory *m)
{
	return beyond(m->granted - m->uncertain, m->policy.reservation);
}

/* With the lock: the promise is what the reservation has beyond what is granted. It is more when a
 * frame came back while others claimed; and never less, once what is coming back is there. */
static void settle(struct vm_memory *m)
{
	const uint64_t excess = beyond(due(m), m->promised);

	if (!excess)
		return;
	frames_unpromise(FRAME_PRIVATE, excess);
	m->promised -= excess;
}

/* `count` frames count as granted from now on; *part of them come out of the promise. What is
 * reserved but not promised is just coming back. */
static enum vmk_status claim(struct vm_memory *m, uint64_t count, uint64_t *part)
{
	enum vmk_status status = VMK_OK;
	uint64_t saved = spin_lock(&m->lock);

	*part = MIN(count, m->promised);
	if (m->granted + count > m->policy.limit)
		status = VMK_NO_RESOURCES;
	else if (m->granted + count > m->policy.reservation &&
		 frames_spare(FRAME_PRIVATE, m->policy.keep) < count)
		status = VMK_NO_MEMORY;
	if (status == VMK_OK) {
		m->granted += count;
		m->promised -= *part;
		m->uncertain += count - *part;
	}
	spin_unlock(&m->lock, saved);
	return status;
}

/* They came, or they did not. */
static void end_claim(struct vm_memory *m, uint64_t count, uint64_t part, bool granted)
{
	uint64_t saved = spin_lock(&m->lock);

	m->uncertain -= count - part;
	if (!granted) {
		m->granted -= count;
		m->promised += part;
	}
	settle(m);
	spin_unlock(&m->lock, saved);
}

void grant_frames_back(struct vm_memory *m, struct pfn frame, unsigned order)
{
	const uint64_t count = 1ull << order;
	uint64_t saved = spin_lock(&m->lock), part;

	m->granted -= count;
	part = MIN(count, beyond(m->promised, due(m)));
	spin_unlock(&m->lock, saved);
	frames_free_promised(frame, order, part);
	/* Not before it is in the pool may it be claimed. */
	saved = spin_lock(&m->lock);
	m->promised += part;
	settle(m);
	spin_unlock(&m->lock, saved);
}

enum vmk_status grant_frames(struct vm_memory *m, unsigned order, struct pfn *frame)
{
	uint64_t part;
	enum vmk_status status = claim(m, 1ull << order, &part);

	if (status != VMK_OK)
		return status;
	status = frames_alloc_promised(order, FRAME_VM, part, frame);
	if (status != VMK_OK || part < 1ull << order)
		end_claim(m, 1ull << order, part, status == VMK_OK);
	return status;
}

/* --- the stock: what is taken for single pages comes in small blocks */

/* Those for which there is room; the rest goes back. */
static void put_in_stock(struct vm_memory *m, struct pfn first, unsigned order)
{
	uint64_t saved = spin_lock(&m->lock), i = 0;

	/* Pages are taken from the end. */
	for (; i < 1ull << order && m->stocked < VM_STOCK_MAX; i++)
		m->stock[m->stocked++] = (struct pfn){first.v + (1ull << order) - 1 - i};
	spin_unlock(&m->lock, saved);
	for (; i < 1ull << order; i++)
		grant_frames_back(m, (struct pfn){first.v + (1ull << order) - 1 - i}, 0);
}

enum vmk_status grant_stock(struct vm_memory *m)
{
	unsigned order = STOCK_ORDER;
	struct pfn first;
	enum vmk_status status = grant_frames(m, order, &first);

	if (status != VMK_OK)
		status = grant_frames(m, order = 0, &first);
	if (status != VMK_OK)
		return status;
	if (order)
		frames_split(first, order);
	put_in_stock(m, first, order);
	return VMK_OK;
}

void grant_stock_back(struct vm_memory *m)
{
	while (m->stocked)
		grant_frames_back(m, m->stock[--m->stocked], 0);
}
