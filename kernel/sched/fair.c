#include "sched/fair.h"

#define INVERSE_SHIFT 32
/* The zero follows the average long before the sum can overflow: that takes minutes of service. */
#define SUM_MAX   (1ll << 61)
#define OWED_MAX  (1ll << 60)
#define DRAIN_DIV 16

static uint64_t to_virtual(const struct task *task, uint64_t ns)
{
	return (uint64_t)((unsigned __int128)ns * task->inverse >> INVERSE_SHIFT);
}

static int64_t floor_divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

uint64_t fair_average(const struct fair *fair)
{
	/* Mostly nothing moved since the zero came there: no division. */
	if (!fair->load || (uint64_t)(fair->sum + fair->owed) < fair->load)
		return fair->zero;
	return fair->zero + (uint64_t)floor_divide(fair->sum + fair->owed, (int64_t)fair->load);
}

/* Is a virtual time at or before the average? */
static bool is_due(const struct fair *fair, uint64_t vtime)
{
	return (__int128)(int64_t)(vtime - fair->zero) * (int64_t)fair->load <=
	       fair->sum + fair->owed;
}

bool fair_eligible(const struct fair *fair, const struct task *task)
{
	return is_due(fair, task->vtime);
}

/* The zero comes to the average, or what a heavy task adds could overflow the sum. */
static __attribute__((noinline)) void rebase(struct fair *fair)
{
	uint64_t average = fair_average(fair);

	fair->sum -= (int64_t)(average - fair->zero) * (int64_t)fair->load;
	fair->zero = average;
}

static int64_t bound_owed(const struct fair *fair, int64_t owed)
{
	int64_t most = MIN((int64_t)fair->joined * FAIR_OWED_EACH, OWED_MAX);

	return MIN(MAX(owed, 0), most);
}

static inline void add_to_sum(struct fair *fair, int64_t product)
{
	fair->sum += product;
	if (fair->sum >= SUM_MAX || fair->sum <= -SUM_MAX)
		rebase(fair);
}

static int64_t product(const struct fair *fair, const struct task *task)
{
	return (int64_t)(task->vtime - fair->zero) * task->weight;
}

void fair_set_weight(struct task *task, uint32_t weight)
{
	task->weight = MIN(MAX(weight, 1u), WEIGHT_MAX);
	task->inverse = (1ull << (FAIR_SHIFT + INVERSE_SHIFT)) / task->weight;
}

static int64_t clamp_lag(int64_t lag)
{
	return MIN(MAX(lag, -(int64_t)FAIR_LAG_NS), (int64_t)FAIR_LAG_NS);
}

int64_t fair_lag(const struct fair *fair, const struct task *task)
{
	int64_t ahead = (int64_t)(fair_average(fair) - task->vtime);
	/* Clamped before it is multiplied. Rounding up the bound keeps what was clamped already. */
	int64_t bound = (int64_t)to_virtual(task, FAIR_LAG_NS) + 1;

	ahead = MIN(MAX(ahead, -bound), bound);
	return clamp_lag(ahead * task->weight / (1ll << FAIR_SHIFT));
}

/*
 * The average is to stay where it is. What the joining task is owed adds to what all are owed;
 * where that leaves the bounds the average gives way, and the task is placed for where it will be.
 */
void fair_join(struct fair *fair, struct task *task, uint64_t request)
{
	int64_t lag = clamp_lag(task->lag) * (1ll << FAIR_SHIFT), want, bounded, step;

	rebase(fair);
	fair->joined++;
	if (!fair->load)
		lag = 0;
	want = fair->owed + lag;
	bounded = bound_owed(fair, want);
	if (fair->load && bounded != want) {
		step = (bounded - want) / (int64_t)fair->load;
		fair->zero += (uint64_t)step;
		fair->sum -= step * (int64_t)fair->load;
	}
	task->vtime = fair->zero - (uint64_t)(lag / task->weight);
	task->deadline = task->vtime + to_virtual(task, request);
	task->request_over = false;
	task->joined = true;
	fair->load += task->weight;
	fair->sum += product(fair, task);
	fair->owed = bound_owed(fair, -fair->sum);
}

/* The average stays here too: who ends after it ran ahead of its share leaves behind what it took
 * from the others as owed to them. Else each of a stream of short lives would begin where the last
 * one began, and those whose deadline is later would wait for ever. */
