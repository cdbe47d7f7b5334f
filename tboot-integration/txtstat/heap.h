/*
 * The TXT heap in words: BiosData, OsMleData, OsSinitData, SinitMleData with their extended data
 * elements (Intel TXT Software Development Guide, appendix C). Pure: decodes a copy. Where the
 * blobs and the event log lie is found by trust/txtheap.h, as in the kernel.
 */
#ifndef TXTSTAT_HEAP_H
#define TXTSTAT_HEAP_H

#include "tboot-integration/txtstat/report.h"
#include "trust/txtheap.h"

struct heapstat {
	const uint8_t *bytes; /* not owned */
	size_t size;
	uint64_t base; /* physical address of bytes[0] */
	struct txtheap parsed;
	enum vmk_status status; /* VMK_OK when all was found, the event log too */
	const char *why;        /* else: what was wrong */
};

/* Finds the blobs; false if not even BiosData is there. */
bool heapstat_open(struct heapstat *heap, const void *bytes, size_t size, uint64_t base);
/* The bits of a launch that loader, SINIT and MLE agree on (C.3), as a group "capabilities". */
void report_launch_capabilities(const struct report *r, uint32_t capabilities);
/* Whether SINIT left its data in this heap. */
bool heapstat_launched(const struct heapstat *heap);
/* The event log, cut at its end, in the heap; NULL without one. */
const uint8_t *heapstat_log(const struct heapstat *heap, size_t *size);
void heapstat_report(const struct report *r, const struct heapstat *heap);

#endif
