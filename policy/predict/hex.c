#include "policy/predict/hex.h"

#include <stdlib.h>
#include <string.h>

json_t *hex_json(const void *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = data;
	char *text = malloc(2 * size + 1);
	json_t *json;

	if (!text)
		return NULL;
	for (size_t i = 0; i < size; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	json = json_stringn(text, 2 * size);
	free(text);
	return json;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool hex_parse(const char *text, void *to, size_t room, size_t *size)
{
	size_t digits = strlen(text);
	uint8_t *bytes = to;

	if (digits % 2 || digits / 2 > room)
		return false;
	for (size_t i = 0; i < digits; i += 2) {
		int high = digit(text[i]), low = digit(text[i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i / 2] = (uint8_t)(high << 4 | low);
	}
	*size = digits / 2;
	return true;
}
