/* A TCG event log in words, with the PCRs that it leads to. Pure; reads by trust/evlog_read.h. */
#ifndef TXTSTAT_EVENTLOG_H
#define TXTSTAT_EVENTLOG_H

#include "tboot-integration/txtstat/report.h"

/* SHA-256 of `size` bytes. Where none is given, PCRs are not computed. */
typedef void (*eventlog_sha256)(const void *data, size_t size, uint8_t digest[32]);

/* False, and a "fault" in the report, when the log ends in something that is no event. */
bool eventlog_report(const struct report *r, const void *log, size_t size, eventlog_sha256 sha256);

#endif
