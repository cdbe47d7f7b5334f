#include "trust/audit.h"

#include "arch/x86/time.h"
#include "lib/hex.h"
#include "lib/lock.h"
#include "mem/heap.h"
#include "sched/world.h"
#include "trust/audit_log.h"
#include "trust/trust.h"

#include <stdarg.h>
#include <stdio.h>

#define LOG_MODULE "Audit"
#include "lib/log.h"

/* How often the world looks; what AUDIT_ANCHOR_AGE_NS promises is late by this at the most. */
#define LOOK_NS         1000000000ull
#define ANCHOR_TEXT_MAX 128u

static struct audit_log audit;
static struct spinlock lock = SPINLOCK(LOCK_AUDIT);

/* Memory is given ahead of need, since whoever records can seldom allocate. */
static void grow(void)
{
	void *chunk = NULL;
	uint64_t saved = spin_lock(&lock);
	bool wanted = audit_log_wants_chunk(&audit);

	spin_unlock(&lock, saved);
	if (wanted)
		chunk = heap_alloc(AUDIT_CHUNK_BYTES);
	if (!chunk)
		return;
	saved = spin_lock(&lock);
	audit_log_give_chunk(&audit, chunk);
	spin_unlock(&lock, saved);
}

void audit_init(void)
{
	void *chunk = heap_alloc(AUDIT_CHUNK_BYTES);
	uint64_t saved;

	if (!chunk) {
		vmk_error("no memory for the audit log: events are counted only");
		return;
	}
	saved = spin_lock(&lock);
	audit_log_init(&audit, chunk);
	spin_unlock(&lock, saved);
	grow(); /* what is recorded of the boot comes before the world that gives memory */
}

void audit_record(enum audit_kind kind, const char *subject, ...)
{
	struct audit_field fields[AUDIT_FIELDS_MAX];
	unsigned count = 0;
	uint64_t saved;
	va_list args;

	va_start(args, subject);
	while (count < AUDIT_FIELDS_MAX) {
		fields[count].key = va_arg(args, const char *);
		if (!fields[count].key)
			break;
		fields[count++].value = va_arg(args, const char *);
	}
	va_end(args);
	saved = spin_lock(&lock);
	audit_log_add(&audit, time_ns(), kind, subject, fields, count);
	spin_unlock(&lock, saved);
}

uint64_t audit_count(enum audit_kind kind)
{
	uint64_t saved = spin_lock(&lock), count = audit.counts[kind];

	spin_unlock(&lock, saved);
	return count;
}

size_t audit_read(uint64_t offset, void *to, size_t bytes, uint64_t *total)
{
	uint64_t saved = spin_lock(&lock);
	size_t copied = audit_log_read(&audit, offset, to, bytes);

	*total = audit.bytes;
	spin_unlock(&lock, saved);
	return copied;
}

void audit_get_status(struct audit_status *status)
{
	uint64_t saved = spin_lock(&lock);

	audit_log_status(&audit, status);
	spin_unlock(&lock, saved);
}

/* What is to be anchored: false while nothing is. */
static bool look(struct audit_status *status, bool at_once)
{
	uint64_t saved = spin_lock(&lock);
	bool due;

	audit_log_tick(&audit, time_ns());
	due = audit_log_anchor_due(&audit, time_ns(), at_once);
	audit_log_status(&audit, status);
	spin_unlock(&lock, saved);
	return due;
}

/* Without a measured launch, and once measuring has ended, there is nothing to anchor in. */
static bool anchor(const struct audit_status *status)
{
	char text[ANCHOR_TEXT_MAX], head[2 * SHA256_BYTES + 1];
	uint64_t saved;

	hex_encode(head, status->head, sizeof(status->head));
	snprintf(text, sizeof(text), VMK_AUDIT_FORMAT, (unsigned long long)status->records, head);
	if (trust_measure(VMK_EV_AUDIT, text) != VMK_OK)
		return false;
	saved = spin_lock(&lock);
	audit_log_anchored(&audit, status->records, time_ns());
	spin_unlock(&lock, saved);
	return true;
}

static void keep(void *argument)
{
	bool anchors = trust_measured(), first = true;
	struct audit_status status;

	for (;;) {
		grow();
		if (look(&status, first) && anchors)
			anchors = anchor(&status);
		first = false;
		world_sleep(LOOK_NS);
	}
}

void audit_start(void)
{
	struct world *world;

	if (!audit.chunk_count)
		return;
	if (world_create("audit", keep, NULL, &world) != VMK_OK) {
		vmk_error("no world for the audit log: its head is not anchored");
		return;
	}
	world_start(world);
	world_put(world);
}
