/*
 * The audit log of the running kernel: on from the first moment, without a switch. Records may come
 * from any context; heads go into PCR 22 (15 after a static launch) from a world of their own, so
 * that nobody waits for the TPM. Format, kinds: vmkapi/audit.h. The logic: trust/audit_log.h.
 */
#ifndef TRUST_AUDIT_H
#define TRUST_AUDIT_H

#include "lib/types.h"
#include <vmkapi/audit.h>
#include <vmkapi/status.h>

struct audit_status;

/* Once the heap works; what is recorded before is counted as lost. */
void audit_init(void);
/* Once worlds can be created: from here on heads are anchored, those of the boot at once. */
void audit_start(void);
/*
 * Record what happened: pairs of key and value, all text, then NULL; at most AUDIT_FIELDS_MAX
 * pairs. audit_record(AUDIT_DENIAL, world, "world", world, "call", name, "why", "not granted",
 * NULL); `subject` is whom the limit on the number of records of a kind counts for (a world, a
 * package); NULL where nobody outside causes it. Keys are constants of at most AUDIT_KEY_MAX
 * characters as keyval.h wants them. A value may be anything: what is not printable becomes '?',
 * and it is cut after AUDIT_VALUE_MAX. Any lock but the log's may be held, and interrupts be off.
 */
void audit_record(enum audit_kind kind, const char *subject, ...) __attribute__((sentinel));
/* How often a kind was recorded or suppressed since boot. */
uint64_t audit_count(enum audit_kind kind);
/* Copies up to `bytes` of the log from `offset`; *total is its whole size. Returns bytes copied. */
size_t audit_read(uint64_t offset, void *to, size_t bytes, uint64_t *total);
void audit_get_status(struct audit_status *status);

#endif
