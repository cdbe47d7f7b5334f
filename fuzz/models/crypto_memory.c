/*
 * OpenSSL's memory from library_memory.h, in every target that this is linked into. OpenSSL keeps
 * some of it for good, so what is left after an input says nothing; who gives nothing back is
 * stopped when there is more than any target has.
 */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/models/library_memory.h"

#define LIVE_MAX (1u << 18)

static size_t live;

static void *give(size_t bytes, const char *file, int line)
{
	if (!bytes)
		return NULL;
	if (++live > LIVE_MAX)
		abort();
	return library_memory_give(bytes);
}

static void take_back(void *at, const char *file, int line)
{
	live -= at != NULL;
	library_memory_take_back(at);
}

static void *give_more(void *at, size_t bytes, const char *file, int line)
{
	const size_t before = at ? library_memory_bytes(at) : 0;
	void *more = give(bytes, file, line);

	if (bytes && !more)
		return NULL;
	if (at && more)
		memcpy(more, at, before < bytes ? before : bytes);
	take_back(at, file, line);
	return more;
}

__attribute__((constructor)) static void use(void)
{
	/* Refused once OpenSSL has any. */
	if (!CRYPTO_set_mem_functions(give, give_more, take_back))
		abort();
}
