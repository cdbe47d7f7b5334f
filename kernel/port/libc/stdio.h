/* <stdio.h> of the freestanding kernel: bounded formatting only; implemented in kernel/lib/fmt.c.
 */
#ifndef LIBC_STDIO_H
#define LIBC_STDIO_H

#include <stdarg.h>
#include <stddef.h>

/* Always terminated when size > 0; returns the length of the whole text (C17 section 7.21.6.5). */
int snprintf(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *to, size_t size, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

#endif
