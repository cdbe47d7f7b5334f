/* An audit log for people and programs. */
#ifndef VERIFIER_AUDITLIST_H
#define VERIFIER_AUDITLIST_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "verifier/audit.h"

/* How many records are anchored, where no checkpoint says: unknown; all. */
#define AUDIT_UNPROVEN   UINT64_MAX
#define AUDIT_ALL_PROVEN (UINT64_MAX - 1)

/* A table of all records that can be read; the first `proven` of them are anchored. */
void audit_print(FILE *out, const struct bytes *log, uint64_t proven);
/* An array of objects: index, time-ns, kind, anchored, fields. */
json_t *audit_records_to_json(const struct bytes *log, uint64_t proven);
/* What was proven, in numbers, and the records that a person should look at. */
json_t *audit_to_json(const struct audit *audit, const struct bytes *log);
#endif
