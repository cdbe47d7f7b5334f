/* sources: kernel/trust/audit_read.c kernel/lib/keyval.c kernel/lib/hex.c */
/* sources: attest/verifier/audit.c attest/verifier/semantics.c attest/verifier/firmware.c */
/* sources: attest/verifier/fault.c attest/verifier/reason.c attest/verifier/bytes.c */
/* sources: attest/verifier/evidence.c kernel/trust/evlog_read.c */
/* plain: fuzz/models/paper_audit.c fuzz/models/crypto_memory.c fuzz/models/library_memory.c */
/* plain: fuzz/models/sha256_memo.c fuzz/lib/figures.c */
/* libs: -lcrypto -ljansson -Wl,--wrap=sha256 */
/* coverage: edges, comparisons, lean */
/* options: -use_counters=0 */
/*
 * The audit log's reader on anything: each walk ends, stays inside, and says how. And what it
 * accepts, changed in any one byte, does not lead to the head that it led to. Behind a NUL: {u8
 * records, for each u8 kind (bit 7: with a checkpoint)}, then changes of what the kernel wrote,
 * {u8 how, u8 which, u8 more}; just a log that is intact up to its last checkpoint is proven.
 */
#include <stdlib.h>
#include <string.h>
#include <vmkapi/events.h>

#include "fuzz/lib/figures.h"
#include "fuzz/models/paper_audit.h"
#include "fuzz/models/sha256_memo.h"
#include "lib/reader.h"
#include "verifier/audit.h"

