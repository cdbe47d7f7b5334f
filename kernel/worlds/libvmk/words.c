#include "worlds/libvmk/words.h"

#include <string.h>

struct scan {
	const char *from;
	char *to;
};

/* One word, without its quotes; false if a quote stays open. */
static bool take_word(struct scan *s)
{
	char quote = 0;

	for (; *s->from; s->from++) {
		char c = *s->from;

		if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? 0 : c;
			continue;
		}
		if (!quote && (c == ' ' || c == '\t'))
			break;
		if (c == '\\' && quote != '\'' && s->from[1])
			c = *++s->from;
		*s->to++ = c;
	}
	return !quote;
}

bool words_split(struct words *words, const char *line)
{
	struct scan s = {.from = line, .to = words->text};

	words->count = 0;
	words->word[0] = NULL;
	words->open_end = false;
	words->error = strlen(line) < LINE_BYTES ? NULL : "the line is too long";
	while (!words->error) {
		bool closed;

		while (*s.from == ' ' || *s.from == '\t')
			s.from++;
		if (!*s.from)
			break;
		if (words->count == WORDS_MAX) {
			words->error = "too many words";
			break;
		}
		words->word[words->count++] = s.to;
		words->word[words->count] = NULL;
		closed = take_word(&s);
		*s.to++ = 0;
		words->open_end = !*s.from;
		if (!closed)
			words->error = "a quote is not closed";
	}
	return !words->error;
}
