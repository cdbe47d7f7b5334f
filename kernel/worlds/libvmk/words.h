/*
 * A line as words: separated by blanks; '...' keeps all, "..." keeps all but \" and \\, and outside
 * of quotes a backslash keeps the next character. Pure, bounded.
 */
#ifndef LIBVMK_WORDS_H
#define LIBVMK_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define WORDS_MAX  32u
#define LINE_BYTES 512u /* of a line, with its zero */

struct words {
	unsigned count;
	char *word[WORDS_MAX + 1]; /* into text; NULL after the last */
	bool open_end;             /* the last word may go on: no blank came after it */
	const char *error;         /* static text, or NULL */
	char text[LINE_BYTES];
};

/* False, with `error` set: an open quote, too many words, a line too long. The words so far stand.
 */
bool words_split(struct words *words, const char *line);

#endif
