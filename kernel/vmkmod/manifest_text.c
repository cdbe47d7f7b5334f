#include "vmkmod/manifest_text.h"
#include <string.h>

bool text_is(struct text t, const char *word)
{
	return strlen(word) == t.size && memcmp(t.at, word, t.size) == 0;
}

bool text_take_name(struct text *list, struct text *name)
{
	const char *comma;

	if (!list->at)
		return false;
	comma = memchr(list->at, ',', list->size);
	*name = (struct text){list->at, comma ? (size_t)(comma - list->at) : list->size};
	list->size -= name->size + (comma ? 1 : 0);
	list->at = comma ? comma + 1 : NULL;
	return true;
}

bool text_flag(struct text text, bool *flag)
{
	*flag = text_is(text, "yes");
	return *flag || text_is(text, "no");
}

bool text_count(struct text text, uint32_t most, uint32_t *number)
{
	uint64_t value = 0;

	for (size_t i = 0; i < text.size; i++) {
		const char c = text.at[i];

		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (uint64_t)(c - '0');
		if (value > most)
			return false;
	}
	*number = (uint32_t)value;
	return text.size != 0;
}

bool text_number(struct text text, uint32_t most, uint32_t *number)
{
	return text_count(text, most, number) && *number != 0;
}

bool text_hex16(struct text text, uint16_t *number)
{
	*number = 0;
	for (size_t i = 0; i < text.size; i++) {
		const char c = text.at[i];

		if (c >= '0' && c <= '9')
			*number = (uint16_t)(*number << 4 | (c - '0'));
		else if (c >= 'a' && c <= 'f')
			*number = (uint16_t)(*number << 4 | (c - 'a' + 10));
		else
			return false;
	}
	return text.size == 4;
}
