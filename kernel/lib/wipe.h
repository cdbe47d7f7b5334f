/* Clearing secrets in a way that the compiler may not optimize away. */
#ifndef LIB_WIPE_H
#define LIB_WIPE_H

#include <stddef.h>
#include <string.h>

static inline void wipe(void *secret, size_t bytes)
{
	memset(secret, 0, bytes);
	__asm__ volatile("" : : "r"(secret) : "memory");
}

#endif