/* The names that the linker gives. */
void __real_sha256(uint8_t digest[DIGEST_SIZE], const void *data, size_t size);
void __wrap_sha256(uint8_t digest[DIGEST_SIZE], const void *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void digest_really(const void *data, size_t size, uint8_t digest[DIGEST_SIZE])
{
	__real_sha256(digest, data, size);
}

void __wrap_sha256(uint8_t digest[DIGEST_SIZE], const void *data, size_t size)
{
	sha256_memo(data, size, digest, digest_really);
}

static void check(int condition)
{
	if (!condition)
		abort();
}

/* Number of records that can be read. */
static uint64_t walk(const uint8_t *data, size_t size)
{
	struct audit_cursor cursor;
	struct audit_record r;
	enum vmk_status status;
	uint64_t records = 0;
	const char *why;
	char text[300];

	if (audit_open(&cursor, data, size, &why) != VMK_OK)
		return 0;
	while ((status = audit_next(&cursor, &r)) == VMK_OK) {
		check(r.offset + r.bytes == cursor.offset && cursor.offset <= size);
		check(r.text >= (const char *)data &&
			r.text + r.text_bytes <= (const char *)data + size);
		audit_describe(&r, text, sizeof(text));
		check(strlen(text) < sizeof(text));
		records++;
	}
	check((status == VMK_NOT_FOUND) == (cursor.offset == size));
	check((status == VMK_NOT_FOUND) == !cursor.why);
	return records;
}

/* Proven by one checkpoint over `records` records whose head is that of the last one. */
static bool proven(const uint8_t *data, size_t size, uint64_t records, const uint8_t head[32])
{
	struct bytes log = {.data = (uint8_t *)data, .size = size};
	struct fault fault = {0};
	struct audit audit;
	char text[PAPER_AUDIT_CHECKPOINT];
	struct event event = {.log = LOG_VMK, .type = VMK_EV_AUDIT, .pcr = 22};
	struct events events = {&event, 1};

	event.data_size = (uint32_t)paper_audit_checkpoint((unsigned)records, head, text) + 1;
	event.data = (const uint8_t *)text;
	if (!audit_check(&audit, &events, &log, &fault)) {
		check(fault.reason != REASON_NONE && fault.what[0]);
		return false;
	}
	check(audit.proven == records && audit.proven_bytes <= size);
	return true;
}

#define CHECKPOINTS_MAX 8u
#define RECORDS_END     16u /* a longer log takes time and shows nothing more */

/* What the kernel wrote and measured, and the log that is shown instead. */
struct scene {
	struct paper_audit good;
	uint8_t shown[PAPER_AUDIT_BYTES + 256];
	size_t size;
	char texts[CHECKPOINTS_MAX][PAPER_AUDIT_CHECKPOINT];
	struct event items[CHECKPOINTS_MAX];
	struct events events;
	unsigned anchored; /* records that the last checkpoint covers */
	bool events_good;
};

static void add_checkpoint(struct scene *s)
{
	struct event *event = &s->items[s->events.count];
	char *text = s->texts[s->events.count];

	if (s->events.count == CHECKPOINTS_MAX)
		return;
	s->events.count++;
	*event = (struct event){.log = LOG_VMK,
		.type = VMK_EV_AUDIT,
		.pcr = 22,
		.data = (const uint8_t *)text,
		.data_size =
			(uint32_t)paper_audit_checkpoint(s->good.records, s->good.head, text) + 1};
	s->anchored = s->good.records;
}

static void take_out(struct scene *s, size_t from, size_t to)
{
	memmove(s->shown + from, s->shown + to, s->size - to);
	s->size -= to - from;
}

/* A change of the log where it is still as it was written, or of what was measured. */
static void change(struct scene *s, uint8_t how, uint8_t which, uint8_t more)
{
	unsigned n = s->good.records ? which % s->good.records : 0;
	size_t at = s->good.offsets[n], end = s->good.records ? s->good.offsets[n + 1] : at;
	struct event *event = s->events.count ? &s->items[which % s->events.count] : NULL;

	switch (how % 8) {
	case 0:
		if (s->size)
			s->shown[(at + more) % s->size] ^= 1 + (how >> 4);
		break;
	case 1:
		if (end <= s->size)
			take_out(s, at, end);
		break;
	case 2:
		s->size = at + more < s->size ? at + more : s->size;
		break;
	case 3: /* the record once more, behind all others */
		if (end <= s->size && s->size + (end - at) <= sizeof(s->shown)) {
			memcpy(s->shown + s->size, s->shown + at, end - at);
			s->size += end - at;
		}
		break;
	case 4: /* the index alone */
		if (at + 16 <= s->size)
			s->shown[at + 8] = more;
		break;
	case 5: /* the order: it goes behind all others */
		if (end <= s->size && s->size + (end - at) <= sizeof(s->shown)) {
			memcpy(s->shown + s->size, s->shown + at, end - at);
			s->size += end - at;
			take_out(s, at, end);
		}
		break;
	case 6:
		if (event) {
			s->texts[which % s->events.count][more % (event->data_size - 1)] ^=
				(char)(1u << (how >> 4) % 8);
			s->events_good = false;
		}
		break;
	default:
		if (event) {
			event->data = (const uint8_t *)s->texts[more % s->events.count];
			s->events_good &= more % s->events.count == which % s->events.count;
		}
	}
}

static bool forbidden(const uint8_t *log, size_t size, uint32_t kinds)
{
	struct bytes bytes = {(uint8_t *)log, size};
	struct fault fault = {0};
	bool none = audit_check_forbidden(&bytes, kinds, &fault);

	check(none == (fault.reason == REASON_NONE));
	return !none;
}

static void try_made(struct reader in)
{
	static struct scene s;
	struct fault fault = {0};
	struct audit audit;
	struct bytes log;
	uint32_t kinds = 0, mask;
	bool proven, intact, full = false, suppressed = false;
	uint8_t records = reader_u8(&in) % RECORDS_END;

	s.events = (struct events){s.items, 0};
	s.anchored = 0;
	s.events_good = true;
	paper_audit_start(&s.good);
	for (unsigned i = 0; i < records; i++) {
		uint8_t kind = reader_u8(&in);

		paper_audit_add(&s.good, 1 + (kind & 31) % (AUDIT_KIND_END - 1), i);
		kinds |= 1u << (1 + (kind & 31) % (AUDIT_KIND_END - 1));
		if (kind & 0x80)
			add_checkpoint(&s);
	}
	memcpy(s.shown, s.good.bytes, s.good.size);
	s.size = s.good.size;
	mask = reader_le16(&in) * 2u;
	while (reader_left(&in) >= 3) {
		uint8_t how = reader_u8(&in), which = reader_u8(&in);

		change(&s, how, which, reader_u8(&in));
	}
	log = (struct bytes){s.shown, s.size};
	proven = audit_check(&audit, &s.events, &log, &fault);
	check(proven == (fault.reason == REASON_NONE));
	intact = s.size >= s.good.offsets[s.anchored] &&
		 memcmp(s.shown, s.good.bytes, s.good.offsets[s.anchored]) == 0;
	if (s.events_good)
		check(proven == (intact || !s.anchored) && (!proven || audit.proven == s.anchored));
	full = kinds >> AUDIT_FULL & 1;
	suppressed = kinds >> AUDIT_SUPPRESSED & 1;
	if (!suppressed && s.size == s.good.size && memcmp(s.shown, s.good.bytes, s.size) == 0)
		check(forbidden(s.shown, s.size, mask) == (mask && (kinds & mask || full)));
	else
		forbidden(s.shown, s.size, mask);
	check(!audit_remarkable((enum audit_kind)(records % AUDIT_KIND_END)) ||
		records % AUDIT_KIND_END != AUDIT_BOOT);
}

static void try_input(const uint8_t *data, size_t size)
{
	uint64_t records = walk(data, size), count = 0;
	struct audit_cursor cursor;
	struct audit_record r;
	uint8_t head[32], *other;
	const char *why;

	if (size && !data[0])
		try_made(reader_of(data + 1, size - 1));
	if (!records)
		return;
	audit_open(&cursor, data, size, &why);
	while (count++ < records)
		audit_next(&cursor, &r);
	sha256(head, data + r.offset, r.bytes);
	if (!proven(data, size, records, head))
		return;
	other = malloc(size);
	memcpy(other, data, size);
	other[data[size - 1] % (r.offset + r.bytes)] ^= 1;
	check(!proven(other, size, records, head));
	free(other);
}

/* One record with a checkpoint, as it was written: what that passes is no news. */
static void try_usual(void)
{
	static const uint8_t usual[] = {0, 1, 0x80};
	static bool tried;

	if (tried)
		return;
	tried = true;
	try_input(usual, sizeof(usual));
	figures_drop_usual_edges();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_usual();
	try_input(data, size);
	figures_drop_usual_edges();
	return 0;
}
