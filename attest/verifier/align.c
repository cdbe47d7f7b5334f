#include "verifier/align.h"

#include <stdlib.h>
#include <string.h>

#include "verifier/cpu.h"
#include "verifier/semantics.h"

#define NONE SIZE_MAX

/* Both lists, each sorted by PCR and then in its own order, and who is whose partner. */
struct lists {
	const struct policy_event **expected;
	const struct event **found;
	size_t first_expected[PCR_COUNT + 1], first_found[PCR_COUNT + 1]; /* where a PCR begins */
	size_t *partner_of_expected; /* index in the other list, or NONE */
	size_t *partner_of_found;
	bool *anchored; /* found events that stand where they should */
};

static const char *const marks[STEP_MARK_COUNT] = {
#define X(symbol, mark, meaning) [symbol] = mark,
	STEP_MARKS(X)
#undef X
};

const char *step_mark_name(enum step_mark mark)
{
	return (unsigned int)mark < STEP_MARK_COUNT ? marks[mark] : "?";
}

static bool same_digest(const struct lists *l, size_t e, size_t f)
{
	return memcmp(l->expected[e]->digest, l->found[f]->digest, DIGEST_SIZE) == 0;
}

static bool same_kind(const struct lists *l, size_t e, size_t f)
{
	return l->expected[e]->log == l->found[f]->log && l->expected[e]->type == l->found[f]->type;
}

static void pair(struct lists *l, size_t e, size_t f, bool anchored)
{
	l->partner_of_expected[e] = f;
	l->partner_of_found[f] = e;
	l->anchored[f] = anchored;
}

/* Longest common subsequence of expected[e0..e1) and found[f0..f1), which become anchors.
 */
static void anchor_common(struct lists *l, size_t e0, size_t e1, size_t f0, size_t f1)
{
	size_t rows = e1 - e0, columns = f1 - f0, width = columns + 1;
	uint16_t *length = must_alloc((rows + 1) * width, sizeof(*length));
	size_t e, f;

	for (e = rows; e-- > 0;) {
		for (f = columns; f-- > 0;) {
			uint16_t down = length[(e + 1) * width + f];
			uint16_t right = length[e * width + f + 1];

			if (same_digest(l, e0 + e, f0 + f))
				length[e * width + f] =
					(uint16_t)(length[(e + 1) * width + f + 1] + 1);
			else
				length[e * width + f] = down > right ? down : right;
		}
	}
	for (e = f = 0; e < rows && f < columns;) {
		if (same_digest(l, e0 + e, f0 + f))
			pair(l, e0 + e++, f0 + f++, true);
		else if (length[(e + 1) * width + f] >= length[e * width + f + 1])
			e++;
		else
			f++;
	}
	free(length);
}

static void find_anchors(struct lists *l, uint32_t pcr)
{
	size_t e0 = l->first_expected[pcr], e1 = l->first_expected[pcr + 1];
	size_t f0 = l->first_found[pcr], f1 = l->first_found[pcr + 1];

	/* A good host differs nowhere: the ends go first, and mostly nothing is left. */
	while (e0 < e1 && f0 < f1 && same_digest(l, e0, f0))
		pair(l, e0++, f0++, true);
	while (e1 > e0 && f1 > f0 && same_digest(l, e1 - 1, f1 - 1))
		pair(l, --e1, --f1, true);
	if (e0 < e1 && f0 < f1)
		anchor_common(l, e0, e1, f0, f1);
}

/* The same digest at another place in its PCR. */
static void find_moved(struct lists *l, uint32_t pcr)
{
	for (size_t e = l->first_expected[pcr]; e < l->first_expected[pcr + 1]; e++) {
		for (size_t f = l->first_found[pcr];
			f < l->first_found[pcr + 1] && l->partner_of_expected[e] == NONE; f++) {
			if (l->partner_of_found[f] == NONE && same_digest(l, e, f))
				pair(l, e, f, false);
		}
	}
}

/*
 * The same digest in another PCR. tboot's policy goes by a module's number, so that one module
 * taken out of boot.cfg sends all later ones where it went or where they would not.
 */
static void find_moved_between(struct lists *l)
{
	for (size_t e = 0; e < l->first_expected[PCR_COUNT]; e++) {
		for (size_t f = 0;
			f < l->first_found[PCR_COUNT] && l->partner_of_expected[e] == NONE; f++) {
			if (l->partner_of_found[f] == NONE && same_digest(l, e, f) &&
				same_kind(l, e, f))
				pair(l, e, f, false);
		}
	}
}

