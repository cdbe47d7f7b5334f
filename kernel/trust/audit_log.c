#include "trust/audit_log.h"

#include "lib/nospec.h"
#include "trust/audit_read.h"

#include <stdio.h>
#include <string.h>

/* Room that is kept for the last record, which says that there is no more. */
#define FULL_RESERVE (AUDIT_HEADER_BYTES + 64u)

static void put(struct audit_log *log, const uint8_t *from, size_t bytes)
{
	while (bytes) {
		size_t at = log->bytes % AUDIT_CHUNK_BYTES;
		size_t part = MIN(bytes, AUDIT_CHUNK_BYTES - at);

		memcpy(log->chunks[log->bytes / AUDIT_CHUNK_BYTES] + at, from, part);
		log->bytes += (uint32_t)part;
		from += part;
		bytes -= part;
	}
}

void audit_log_init(struct audit_log *log, void *chunk)
{
	static const uint8_t magic[AUDIT_MAGIC_BYTES] = AUDIT_MAGIC;

	log->anchor_tokens = AUDIT_ANCHOR_BURST;
	audit_log_give_chunk(log, chunk);
	put(log, magic, sizeof(magic));
	hash_sha256(magic, sizeof(magic), log->head);
}

static size_t room(const struct audit_log *log)
{
	return (size_t)log->chunk_count * AUDIT_CHUNK_BYTES - log->bytes;
}

bool audit_log_wants_chunk(const struct audit_log *log)
{
	return log->chunk_count < AUDIT_CHUNKS && room(log) < AUDIT_CHUNK_BYTES;
}

void audit_log_give_chunk(struct audit_log *log, void *chunk)
{
	log->chunks[log->chunk_count++] = chunk;
}