void fair_leave(struct fair *fair, struct task *task)
{
	if (turn_queued(&task->turn))
		fair_unqueue(fair, task);
	rebase(fair);
	task->lag = fair_lag(fair, task);
	task->joined = false;
	fair->joined--;
	fair->load -= task->weight;
	fair->sum = fair->joined ? fair->sum - product(fair, task) : 0;
	fair->owed = bound_owed(fair, -fair->sum);
}

/* How much of a step begins behind the average. Divides only where the average lies within. */
static int64_t part_behind(const struct fair *fair, const struct task *task, int64_t step)
{
	if (step <= 0 || !is_due(fair, task->vtime))
		return 0;
	if (is_due(fair, task->vtime + (uint64_t)step))
		return step;
	return (int64_t)(fair_average(fair) - task->vtime);
}

/* What is served to who is behind the average is owed no longer, a part at a time: the average is
 * held back by that little. As much as it advances may it fall back for debts that are paid. */
static __attribute__((noinline)) void drain(
	struct fair *fair, const struct task *task, int64_t step)
{
	int64_t part = MIN(part_behind(fair, task, step) * task->weight / DRAIN_DIV, fair->owed);

	fair->owed -= part;
	fair->payable += step * task->weight / 2 - part;
	fair->payable = MIN(fair->payable, OWED_MAX);
}

void fair_pay(struct fair *fair, uint64_t ns)
{
	int64_t paid = MIN((int64_t)(ns << FAIR_SHIFT), MIN(fair->owed, fair->payable));

	fair->owed -= paid;
	fair->payable = fair->owed ? fair->payable - paid : 0;
}

static inline void set_vtime(struct fair *fair, struct task *task, uint64_t vtime)
{
	int64_t step = (int64_t)(vtime - task->vtime);

	if (fair->owed)
		drain(fair, task, step);
	task->vtime = vtime;
	add_to_sum(fair, step * task->weight);
}

/* So much of a step as leaves the task FAIR_LAG_NS ahead of the average at most. */
static uint64_t bound_step(const struct fair *fair, const struct task *task, uint64_t step)
{
	uint64_t most = to_virtual(task, FAIR_LAG_NS);
	int64_t room;

	if (is_due(fair, task->vtime + step - most))
		return step;
	room = (int64_t)(fair_average(fair) + most - task->vtime);
	return MIN(step, (uint64_t)MAX(room, 0));
}

/* The last one is served, or given up. */
static inline void begin_request(struct fair *fair, struct task *task)
{
	task->deadline = task->vtime + to_virtual(task, task->request);
	task->request_over = true;
	if (turn_queued(&task->turn))
		turns_move(&fair->turns, &task->turn, task->deadline, task->vtime);
}

void fair_charge(struct fair *fair, struct task *task, uint64_t ns, bool bounded)
{
	uint64_t step = to_virtual(task, MIN(ns, FAIR_CHARGE_MAX_NS));

	if (bounded)
		step = bound_step(fair, task, step);
	set_vtime(fair, task, task->vtime + step);
	if (key_before(task->vtime, task->deadline)) {
		if (turn_queued(&task->turn))
			turns_advance(&task->turn, task->vtime);
		return;
	}
	begin_request(fair, task);
}

void fair_forfeit(struct fair *fair, struct task *task)
{
	uint64_t end = fair_average(fair) + to_virtual(task, FAIR_LAG_NS);

	if (key_before(end, task->deadline))
		set_vtime(fair, task, key_before(task->vtime, end) ? end : task->vtime);
	else
		set_vtime(fair, task, task->deadline);
	begin_request(fair, task);
}

void fair_reweight(struct fair *fair, struct task *task, uint32_t weight)
{
	uint64_t left = fair_left(task);
	bool over = task->request_over;

	fair_leave(fair, task);
	fair_set_weight(task, weight);
	fair_join(fair, task, left);
	task->request_over = over;
}

struct task *fair_first(const struct fair *fair)
{
	const struct turns_average average = {
		fair->zero, fair->sum + fair->owed, (int64_t)fair->load};
	struct turn *turn = turns_first(&fair->turns, &average);

	return turn ? container_of(turn, struct task, turn) : NULL;
}

uint64_t fair_left(const struct task *task)
{
	int64_t left = (int64_t)(task->deadline - task->vtime);

	if (left <= 0)
		return 0;
	/* Rounded up, so that the request is over when that much has run. */
	return (((uint64_t)left * task->weight) >> FAIR_SHIFT) + 1;
}
