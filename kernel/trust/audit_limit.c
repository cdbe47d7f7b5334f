#include "trust/audit_limit.h"

#include <stdio.h>
#include <string.h>

uint32_t audit_kind_burst(enum audit_kind kind)
{
	switch (kind) {
#define X(symbol, number, name, burst, meaning) \
	case symbol:                            \
		return burst;
		AUDIT_KINDS(X)
#undef X
	default:
		return 0;
	}
}

static bool quiet(const struct audit_counter *c, uint64_t now_ns)
{
	return !c->suppressed && now_ns - c->last_ns >= AUDIT_QUIET_NS;
}

static bool is_for(const struct audit_counter *c, enum audit_kind kind, const char *subject)
{
	return c->kind == kind && strncmp(c->subject, subject, AUDIT_SUBJECT_MAX) == 0;
}

/* What may be written at once from now on: a burst, while there are any left in this boot. */
static void renew(struct audit_counter *c)
{
	uint32_t burst = audit_kind_burst(c->kind);

	c->left = MIN(burst, AUDIT_BURSTS_MAX * burst - c->written);
	c->delay_ns = AUDIT_TELL_FIRST_NS;
}

static struct audit_counter *find(
	struct audit_limit *limit, enum audit_kind kind, const char *subject, uint64_t now_ns)
{
	struct audit_counter *room = NULL;

	for (unsigned i = 0; i < AUDIT_SUBJECTS; i++) {
		struct audit_counter *c = &limit->counters[i];

		if (is_for(c, kind, subject))
			return c;
		if (!room || (room->kind != AUDIT_NONE && c->kind == AUDIT_NONE))
			room = c->kind == AUDIT_NONE || quiet(c, now_ns) ? c : room;
	}
	if (!room) {
		room = &limit->shared[kind];
		if (room->kind != AUDIT_NONE)
			return room;
	}
	*room = (struct audit_counter){
		.kind = kind,
		.shared = room == &limit->shared[kind],
	};
	if (!room->shared)
		snprintf(room->subject, sizeof(room->subject), "%s", subject);
	renew(room);
	return room;
}

bool audit_limit_allow(
	struct audit_limit *limit, enum audit_kind kind, const char *subject, uint64_t now_ns)
{
	struct audit_counter *c = find(limit, kind, subject ? subject : "", now_ns);

	if (quiet(c, now_ns))
		renew(c);
	c->last_ns = now_ns;
	if (c->left) {
		c->left--;
		c->written++;
		return true;
	}
	if (!c->suppressed++)
		c->tell_ns = now_ns + c->delay_ns;
	return false;
}

static bool due(const struct audit_counter *c, uint64_t now_ns)
{
	return c->suppressed && now_ns >= c->tell_ns;
}

struct audit_counter *audit_limit_due(struct audit_limit *limit, uint64_t now_ns)
{
	for (unsigned i = 0; i < AUDIT_SUBJECTS; i++)
		if (due(&limit->counters[i], now_ns))
			return &limit->counters[i];
	for (unsigned i = 0; i < AUDIT_KIND_END; i++)
		if (due(&limit->shared[i], now_ns))
			return &limit->shared[i];
	return NULL;
}

void audit_limit_told(struct audit_counter *c, uint64_t now_ns)
{
	c->suppressed = 0;
	c->last_ns = now_ns;
	c->delay_ns = MIN(2 * c->delay_ns, AUDIT_TELL_MAX_NS);
}
