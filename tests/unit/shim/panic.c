#include "tests/unit/shim/panic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

jmp_buf panic_trap;
bool panic_trapped;
char panic_text[512];

_Noreturn void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(panic_text, sizeof(panic_text), format, args);
	va_end(args);
	if (panic_trapped)
		longjmp(panic_trap, 1);
	fprintf(stderr, "panic: %s\n", panic_text);
	abort();
}
