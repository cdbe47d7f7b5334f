#include "fuzz/models/json_memory.h"

#include <jansson.h>

#include "fuzz/models/library_memory.h"

static size_t live;

static void *give(size_t bytes)
{
	live++;
	return library_memory_give(bytes);
}

static void take_back(void *at)
{
	live -= at != NULL;
	library_memory_take_back(at);
}

void json_memory_use(void)
{
	json_set_alloc_funcs(give, take_back);
}

size_t json_memory_live(void)
{
	return live;
}

/*
 * jansson copies each byte that it reads by itself, and AddressSanitizer looks at each copy. Linked
 * with -Wl,--wrap=memcpy short ones of what has no sanitizers are just made.
 */
void *__real_memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *__wrap_memcpy(void *restrict to, const void *restrict from, size_t bytes);

void *__wrap_memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	volatile char *at = to;

	if (bytes > 8)
		return __real_memcpy(to, from, bytes);
	for (size_t i = 0; i < bytes; i++)
		at[i] = ((const char *)from)[i];
	return to;
}
