#include "verifier/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/semantics.h"

struct checkpoint {
	uint64_t records;
	uint8_t head[DIGEST_SIZE];
};

/* The walk through the log. */
struct walk {
	const struct bytes *log;
	const struct checkpoint *checkpoints; /* as many as audit->checkpoints says */
	size_t left;                          /* of those, after `next` */
	struct checkpoint next;               /* records 0: there is none left */
	struct checkpoint last;               /* the one that was met last */
	uint64_t final;                       /* records that the last checkpoint covers */
	uint8_t head[DIGEST_SIZE];
};

static void say_digests(struct fault *fault, const uint8_t *expected, const uint8_t *found)
{
	char text[HEX_SIZE(DIGEST_SIZE)];

	hex_encode(text, expected, DIGEST_SIZE);
	fault_expected(fault, "%s", text);
	hex_encode(text, found, DIGEST_SIZE);
	fault_found(fault, "%s", text);
}

/*
 * Later checkpoints cover more records than those before. They go into all[], which has room for
 * one an event.
 */
static bool survey(struct audit *audit, const struct events *events, struct checkpoint *all,
	struct fault *fault)
{
	uint64_t covered = 0;

	for (size_t i = 0; i < events->count; i++) {
		struct checkpoint *c = &all[audit->checkpoints];
		char text[256];

		if (!semantics_audit(&events->items[i], &c->records, c->head))
			continue;
		if (c->records <= covered) {
			semantics_describe(&events->items[i], text, sizeof(text));
			fault_set(fault, REASON_EVENT_SEMANTICS, "%s", text);
			fault_expected(fault, "more than %" PRIu64 " records", covered);
			return fault_found(fault, "%" PRIu64, c->records);
		}
		covered = c->records;
		audit->checkpoints++;
	}
	return true;
}

static void next_checkpoint(struct walk *w)
{
	w->last = w->next;
	w->next = (struct checkpoint){0};
	if (w->left) {
		w->next = *w->checkpoints++;
		w->left--;
	}
}

/* Does the rest of the log hold the record of that index? */
static bool comes_later(struct audit_cursor cursor, uint64_t index)
{
	struct audit_record r;

	while (audit_next(&cursor, &r) == VMK_OK) {
		if (r.index == index)
			return true;
	}
	return false;
}

static bool wrong_place(const struct walk *w, const struct audit_cursor *cursor,
	const struct audit_record *r, uint64_t index, struct fault *fault)
{
	bool moved = r->index < index || comes_later(*cursor, index);
	enum reason reason = moved ? REASON_AUDIT_ORDER : REASON_AUDIT_MISSING;
	const char *what = moved ? "is not in its place" : "was dropped";

	/* It is where it was written: only its number was changed. */
	if (memcmp(r->link, w->head, DIGEST_SIZE) == 0) {
		reason = REASON_AUDIT_ALTERED;
		what = "was altered";
	}
	fault_set(fault, reason, "audit record %" PRIu64 " %s", index, what);
	fault_expected(fault, "record %" PRIu64, index);
	return fault_found(fault, "record %" PRIu64 " (%s)", r->index, audit_kind_name(r->kind));
}

/*
 * The record at `index` does not name the one before as it is. Which of the two was altered, the
 * record behind them tells, or the checkpoint where there is none: whoever changes one byte does
 * not change the links that follow.
 */
static bool broken_link(struct walk *w, const struct audit_cursor *cursor,
	const struct audit_record *r, uint64_t index, struct fault *fault)
{
	struct audit_cursor behind = *cursor;
	uint8_t digest[DIGEST_SIZE];
	struct audit_record next;
	bool intact;

	sha256(digest, w->log->data + r->offset, r->bytes);
	if (w->next.records == index + 1)
		intact = memcmp(digest, w->next.head, DIGEST_SIZE) == 0;
	else
		intact = audit_next(&behind, &next) == VMK_OK &&
			 memcmp(next.link, digest, DIGEST_SIZE) == 0;
	/* The beginning of the log is fixed, and so is what a checkpoint was met at. */
	if (index == 0 || w->last.records == index)
		intact = false;
	fault_set(fault, REASON_AUDIT_ALTERED, "audit record %" PRIu64 " was altered",
		intact ? index - 1 : index);
	say_digests(fault, r->link, w->head);
	return false;
}

static bool unreadable(struct walk *w, const struct audit_cursor *cursor, enum vmk_status status,
	uint64_t index, struct fault *fault)
{
	bool ends = status == VMK_NOT_FOUND || status == VMK_TRUNCATED;

	fault_set(fault, ends ? REASON_AUDIT_TRUNCATED : REASON_AUDIT_ALTERED,
		"audit record %" PRIu64, index);
	fault_expected(fault, "%" PRIu64 " records, which the last checkpoint covers", w->final);
	return fault_found(fault, "%s", cursor->why ? cursor->why : "the log ends before it");
}

