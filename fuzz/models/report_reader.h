/*
 * Who reads what txtstat's decoders report, and prints nothing: with sanitizers, printing takes
 * longer than decoding. Groups are closed as often as opened; each text and each value's bytes are
 * read, so that a sanitizer sees a stray pointer.
 */
#ifndef FUZZ_MODELS_REPORT_READER_H
#define FUZZ_MODELS_REPORT_READER_H

#include "tboot-integration/txtstat/report.h"

struct report_reader {
	unsigned depth;
	uint8_t sum; /* of all bytes read: they are not left out */
};

/* A report to `reader`, from its beginning. */
struct report report_to_reader(struct report_reader *reader);
/* Of a report that has ended: every group is closed. */
void report_reader_check(const struct report_reader *reader);

#endif
