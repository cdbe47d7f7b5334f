/* Kernel options. */
#include "boot/options.h"
#include <string.h>

#define DIGITS_MAX 9

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The first word NAME or NAME=...; *length is the whole word's. */
static const char *find(const char *cmdline, const char *name, size_t *length)
{
	size_t name_length = strlen(name);

	while (*cmdline) {
		while (is_blank(*cmdline))
			cmdline++;
		*length = 0;
		while (cmdline[*length] && !is_blank(cmdline[*length]))
			(*length)++;
		if (*length >= name_length && memcmp(cmdline, name, name_length) == 0 &&
			(*length == name_length || cmdline[name_length] == '='))
			return cmdline;
		cmdline += *length;
	}
	return NULL;
}

bool option_has(const char *cmdline, const char *name)
{
	size_t length;

	return find(cmdline, name, &length) != NULL;
}

bool option_get(const char *cmdline, const char *name, char *value, size_t size)
{
	size_t length, start = strlen(name) + 1;
	const char *word = find(cmdline, name, &length);

	if (!word || length < start || length - start >= size)
		return false;
	memcpy(value, word + start, length - start);
	value[length - start] = 0;
	return true;
}

unsigned option_number(const char *text)
{
	unsigned v = 0, digits = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		if (++digits <= DIGITS_MAX)
			v = v * 10 + (unsigned)(*text - '0');
	return *text || digits > DIGITS_MAX ? 0 : v;
}
