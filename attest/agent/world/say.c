#include "agent/world/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <vmkuser/libvmkuser.h>

#define LINE_MAX_SIZE 200

void say(const char *format, ...)
{
	char line[LINE_MAX_SIZE + 2];
	va_list args;
	size_t size;

	va_start(args, format);
	vsnprintf(line, LINE_MAX_SIZE + 1, format, args);
	va_end(args);
	size = strlen(line);
	line[size++] = '\n';
	vmku_log(line, size);
}
