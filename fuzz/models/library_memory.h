/*
 * Memory for libraries in fuzz targets, whose own allocations under AddressSanitizer and
 * libFuzzer's hooks take longer than all that they do. Blocks are poisoned behind their end and
 * while they are free, and are not given out again at once: who reads there is stopped as ever.
 */
#ifndef FUZZ_MODELS_LIBRARY_MEMORY_H
#define FUZZ_MODELS_LIBRARY_MEMORY_H

#include <stddef.h>

/* As malloc() and free() do; what is given back twice aborts. */
void *library_memory_give(size_t bytes);
void library_memory_take_back(void *at);
/* What was asked for when it was given. */
size_t library_memory_bytes(const void *at);

#endif
