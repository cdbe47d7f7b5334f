/*
 * One line, edited as it is typed: insertion, the cursor keys, ctrl-a e b f d h k u w l, a history.
 * Pure over `write`; what comes in is anything that a serial line can carry, and control sequences
 * are bounded. It writes printable characters, "\r", "\n", ESC [ K and ESC [ n D only.
 */
#ifndef LIBVMK_EDITOR_H
#define LIBVMK_EDITOR_H

#include "worlds/libvmk/records.h"
#include "worlds/libvmk/words.h"

#define HISTORY_LINES  16u
#define EDITOR_COLUMNS 79u /* a longer line scrolls sideways */
#define PROMPT_BYTES   32u

enum editor_event {
	EDITOR_NONE,
	EDITOR_LINE,     /* `line` is complete; the cursor is at the beginning of a new line */
	EDITOR_BREAK,    /* ctrl-c: the line was thrown away */
	EDITOR_COMPLETE, /* tab: the caller may editor_insert() or show something and redraw */
};

struct editor {
	struct writer out;
	char prompt[PROMPT_BYTES];
	char line[LINE_BYTES]; /* zero-terminated */
	size_t length, cursor;
	char history[HISTORY_LINES][LINE_BYTES];
	unsigned history_count; /* lines ever added; the latest HISTORY_LINES are kept */
	unsigned back;          /* how many lines back the one shown is; 0: the one being typed */
	char typed[LINE_BYTES]; /* the line being typed, while another is shown */
	unsigned state, parameter; /* of a control sequence */
	bool after_return;         /* a "\n" that comes now belongs to a "\r" */
};

void editor_init(struct editor *editor, const struct writer *out);
/* Begins an empty line. The prompt is cut at PROMPT_BYTES - 1. */
void editor_begin(struct editor *editor, const char *prompt);
/* One byte that was typed. */
enum editor_event editor_feed(struct editor *editor, char byte);
/* At the cursor; what does not fit or is not printable is left out. */
void editor_insert(struct editor *editor, const char *text, size_t bytes);
void editor_redraw(struct editor *editor);

#endif
