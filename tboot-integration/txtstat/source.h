/* Where the bytes come from: this machine's memory, or files that were saved on another. */
#ifndef TXTSTAT_SOURCE_H
#define TXTSTAT_SOURCE_H

#include "tboot-integration/txtstat/status.h"

#define SOURCE_FILE_MAX        (64u << 20)
#define SOURCE_REGISTERS_BYTES 0x10000u

struct blob {
	uint8_t *bytes; /* malloc'ed; NULL: not there */
	size_t size;
};

struct source {
	struct blob registers, heap, tboot;
	uint64_t heap_base;
	size_t heap_offset; /* where in the file the heap begins */
	enum txt_known smx, feature_control_known, pcr17_set;
	uint64_t feature_control;
};

/* Reads a file of at most SOURCE_FILE_MAX bytes; says why not on standard error. */
bool source_file(struct blob *blob, const char *path);
/*
 * This machine, through /dev/mem, /dev/cpu/0/msr and sysfs; needs root. What cannot be read is left
 * out, except the registers: without them it says why and returns false.
 */
bool source_live(struct source *source);
/* DIR/txt-registers.bin, txt-heap.bin and tboot-log.bin, as `txtsim run --dump` leaves them; each
 * may be missing, all may not. */
bool source_directory(struct source *source, const char *directory);
void source_free(struct source *source);

#endif
