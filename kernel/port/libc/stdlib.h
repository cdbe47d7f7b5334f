/* <stdlib.h> of the freestanding kernel: names only. Memory comes from mem/heap.h. */
#ifndef LIBC_STDLIB_H
#define LIBC_STDLIB_H

#include <stddef.h>

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1

#endif