/* A log whose links hold, but which leads elsewhere, was made anew since the checkpoint before. */
static bool wrong_head(const struct walk *w, uint64_t index, struct fault *fault)
{
	if (index == w->last.records)
		fault_set(
			fault, REASON_AUDIT_ALTERED, "audit record %" PRIu64 " was altered", index);
	else
		fault_set(fault, REASON_AUDIT_ALTERED,
			"audit record %" PRIu64 " was altered, or records from %" PRIu64
			" on were written anew",
			index, w->last.records);
	say_digests(fault, w->next.head, w->head);
	return false;
}

static void count(struct audit *audit, const struct audit_record *r)
{
	char number[24];

	if (!audit->counts[r->kind]++)
		audit->first[r->kind] = r->index;
	if (r->kind == AUDIT_SUPPRESSED && audit_field_get(r, "count", number, sizeof(number)))
		audit->suppressed += strtoull(number, NULL, 10);
	audit->records++;
}

/* True until the log ends or what is wrong with it lies behind all checkpoints. */
static bool step(struct audit *audit, struct walk *w, struct audit_cursor *cursor, bool *more,
	struct fault *fault)
{
	uint64_t index = audit->records;
	bool anchored = index < w->final;
	struct audit_record r;
	enum vmk_status status = audit_next(cursor, &r);

	*more = false;
	if (status != VMK_OK) {
		audit->rest = cursor->why;
		if (!anchored)
			return true;
		return unreadable(w, cursor, status, index, fault);
	}
	if (r.index != index || memcmp(r.link, w->head, DIGEST_SIZE) != 0) {
		audit->rest = "a record that is not in the chain";
		if (!anchored)
			return true;
		return r.index != index ? wrong_place(w, cursor, &r, index, fault)
					: broken_link(w, cursor, &r, index, fault);
	}
	sha256(w->head, w->log->data + r.offset, r.bytes);
	if (w->next.records == index + 1) {
		if (memcmp(w->head, w->next.head, DIGEST_SIZE) != 0)
			return wrong_head(w, index, fault);
		next_checkpoint(w);
		audit->proven = index + 1;
		audit->proven_bytes = cursor->offset;
	}
	count(audit, &r);
	*more = true;
	return true;
}

/* Along the log, with the checkpoints that there are. */
static bool walk(struct audit *audit, struct walk *w, struct fault *fault)
{
	struct audit_cursor cursor;
	const char *why;
	bool more = true;

	if (audit_open(&cursor, w->log->data, w->log->size, &why) != VMK_OK) {
		audit->rest = why;
		cursor.why = w->log->size ? why : "no audit log";
		if (!w->final)
			return true;
		return unreadable(w, &cursor, VMK_NOT_FOUND, 0, fault);
	}
	sha256(w->head, w->log->data, AUDIT_MAGIC_BYTES);
	next_checkpoint(w);
	while (more) {
		if (!step(audit, w, &cursor, &more, fault))
			return false;
	}
	return true;
}

bool audit_check(struct audit *audit, const struct events *events, const struct bytes *log,
	struct fault *fault)
{
	struct checkpoint *all = must_alloc(events->count, sizeof(*all));
	bool ok;

	*audit = (struct audit){.shown = log->size != 0};
	ok = survey(audit, events, all, fault);
	if (ok) {
		struct walk w = {.log = log, .checkpoints = all, .left = audit->checkpoints};

		w.final = w.left ? all[w.left - 1].records : 0;
		ok = walk(audit, &w, fault);
	}
	free(all);
	return ok;
}

/* Is it of these kinds, or are there records missing that may have been? */
static bool is_of(const struct audit_record *r, uint32_t kinds)
{
	enum audit_kind kind = AUDIT_NONE;
	char name[32];

	if (kinds >> r->kind & 1 || r->kind == AUDIT_FULL)
		return true;
	if (r->kind != AUDIT_SUPPRESSED)
		return false;
	if (audit_field_get(r, "kind", name, sizeof(name)))
		kind = audit_kind_find(name);
	return kind == AUDIT_NONE || (kinds >> kind & 1);
}

bool audit_check_forbidden(const struct bytes *log, uint32_t kinds, struct fault *fault)
{
	struct audit_cursor cursor;
	struct audit_record r;
	const char *why;
	char text[FAULT_TEXT];

	if (!kinds || audit_open(&cursor, log->data, log->size, &why) != VMK_OK)
		return true;
	while (audit_next(&cursor, &r) == VMK_OK) {
		if (!is_of(&r, kinds))
			continue;
		audit_describe(&r, text, sizeof(text));
		fault_set(fault, REASON_AUDIT_FORBIDDEN, "audit record %" PRIu64 " (%s)", r.index,
			audit_kind_name(r.kind));
		fault_expected(fault, "%s",
			r.kind == AUDIT_FULL ? "a log that has all" : "none of its kind");
		return fault_found(fault, "%s", text);
	}
	return true;
}

bool audit_remarkable(enum audit_kind kind)
{
	switch (kind) {
	case AUDIT_PACKAGE_REFUSED:
	case AUDIT_WORLD_FAULT:
	case AUDIT_DENIAL:
	case AUDIT_HARDENING:
	case AUDIT_LOGIN_REFUSED:
	case AUDIT_SUPPRESSED:
	case AUDIT_FULL:
		return true;
	default:
		return false;
	}
}