static bool same_name(const struct policy_event *expected, const struct event *found)
{
	struct event text = {.log = expected->log,
		.type = expected->type,
		.data = expected->data.data,
		.data_size = (uint32_t)expected->data.size};
	char a[128], b[128];

	return semantics_field(&text, "name", a, sizeof(a)) &&
	       semantics_field(found, "name", b, sizeof(b)) && strcmp(a, b) == 0;
}

static bool same_place(const struct lists *l, size_t e, size_t f, bool by_name)
{
	return same_kind(l, e, f) && (!by_name || same_name(l->expected[e], l->found[f]));
}

/*
 * Between two anchors, an expected and a found event that are the same thing with another
 * digest: of one type, in order, and of one name where by_name.
 */
static void find_changed(struct lists *l, uint32_t pcr, bool by_name)
{
	size_t gap_e = l->first_expected[pcr], last_e = l->first_expected[pcr + 1];
	size_t gap_f = l->first_found[pcr], last_f = l->first_found[pcr + 1];

	while (gap_e < last_e && gap_f < last_f) {
		size_t end_e = last_e, end_f = gap_f;

		while (end_f < last_f && !l->anchored[end_f])
			end_f++;
		if (end_f < last_f)
			end_e = l->partner_of_found[end_f];
		for (size_t e = gap_e; e < end_e; e++) {
			for (size_t f = gap_f; f < end_f && l->partner_of_expected[e] == NONE;
				f++) {
				if (l->partner_of_found[f] == NONE && same_place(l, e, f, by_name))
					pair(l, e, f, false);
			}
		}
		gap_e = end_e + 1;
		gap_f = end_f + 1;
	}
}

static void add(struct steps *steps, struct step step)
{
	steps->items[steps->count++] = step;
}

static enum step_mark mark_of(const struct lists *l, size_t e, size_t f)
{
	if (!same_digest(l, e, f))
		return STEP_CHANGED;
	if (!l->anchored[f])
		return STEP_MOVED;
	if (!same_kind(l, e, f))
		return STEP_RETYPED;
	return STEP_MATCH;
}

/* A digest is measured once per boot, so an allowed one counts once. */
static const struct policy_runtime *allowed_at_runtime(
	const struct policy *policy, const struct steps *steps, const struct event *found)
{
	if (found->log != LOG_VMK)
		return NULL;
	for (size_t i = 0; i < steps->count; i++) {
		if (steps->items[i].runtime && steps->items[i].pcr == found->pcr &&
			memcmp(steps->items[i].runtime->digest, found->digest, DIGEST_SIZE) == 0)
			return NULL;
	}
	for (size_t i = 0; i < policy->runtime_count; i++) {
		const struct policy_runtime *entry = &policy->runtime[i];

		if (entry->pcr == found->pcr &&
			memcmp(entry->digest, found->digest, DIGEST_SIZE) == 0)
			return entry;
	}
	return NULL;
}

/* No digest to compare with: a policy may ask for what has to be on there (check_policy()). */
static const struct policy_runtime cpu_protections = {.file = "", .what = "the CPU's protections"};

static const struct policy_runtime *allowed_cpu(
	const struct steps *steps, const struct event *found)
{
	if (!cpu_is_event(found))
		return NULL;
	for (size_t i = 0; i < steps->count; i++) {
		if (steps->items[i].runtime == &cpu_protections)
			return NULL;
	}
	return &cpu_protections;
}

static void emit_missing(
	struct steps *steps, const struct lists *l, uint32_t pcr, size_t *next, size_t end)
{
	for (; *next < end; (*next)++) {
		if (l->partner_of_expected[*next] == NONE)
			add(steps, (struct step){.pcr = pcr,
					   .mark = STEP_MISSING,
					   .expected = l->expected[*next]});
	}
}

/* Run-time events come after everything that the boot measures. */
static size_t first_after_expected(const struct lists *l, uint32_t pcr)
{
	size_t first = l->first_found[pcr + 1];

	while (first > l->first_found[pcr] && l->partner_of_found[first - 1] == NONE)
		first--;
	return first;
}

/* The audit log decides whether it is what it says (check 13). */
static bool is_checkpoint(const struct event *event)
{
	uint8_t head[DIGEST_SIZE];
	uint64_t records;

	return semantics_audit(event, &records, head);
}

