#include "lib/hex.h"

char *hex_encode(char *to, const void *from, size_t bytes)
{
	const uint8_t *data = from;

	for (size_t i = 0; i < bytes; i++) {
		to[2 * i] = "0123456789abcdef"[data[i] >> 4];
		to[2 * i + 1] = "0123456789abcdef"[data[i] & 15];
	}
	to[2 * bytes] = 0;
	return to;
}

bool hex_decode(void *to, size_t bytes, const char *text, size_t length)
{
	uint8_t *data = to;

	if (length % 2 || length / 2 != bytes)
		return false;
	for (size_t i = 0; i < bytes; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		data[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
