/* sources: kernel/trust/txtheap.c */
/* The TXT heap: whatever it holds, the log that comes out lies within it. */
#include "trust/txtheap.h"

#include <stdlib.h>

#define BASE 0x7ff00000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct txtheap heap;
	const char *why = NULL;

	if (txtheap_parse(data, size, BASE, &heap, &why) != VMK_OK) {
		if (!why)
			abort();
		return 0;
	}
	if (heap.log_offset > size || heap.log_bytes > size - heap.log_offset)
		abort();
	return 0;
}
