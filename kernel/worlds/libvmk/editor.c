#include "worlds/libvmk/editor.h"

#include <string.h>

#define CTRL(c)    ((c) & 0x1f)
#define ESCAPE     0x1b
#define DELETE     0x7f
#define DIGITS_MAX 99u

/* Of a control sequence (ECMA-48): ESC [ parameter final, and ESC O final. */
enum { PLAIN, AFTER_ESCAPE, IN_SEQUENCE, AFTER_SS3 };

void editor_init(struct editor *editor, const struct writer *out)
{
	memset(editor, 0, sizeof(*editor));
	editor->out = *out;
}

/* The part of the line around the cursor that fits beside the prompt. */
void editor_redraw(struct editor *e)
{
	size_t room = EDITOR_COLUMNS - strlen(e->prompt);
	size_t from = e->cursor > room ? e->cursor - room : 0;
	size_t shown = e->length - from < room ? e->length - from : room;

	writer_text(&e->out, "\r");
	writer_text(&e->out, e->prompt);
	e->out.write(e->out.context, e->line + from, shown);
	writer_text(&e->out, "\x1b[K");
	if (from + shown > e->cursor)
		writer_format(&e->out, "\x1b[%uD", (unsigned)(from + shown - e->cursor));
}

static void clear(struct editor *e)
{
	e->length = e->cursor = 0;
	e->line[0] = 0;
	e->back = 0;
}

void editor_begin(struct editor *e, const char *prompt)
{
	size_t length = strlen(prompt);

	if (length > PROMPT_BYTES - 1)
		length = PROMPT_BYTES - 1;
	memcpy(e->prompt, prompt, length);
	e->prompt[length] = 0;
	clear(e);
	editor_redraw(e);
}

static void set_line(struct editor *e, const char *text)
{
	e->length = strlen(text);
	memcpy(e->line, text, e->length + 1);
	e->cursor = e->length;
	editor_redraw(e);
}

void editor_insert(struct editor *e, const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes && e->length < LINE_BYTES - 1; i++) {
		if (text[i] < ' ' || text[i] > '~')
			continue;
		memmove(e->line + e->cursor + 1, e->line + e->cursor, e->length - e->cursor + 1);
		e->line[e->cursor++] = text[i];
		e->length++;
	}
	editor_redraw(e);
}

static void erase(struct editor *e, size_t from, size_t to)
{
	memmove(e->line + from, e->line + to, e->length - to + 1);
	e->length -= to - from;
	e->cursor = from;
	editor_redraw(e);
}

static void erase_word(struct editor *e)
{
	size_t from = e->cursor;

	while (from && e->line[from - 1] == ' ')
		from--;
	while (from && e->line[from - 1] != ' ')
		from--;
	erase(e, from, e->cursor);
}

static void move(struct editor *e, size_t to)
{
	e->cursor = to;
	editor_redraw(e);
}

/* --- history */

static char *history_line(struct editor *e, unsigned back)
{
	return e->history[(e->history_count - back) % HISTORY_LINES];
}

static void remember(struct editor *e)
{
	if (!e->length || (e->history_count && !strcmp(history_line(e, 1), e->line)))
		return;
	e->history_count++;
	memcpy(history_line(e, 1), e->line, e->length + 1);
}

static void show_history(struct editor *e, unsigned back)
{
	unsigned kept = e->history_count < HISTORY_LINES ? e->history_count : HISTORY_LINES;

	if (back > kept)
		return;
	if (e->back == 0)
		memcpy(e->typed, e->line, e->length + 1);
	e->back = back;
	set_line(e, back ? history_line(e, back) : e->typed);
}

static void show_older(struct editor *e)
{
	show_history(e, e->back + 1);
}

static void show_newer(struct editor *e)
{
	if (e->back)
		show_history(e, e->back - 1);
}

/* --- keys */

static void key_left(struct editor *e)
{
	if (e->cursor)
		move(e, e->cursor - 1);
}

static void key_right(struct editor *e)
{
	if (e->cursor < e->length)
		move(e, e->cursor + 1);
}

static void key_delete(struct editor *e)
{
	if (e->cursor < e->length)
		erase(e, e->cursor, e->cursor + 1);
}

static void key_backspace(struct editor *e)
{
	if (e->cursor)
		erase(e, e->cursor - 1, e->cursor);
}

