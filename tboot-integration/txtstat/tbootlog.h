/*
 * tboot's text log, from memory (0x60000) or from a console's file: its header as tboot 1.10.5 lays
 * it out, its compressed parts, and what known lines in it mean. Pure.
 */
#ifndef TXTSTAT_TBOOTLOG_H
#define TXTSTAT_TBOOTLOG_H

#include <vmkapi/status.h>

#include "tboot-integration/txtstat/report.h"

#define TBOOTLOG_ADDRESS 0x60000u /* physical */
#define TBOOTLOG_BYTES   0x8000u
/* Room for the text of any log that tboot writes: ten compressed parts and the last one. */
#define TBOOTLOG_TEXT_MAX (512u << 10)

/*
 * The text of a log in memory, without a terminator. VMK_NOT_FOUND if it does not begin with
 * tboot's identifier, VMK_BAD_FORMAT or VMK_TRUNCATED if its marks or a compressed part are wrong
 * (*used is what was read before that), VMK_TOO_LARGE if the text does not fit.
 */
enum vmk_status tbootlog_text(const void *log, size_t size, char *to, size_t room, size_t *used);

/* What the log says about the launch: known lines, what each means and what to do. */
void tbootlog_report_findings(const struct report *r, const char *text, size_t size);

#endif
