#include "sched/limit.h"

/* What `ns` of service cost on a tag's line, rounded up. */
static uint64_t price(uint64_t ns, uint32_t rate)
{
	return (MIN(ns, 1ull << 40) * RATE_ONE + rate - 1) / rate;
}

static struct entity *above(const struct entity *entity)
{
	return entity->parent ? &entity->parent->entity : NULL;
}

static uint64_t draw(struct limit *limit, uint32_t rate, uint64_t now)
{
	uint64_t tag = __atomic_load_n(&limit->tag, __ATOMIC_RELAXED), bank, from;

	bank = now - LIMIT_BANK_NS;
	do {
		/* A refund at another rate may bring a tag before the beginning of time. */
		from = key_before(tag, bank) ? bank : tag;
	} while (!__atomic_compare_exchange_n(&limit->tag, &tag, from + price(LIMIT_GRANT_NS, rate),
		true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return from;
}

uint64_t limit_draw(struct task *task, uint64_t now)
{
	uint64_t from = now;

	for (struct entity *at = &task->entity; at; at = above(at)) {
		uint32_t rate = limit_rate(at);
		uint64_t turn = rate ? draw(&at->limit, rate, now) : now;

		from = key_before(from, turn) ? turn : from;
	}
	task->granted = LIMIT_GRANT_NS;
	return from;
}

void limit_charge(struct task *task, uint64_t ns)
{
	uint64_t used = MIN(ns, task->granted);

	task->granted -= used;
	if (ns == used)
		return;
	for (struct entity *at = &task->entity; at; at = above(at)) {
		uint32_t rate = limit_rate(at);

		if (rate)
			__atomic_fetch_add(
				&at->limit.tag, price(ns - used, rate), __ATOMIC_RELAXED);
	}
}

void limit_refund(struct task *task)
{
	for (struct entity *at = &task->entity; at && task->granted; at = above(at)) {
		uint32_t rate = limit_rate(at);

		/* Less than it cost, by the rounding: never more than was drawn. */
		if (rate)
			__atomic_fetch_sub(&at->limit.tag,
				task->granted * (uint64_t)RATE_ONE / rate, __ATOMIC_RELAXED);
	}
	task->granted = 0;
}
