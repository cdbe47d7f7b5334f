/* mem/heap.h over the C library, for programs on a host that link the kernel's pure sources. */
#include "mem/heap.h"

#include <stdlib.h>

void *heap_alloc(size_t bytes)
{
	return calloc(1, bytes);
}

void *heap_calloc(size_t count, size_t bytes)
{
	return calloc(count, bytes);
}

void heap_free(void *memory)
{
	free(memory);
}
