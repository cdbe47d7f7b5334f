/*
 * Memory for jansson in fuzz targets, whose own allocations under AddressSanitizer and libFuzzer's
 * hooks take longer than all that it does. Blocks are poisoned behind their end and while they are
 * free, and are not given out again at once: who reads there is stopped as ever. Whether all came
 * back is for the target to look at, after each input.
 */
#ifndef FUZZ_MODELS_JSON_MEMORY_H
#define FUZZ_MODELS_JSON_MEMORY_H

#include <stddef.h>

/* Before jansson is used; once is enough. */
void json_memory_use(void);
/* Blocks that jansson has not given back. */
size_t json_memory_live(void);

#endif
