/* Kernel options. */
#include "boot/options.h"
#include <string.h>

#define DIGITS_MAX 9

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool option_get(const char *cmdline, const char *name, char *value, size_t size)
{
	size_t name_length = strlen(name);

	while (*cmdline) {
		const char *word;
		size_t length = 0;

		while (is_blank(*cmdline))
			cmdline++;
		word = cmdline;
		while (word[length] && !is_blank(word[length]))
			length++;
		cmdline = word + length;
		if (length <= name_length || memcmp(word, name, name_length) ||
			word[name_length] != '=')
			continue;
		word += name_length + 1;
		length -= name_length + 1;
		if (length >= size)
			return false;
		memcpy(value, word, length);
		value[length] = 0;
		return true;
	}
	return false;
}

unsigned option_number(const char *text)
{
	unsigned v = 0, digits = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		if (++digits <= DIGITS_MAX)
			v = v * 10 + (unsigned)(*text - '0');
	return *text || digits > DIGITS_MAX ? 0 : v;
}