static void emit(
	struct steps *steps, const struct policy *policy, const struct lists *l, uint32_t pcr)
{
	size_t next = l->first_expected[pcr], after_boot = first_after_expected(l, pcr);

	for (size_t f = l->first_found[pcr]; f < l->first_found[pcr + 1]; f++) {
		size_t e = l->partner_of_found[f];
		struct step step = {.pcr = pcr, .found = l->found[f], .mark = STEP_UNEXPECTED};

		if (e != NONE) {
			step.expected = l->expected[e];
			step.mark = mark_of(l, e, f);
			if (step.mark != STEP_MOVED)
				emit_missing(steps, l, pcr, &next, e);
		} else if (is_checkpoint(l->found[f])) {
			step.mark = STEP_AUDIT;
		} else if (f >= after_boot) {
			step.runtime = allowed_at_runtime(policy, steps, l->found[f]);
			if (!step.runtime)
				step.runtime = allowed_cpu(steps, l->found[f]);
			step.mark = step.runtime ? STEP_RUNTIME : STEP_UNEXPECTED;
		}
		add(steps, step);
	}
	emit_missing(steps, l, pcr, &next, l->first_expected[pcr + 1]);
}

static void lists_alloc(struct lists *l, size_t expected, size_t found)
{
	l->expected = must_alloc(expected, sizeof(*l->expected));
	l->found = must_alloc(found, sizeof(*l->found));
	l->partner_of_expected = must_alloc(expected, sizeof(size_t));
	l->partner_of_found = must_alloc(found, sizeof(size_t));
	l->anchored = must_alloc(found, sizeof(bool));
}

static void lists_free(struct lists *l)
{
	free(l->expected);
	free(l->found);
	free(l->partner_of_expected);
	free(l->partner_of_found);
	free(l->anchored);
}

static void lists_fill(struct lists *l, const struct policy *policy, const struct events *events)
{
	size_t e = 0, f = 0;

	for (uint32_t pcr = 0; pcr < PCR_COUNT; pcr++) {
		l->first_expected[pcr] = e;
		l->first_found[pcr] = f;
		for (size_t i = 0; i < policy->event_count; i++) {
			if (policy->events[i].pcr == pcr)
				l->expected[e++] = &policy->events[i];
		}
		for (size_t i = 0; i < events->count; i++) {
			if (events->items[i].pcr == pcr)
				l->found[f++] = &events->items[i];
		}
	}
	l->first_expected[PCR_COUNT] = e;
	l->first_found[PCR_COUNT] = f;
	memset(l->partner_of_expected, 0xff, e * sizeof(size_t));
	memset(l->partner_of_found, 0xff, f * sizeof(size_t));
}

void align(struct steps *steps, const struct policy *policy, const struct events *events)
{
	struct lists l;

	steps->count = 0;
	steps->items = must_alloc(policy->event_count + events->count, sizeof(*steps->items));
	lists_alloc(&l, policy->event_count, events->count);
	lists_fill(&l, policy, events);
	for (uint32_t pcr = 0; pcr < PCR_COUNT; pcr++) {
		find_anchors(&l, pcr);
		find_moved(&l, pcr);
	}
	find_moved_between(&l);
	for (uint32_t pcr = 0; pcr < PCR_COUNT; pcr++) {
		find_changed(&l, pcr, true);
		find_changed(&l, pcr, false);
		emit(steps, policy, &l, pcr);
	}
	lists_free(&l);
}

void steps_free(struct steps *steps)
{
	free(steps->items);
	*steps = (struct steps){0};
}

bool step_differs(const struct step *step)
{
	return step->mark != STEP_MATCH && step->mark != STEP_RUNTIME && step->mark != STEP_AUDIT;
}

/* The lower the number, the more a difference explains the others. */
static unsigned int rank(const struct step *step)
{
	enum log_id log = step->found ? step->found->log : step->expected->log;

	/* The loader's script tells of every file in it: the file that changed says more. */
	bool script =
		log == LOG_TCG_BOOT && step->expected && step->expected->layer == LAYER_LAUNCH;

	return (step->mark == STEP_MOVED ? LOG_EVENT_LOGS * 2 : 0) + (unsigned int)log * 2 + script;
}

const struct step *steps_first_difference(const struct steps *steps)
{
	const struct step *first = NULL;

	for (size_t i = 0; i < steps->count; i++) {
		const struct step *step = &steps->items[i];

		if (!step_differs(step))
			continue;
		if (!first || rank(step) < rank(first))
			first = step;
	}
	return first;
}
