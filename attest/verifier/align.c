#include "verifier/align.h"

#include <stdlib.h>
#include <string.h>

#include "verifier/semantics.h"

#define NONE SIZE_MAX

/* One PCR's two lists, and who is whose partner. */
struct lists {
	const struct policy_event **expected;
	const struct event **found;
	size_t expected_count, found_count;
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

static void find_anchors(struct lists *l)
{
	size_t e0 = 0, e1 = l->expected_count, f0 = 0, f1 = l->found_count;

	/* A good host differs nowhere: the ends go first, and mostly nothing is left. */
	while (e0 < e1 && f0 < f1 && same_digest(l, e0, f0))
		pair(l, e0++, f0++, true);
	while (e1 > e0 && f1 > f0 && same_digest(l, e1 - 1, f1 - 1))
		pair(l, --e1, --f1, true);
	if (e0 < e1 && f0 < f1)
		anchor_common(l, e0, e1, f0, f1);
}

/* The same digest at another place. */
static void find_moved(struct lists *l)
{
	for (size_t e = 0; e < l->expected_count; e++) {
		if (l->partner_of_expected[e] != NONE)
			continue;
		for (size_t f = 0; f < l->found_count; f++) {
			if (l->partner_of_found[f] == NONE && same_digest(l, e, f)) {
				pair(l, e, f, false);
				break;
			}
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
	const struct policy_event *expected = l->expected[e];
	const struct event *found = l->found[f];

	if (expected->log != found->log || expected->type != found->type)
		return false;
	return !by_name || same_name(expected, found);
}

/*
 * Between two anchors, an expected and a found event that are the same thing with another
 * digest: of one type, in order, and of one name where by_name.
 */
static void find_changed(struct lists *l, bool by_name)
{
	size_t gap_e = 0, gap_f = 0;

	while (gap_e < l->expected_count && gap_f < l->found_count) {
		size_t end_e = gap_e, end_f = gap_f;

		while (end_f < l->found_count && !l->anchored[end_f])
			end_f++;
		end_e = end_f < l->found_count ? l->partner_of_found[end_f] : l->expected_count;
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
	if (l->expected[e]->type != l->found[f]->type || l->expected[e]->log != l->found[f]->log)
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
static size_t first_after_expected(const struct lists *l)
{
	size_t first = l->found_count;

	while (first > 0 && l->partner_of_found[first - 1] == NONE)
		first--;
	return first;
}

static void emit(
	struct steps *steps, const struct policy *policy, const struct lists *l, uint32_t pcr)
{
	size_t next = 0, after_boot = first_after_expected(l);

	for (size_t f = 0; f < l->found_count; f++) {
		size_t e = l->partner_of_found[f];
		struct step step = {.pcr = pcr, .found = l->found[f], .mark = STEP_UNEXPECTED};

		if (e != NONE) {
			step.expected = l->expected[e];
			step.mark = mark_of(l, e, f);
			if (step.mark != STEP_MOVED)
				emit_missing(steps, l, pcr, &next, e);
		} else if (f >= after_boot) {
			step.runtime = allowed_at_runtime(policy, steps, l->found[f]);
			step.mark = step.runtime ? STEP_RUNTIME : STEP_UNEXPECTED;
		}
		add(steps, step);
	}
	emit_missing(steps, l, pcr, &next, l->expected_count);
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

static void lists_fill(
	struct lists *l, const struct policy *policy, const struct events *events, uint32_t pcr)
{
	l->expected_count = l->found_count = 0;
	for (size_t i = 0; i < policy->event_count; i++) {
		if (policy->events[i].pcr == pcr)
			l->expected[l->expected_count++] = &policy->events[i];
	}
	for (size_t i = 0; i < events->count; i++) {
		if (events->items[i].pcr == pcr)
			l->found[l->found_count++] = &events->items[i];
	}
	memset(l->partner_of_expected, 0xff, l->expected_count * sizeof(size_t));
	memset(l->partner_of_found, 0xff, l->found_count * sizeof(size_t));
	memset(l->anchored, 0, l->found_count * sizeof(bool));
}

void align(struct steps *steps, const struct policy *policy, const struct events *events)
{
	struct lists l;

	steps->count = 0;
	steps->items = must_alloc(policy->event_count + events->count, sizeof(*steps->items));
	lists_alloc(&l, policy->event_count, events->count);
	for (uint32_t pcr = 0; pcr < PCR_COUNT; pcr++) {
		lists_fill(&l, policy, events, pcr);
		if (l.expected_count + l.found_count == 0)
			continue;
		find_anchors(&l);
		find_moved(&l);
		find_changed(&l, true);
		find_changed(&l, false);
		emit(steps, policy, &l, pcr);
	}
	lists_free(&l);
}

void steps_free(struct steps *steps)
{
	free(steps->items);
	*steps = (struct steps){0};
}

const struct step *steps_first_difference(const struct steps *steps)
{
	for (size_t i = 0; i < steps->count; i++) {
		if (steps->items[i].mark != STEP_MATCH && steps->items[i].mark != STEP_RUNTIME)
			return &steps->items[i];
	}
	return NULL;
}
