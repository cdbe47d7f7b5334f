#include "arch/x86/stop.h"

#define NS_PER_MS    1000000ull
#define ASK_WAIT_NS  (100 * NS_PER_MS)
#define NMI_WAIT_NS  (1000 * NS_PER_MS)
#define AWAY_WAIT_NS (1000 * NS_PER_MS)

static bool change(const struct stop *s, unsigned cpu, uint32_t from, uint32_t to)
{
	uint32_t *state = s->ops->state(cpu);

	return __atomic_compare_exchange_n(
		state, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static bool change_own(const struct stop *s, uint32_t from, uint32_t to)
{
	return change(s, s->ops->here(), from, to);
}

static uint32_t state_of(const struct stop *s, unsigned cpu)
{
	return __atomic_load_n(s->ops->state(cpu), __ATOMIC_ACQUIRE);
}

/* False while an NMI is on its way. */
static bool begin_to_leave(const struct stop *s)
{
	return change_own(s, STOP_RUNS, STOP_LEAVES) || change_own(s, STOP_ASKED, STOP_LEAVES);
}

static bool is_leaver(const struct stop *s)
{
	return __atomic_load_n(&s->leaver, __ATOMIC_ACQUIRE) == s->ops->here() + 1;
}

bool stop_claim(struct stop *s)
{
	uint32_t nobody = 0;
	uint64_t until;

	if (!__atomic_compare_exchange_n(&s->leaver, &nobody, s->ops->here() + 1, false,
		    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return is_leaver(s);
	until = s->ops->now() + NMI_WAIT_NS;
	while (!begin_to_leave(s) && s->ops->now() < until)
		s->ops->wait();
	return true;
}

bool stop_is_on(const struct stop *s)
{
	return __atomic_load_n(&s->stopping, __ATOMIC_ACQUIRE);
}

void stop_send_nmi(struct stop *s, unsigned cpu)
{
	if (change(s, cpu, STOP_RUNS, STOP_NMI) || change(s, cpu, STOP_ASKED, STOP_NMI))
		s->ops->nmi(cpu);
}

void stop_nmi_came(struct stop *s)
{
	change_own(s, STOP_NMI, STOP_ASKED);
}

/* --- the one that leaves */

/* Nobody waits for one that has not come up: it is STOP_RUNS. */
static bool is_missing(const struct stop *s, unsigned cpu)
{
	const uint32_t state = state_of(s, cpu);

	return cpu != s->ops->here() &&
	       (state == STOP_ASKED || state == STOP_NMI || state == STOP_LEAVES);
}

static bool is_any_missing(const struct stop *s)
{
	for (unsigned i = 0; s->ops->state(i); i++)
		if (is_missing(s, i))
			return true;
	return false;
}

static void wait_gone(const struct stop *s, uint64_t ns)
{
	const uint64_t until = s->ops->now() + ns;

	while (is_any_missing(s) && s->ops->now() < until)
		s->ops->wait();
}

static void ask(const struct stop *s)
{
	for (unsigned i = 0; s->ops->state(i); i++)
		if (i != s->ops->here() && s->ops->is_online(i) &&
			change(s, i, STOP_RUNS, STOP_ASKED))
			s->ops->interrupt(i);
}

static void insist(struct stop *s)
{
	for (unsigned i = 0; s->ops->state(i); i++)
		if (is_missing(s, i))
			stop_send_nmi(s, i);
}

/* It may be on its way out in this moment: then it is gone, or it is given up. */
static void give_up(const struct stop *s, unsigned cpu)
{
	for (uint32_t from = STOP_ASKED; from <= STOP_LEAVES; from++)
		if (change(s, cpu, from, STOP_GIVEN_UP))
			break;
	if (state_of(s, cpu) == STOP_GIVEN_UP)
		s->ops->unanswered(cpu);
}

static bool wait_away(const struct stop *s)
{
	const uint64_t until = s->ops->now() + AWAY_WAIT_NS;
	bool away;

	while (!(away = s->ops->are_away()) && s->ops->now() < until)
		s->ops->wait();
	return away;
}

bool stop_others(struct stop *s)
{
	__atomic_store_n(&s->stopping, true, __ATOMIC_SEQ_CST);
	ask(s);
	wait_gone(s, ASK_WAIT_NS);
	insist(s);
	wait_gone(s, NMI_WAIT_NS);
	for (unsigned i = 0; s->ops->state(i); i++)
		while (is_missing(s, i))
			give_up(s, i);
	return wait_away(s);
}

/* --- all others */

enum stop_next stop_here(struct stop *s)
{
	const unsigned here = s->ops->here();
	uint32_t state = state_of(s, here);

	if (is_leaver(s) || state == STOP_LEAVES || state == STOP_GONE)
		return STOP_GO_ON;
	s->ops->deafen();
	/* The handler of an NMI that is on its way is where it goes on, and does not come back. */
	while (!begin_to_leave(s) && state_of(s, here) != STOP_GIVEN_UP)
		s->ops->wait();
	s->ops->disarm();
	return change_own(s, STOP_LEAVES, STOP_GONE) ? STOP_PARK : STOP_HALT;
}
