/* sources: kernel/trust/txtheap.c */
/* The TXT heap: whatever it holds, the log and DMAR that come out lie within it. */
#include "trust/txtheap.h"

#include <stdlib.h>

#define BASE 0x7ff00000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct txtheap heap;
	const char *why = NULL;
	size_t offset, bytes;

	if (txtheap_parse(data, size, BASE, &heap, &why) != VMK_OK) {
		if (!why)
			abort();
		return 0;
	}
	if (heap.log_offset > size || heap.log_bytes > size - heap.log_offset)
		abort();
	if (txtheap_find_dmar(data, &heap, &offset, &bytes) &&
		(offset > size || bytes > size - offset))
		abort();
	return 0;
}
