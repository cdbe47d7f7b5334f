/* Stands in for kernel/trust/audit.c: remembers what would have been recorded. */
#ifndef SHIM_AUDIT_H
#define SHIM_AUDIT_H

#include "trust/audit_log.h"
#include "trust/audit.h"

/* Records so far, per kind, and the last one: "key=value key=value" of it. */
extern unsigned shim_audit_counts[AUDIT_KIND_END];
extern char shim_audit_last[512];

#endif
