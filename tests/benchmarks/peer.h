/* What the only program of a small Linux needs, whatever it measures. */
#ifndef BENCHMARKS_PEER_H
#define BENCHMARKS_PEER_H

#include <stddef.h>

/* Says what failed, with errno's text, and waits to be switched off. */
_Noreturn void peer_die(const char *what);
/* `result`, unless it is negative. */
int peer_need(long result, const char *what);
/* /dev and /sys; what is printed goes to the console, line by line. */
void peer_mounts(void);
/* /modules/00.ko, 01.ko and so on. */
void peer_load_modules(void);
/* Fresh, zeroed memory, or of a file. flags: MAP_*. */
void *peer_map(size_t bytes, int flags, int fd);

#endif