/* ESC [ n ~ as VT220 and its heirs send it. */
static void numbered_key(struct editor *e)
{
	switch (e->parameter) {
	case 1:
	case 7:
		move(e, 0);
		break;
	case 3:
		key_delete(e);
		break;
	case 4:
	case 8:
		move(e, e->length);
		break;
	}
}

static void final_key(struct editor *e, char final)
{
	switch (final) {
	case 'A':
		show_older(e);
		break;
	case 'B':
		show_newer(e);
		break;
	case 'C':
		key_right(e);
		break;
	case 'D':
		key_left(e);
		break;
	case 'H':
		move(e, 0);
		break;
	case 'F':
		move(e, e->length);
		break;
	case '~':
		numbered_key(e);
		break;
	}
}

static void feed_sequence(struct editor *e, char byte)
{
	if (e->state == AFTER_ESCAPE) {
		e->parameter = 0;
		e->state = byte == '[' ? IN_SEQUENCE : (byte == 'O' ? AFTER_SS3 : PLAIN);
		return;
	}
	if (e->state == IN_SEQUENCE && byte >= '0' && byte <= '9') {
		if (e->parameter <= DIGITS_MAX)
			e->parameter = e->parameter * 10 + (unsigned)(byte - '0');
		return;
	}
	if (e->state == IN_SEQUENCE && byte >= ' ' && byte <= '?')
		return; /* a second parameter, an intermediate byte: of no key that means something
			 */
	e->state = PLAIN;
	final_key(e, byte);
}

static void move_to_end(struct editor *e)
{
	if (e->cursor != e->length)
		move(e, e->length);
}

static enum editor_event end_line(struct editor *e)
{
	move_to_end(e);
	writer_text(&e->out, "\n");
	remember(e);
	e->back = 0;
	return EDITOR_LINE;
}

static enum editor_event feed_control(struct editor *e, char byte)
{
	switch (byte) {
	case '\r':
	case '\n':
		return end_line(e);
	case '\t':
		return EDITOR_COMPLETE;
	case CTRL('c'):
		move_to_end(e);
		writer_text(&e->out, "^C\n");
		clear(e);
		return EDITOR_BREAK;
	case CTRL('a'):
		move(e, 0);
		break;
	case CTRL('e'):
		move(e, e->length);
		break;
	case CTRL('b'):
		key_left(e);
		break;
	case CTRL('f'):
		key_right(e);
		break;
	case CTRL('d'):
		key_delete(e);
		break;
	case CTRL('h'):
	case DELETE:
		key_backspace(e);
		break;
	case CTRL('k'):
		erase(e, e->cursor, e->length);
		break;
	case CTRL('u'):
		erase(e, 0, e->cursor);
		break;
	case CTRL('w'):
		erase_word(e);
		break;
	case CTRL('p'):
		show_older(e);
		break;
	case CTRL('n'):
		show_newer(e);
		break;
	case CTRL('l'):
		editor_redraw(e);
		break;
	case ESCAPE:
		e->state = AFTER_ESCAPE;
		break;
	}
	return EDITOR_NONE;
}

enum editor_event editor_feed(struct editor *e, char byte)
{
	bool after_return = e->after_return;
	/* Echo of what is only appended, as most typing is; anything else draws the line anew. */
	bool appends = e->cursor == e->length && e->length < LINE_BYTES - 1 &&
		       strlen(e->prompt) + e->length + 1 < EDITOR_COLUMNS;

	e->after_return = byte == '\r';
	if (byte == '\n' && after_return)
		return EDITOR_NONE;
	/* Whatever it interrupts, ctrl-c is ctrl-c, and a line's end ends it. */
	if (byte == CTRL('c') || byte == '\r' || byte == '\n')
		e->state = PLAIN;
	if (e->state != PLAIN) {
		feed_sequence(e, byte);
		return EDITOR_NONE;
	}
	if (byte < ' ' || byte > '~')
		return feed_control(e, byte);
	if (!appends) {
		editor_insert(e, &byte, 1);
		return EDITOR_NONE;
	}
	e->line[e->length++] = byte;
	e->line[e->length] = 0;
	e->cursor = e->length;
	e->out.write(e->out.context, &byte, 1);
	return EDITOR_NONE;
}
