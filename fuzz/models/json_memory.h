/*
 * jansson's memory from library_memory.h. Whether all came back is for the target to look at, after
 * each input.
 */
#ifndef FUZZ_MODELS_JSON_MEMORY_H
#define FUZZ_MODELS_JSON_MEMORY_H

#include <stddef.h>

/* Before jansson is used; once is enough. */
void json_memory_use(void);
/* Blocks that jansson has not given back. */
size_t json_memory_live(void);

#endif
