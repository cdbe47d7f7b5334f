/* Values of a manifest, as they stand there: words, lists and numbers. Pure. */
#ifndef VMKMOD_MANIFEST_TEXT_H
#define VMKMOD_MANIFEST_TEXT_H

#include "lib/types.h"

struct text {
	const char *at; /* not terminated */
	size_t size;
};

bool text_is(struct text text, const char *word);
/* The first of the names between commas, and what follows it. False: there is none. */
bool text_take_name(struct text *list, struct text *name);
/* yes or no; false: neither. */
bool text_flag(struct text text, bool *flag);
/* Decimal, from 0 or from 1 to `most`; false: it is not. */
bool text_count(struct text text, uint32_t most, uint32_t *number);
bool text_number(struct text text, uint32_t most, uint32_t *number);
/* Four digits, in lower case. */
bool text_hex16(struct text text, uint16_t *number);

#endif