static void put_le(uint8_t *to, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

static size_t put_text(char *to, const char *from, size_t limit)
{
	size_t size = strnlen(from, limit);

	for (size_t i = 0; i < size; i++)
		to[i] = from[i] >= 0x20 && from[i] <= 0x7e ? from[i] : '?';
	return size;
}

static size_t make_text(char *to, const struct audit_field *fields, unsigned count)
{
	size_t size = 0;

	for (unsigned i = 0; i < MIN(count, AUDIT_FIELDS_MAX); i++) {
		size += put_text(to + size, fields[i].key, AUDIT_KEY_MAX);
		to[size++] = '=';
		size += put_text(to + size, fields[i].value, AUDIT_VALUE_MAX);
		to[size++] = '\n';
	}
	return size;
}

/* reserve: room that is to be left behind it. */
static bool append(struct audit_log *log, uint64_t now_ns, enum audit_kind kind,
	const struct audit_field *fields, unsigned count, size_t reserve)
{
	uint8_t *r = log->record;
	size_t bytes =
		AUDIT_HEADER_BYTES + make_text((char *)r + AUDIT_HEADER_BYTES, fields, count);

	if (bytes + reserve > room(log))
		return false;
	put_le(r, bytes, 4);
	put_le(r + 4, AUDIT_VERSION, 2);
	put_le(r + 6, kind, 2);
	put_le(r + 8, log->records, 8);
	put_le(r + 16, now_ns, 8);
	memcpy(r + AUDIT_LINK_OFFSET, log->head, SHA256_BYTES);
	hash_sha256(r, bytes, log->head);
	put(log, r, bytes);
	if (log->records++ == log->anchored)
		log->unanchored_ns = now_ns;
	return true;
}

static void lose(struct audit_log *log, uint64_t now_ns)
{
	static const struct audit_field field = {"why", "no room for more records"};

	log->lost++;
	log->untold++;
	if (log->full || log->chunk_count < AUDIT_CHUNKS)
		return;
	log->full = true;
	append(log, now_ns, AUDIT_FULL, &field, 1, 0);
}

static void write(struct audit_log *log, uint64_t now_ns, enum audit_kind kind,
	const struct audit_field *fields, unsigned count)
{
	if (log->full || !append(log, now_ns, kind, fields, count, FULL_RESERVE))
		lose(log, now_ns);
}

/* False where there is no room now: the count goes on. */
static bool tell(struct audit_log *log, uint64_t now_ns, struct audit_counter *counter)
{
	char number[24];
	const struct audit_field fields[] = {
		{"kind", audit_kind_name(counter->kind)},
		{"subject", counter->shared ? "(others)" : counter->subject},
		{"count", number},
	};

	snprintf(number, sizeof(number), "%llu", (unsigned long long)counter->suppressed);
	if (!append(log, now_ns, AUDIT_SUPPRESSED, fields, ARRAY_SIZE(fields), FULL_RESERVE))
		return false;
	audit_limit_told(counter, now_ns);
	return true;
}

/* What was lost while memory came too late. */
static void tell_lost(struct audit_log *log, uint64_t now_ns)
{
	char number[24];
	const struct audit_field fields[] = {
		{"kind", "any"}, {"subject", "(no memory)"}, {"count", number}};

	snprintf(number, sizeof(number), "%llu", (unsigned long long)log->untold);
	if (append(log, now_ns, AUDIT_SUPPRESSED, fields, ARRAY_SIZE(fields), FULL_RESERVE))
		log->untold = 0;
}

void audit_log_tick(struct audit_log *log, uint64_t now_ns)
{
	struct audit_counter *counter;

	if (log->untold && !log->full)
		tell_lost(log, now_ns);
	while (!log->full && (counter = audit_limit_due(&log->limit, now_ns)) != NULL) {
		if (!tell(log, now_ns, counter))
			break;
	}
}

void audit_log_add(struct audit_log *log, uint64_t now_ns, enum audit_kind kind,
	const char *subject, const struct audit_field *fields, unsigned count)
{
	log->counts[kind]++;
	if (!audit_limit_allow(&log->limit, kind, subject, now_ns))
		log->suppressed++;
	else
		write(log, now_ns, kind, fields, count);
}

size_t audit_log_read(const struct audit_log *log, uint64_t offset, void *to, size_t bytes)
{
	size_t done = 0;

	while (done < bytes && offset + done < log->bytes) {
		size_t from = index_nospec(offset + done, log->bytes),
		       at = from % AUDIT_CHUNK_BYTES;
		size_t part = MIN(MIN(bytes - done, AUDIT_CHUNK_BYTES - at), log->bytes - from);

		memcpy((uint8_t *)to + done, log->chunks[from / AUDIT_CHUNK_BYTES] + at, part);
		done += part;
	}
	return done;
}

static void refill(struct audit_log *log, uint64_t now_ns)
{
	for (; log->anchor_tokens < AUDIT_ANCHOR_BURST &&
		now_ns - log->refill_ns >= AUDIT_ANCHOR_REFILL_NS;
		log->refill_ns += AUDIT_ANCHOR_REFILL_NS)
		log->anchor_tokens++;
	if (log->anchor_tokens == AUDIT_ANCHOR_BURST)
		log->refill_ns = now_ns;
}

bool audit_log_anchor_due(struct audit_log *log, uint64_t now_ns, bool at_once)
{
	uint64_t unanchored = log->records - log->anchored;

	refill(log, now_ns);
	if (!unanchored || !log->anchor_tokens || log->anchors == AUDIT_ANCHORS_MAX)
		return false;
	return at_once || unanchored >= AUDIT_ANCHOR_RECORDS ||
	       now_ns - log->unanchored_ns >= AUDIT_ANCHOR_AGE_NS;
}

void audit_log_anchored(struct audit_log *log, uint64_t records, uint64_t now_ns)
{
	log->anchored = records;
	log->anchors++;
	log->anchor_tokens--;
	/* The exact time of the next record is not kept: it came after now at the most. */
	log->unanchored_ns = now_ns;
}

void audit_log_status(const struct audit_log *log, struct audit_status *status)
{
	*status = (struct audit_status){
		.records = log->records,
		.bytes = log->bytes,
		.suppressed = log->suppressed,
		.lost = log->lost,
		.anchored = log->anchored,
		.anchors = log->anchors,
		.full = log->full,
	};
	memcpy(status->head, log->head, sizeof(status->head));
}
