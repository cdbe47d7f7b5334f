#include "verifier/fault.h"

#include <stdarg.h>
#include <stdio.h>

void printable(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++) {
		if (*p < 0x20 || *p >= 0x7f)
			*p = '?';
		else if (*p == '"')
			*p = '\'';
	}
}

static void fill(char text[FAULT_TEXT], const char *format, va_list args)
{
	vsnprintf(text, FAULT_TEXT, format, args);
	printable(text);
}

bool fault_set(struct fault *fault, enum reason reason, const char *format, ...)
{
	va_list args;

	*fault = (struct fault){.reason = reason};
	va_start(args, format);
	fill(fault->what, format, args);
	va_end(args);
	return false;
}

bool fault_expected(struct fault *fault, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(fault->expected, format, args);
	va_end(args);
	return false;
}

bool fault_found(struct fault *fault, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(fault->found, format, args);
	va_end(args);
	return false;
}

bool fault_local(struct fault *fault, enum reason reason, const char *path, const char *why)
{
	fault_set(fault, reason, "%s", path);
	fault->local = true;
	return fault_found(fault, "%s", why);
}

bool fault_of_file(struct fault *fault, const char *path)
{
	char why[2 * FAULT_TEXT + 4];

	snprintf(why, sizeof(why), "%s%s%s", fault->what, *fault->found ? ": " : "", fault->found);
	return fault_local(fault, fault->reason, path, why);
}
