/* What a test's stand-ins write down of what was called, in order. */
#ifndef SHIM_JOURNAL_H
#define SHIM_JOURNAL_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char journal[4096];

/* As printf; what finds no room is cut. */
static inline void note(const char *format, ...)
{
	size_t at = strlen(journal);
	va_list args;

	va_start(args, format);
	vsnprintf(journal + at, sizeof(journal) - at, format, args);
	va_end(args);
}

#endif
