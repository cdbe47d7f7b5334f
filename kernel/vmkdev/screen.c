#include "vmkdev/screen.h"

#include <string.h>

#define ESCAPE        '\x1b'
#define PARAMETER_MAX 999u
#define SCROLL_PART   4u /* of the rows */

static void draw(struct screen *s, unsigned column, unsigned row, bool marked)
{
	s->ops->draw(s->ops->context, column, row, s->cells[row][column], marked);
}

static void put_cell(struct screen *s, unsigned column, unsigned row, char c)
{
	if (s->cells[row][column] == c)
		return;
	s->cells[row][column] = c;
	draw(s, column, row, false);
}

static void mark_cursor(struct screen *s, bool marked)
{
	draw(s, MIN(s->column, s->columns - 1), s->row, marked);
}

void screen_init(struct screen *s, const struct screen_ops *ops, unsigned columns, unsigned rows)
{
	memset(s, 0, sizeof(*s));
	s->ops = ops;
	s->columns = MAX(MIN(columns, SCREEN_COLUMNS_MAX), 1u);
	s->rows = MAX(MIN(rows, SCREEN_ROWS_MAX), 1u);
	for (unsigned row = 0; row < s->rows; row++)
		for (unsigned column = 0; column < s->columns; column++)
			put_cell(s, column, row, ' ');
	mark_cursor(s, true);
}

static void scroll(struct screen *s)
{
	unsigned by = MAX(s->rows / SCROLL_PART, 1u);

	for (unsigned row = 0; row < s->rows; row++)
		for (unsigned column = 0; column < s->columns; column++)
			put_cell(s, column, row,
				row + by < s->rows ? s->cells[row + by][column] : ' ');
	s->row -= by - 1;
}

static void next_line(struct screen *s)
{
	s->column = 0;
	if (s->row + 1 < s->rows)
		s->row++;
	else
		scroll(s);
}

static void put_visible(struct screen *s, char c)
{
	if (s->column == s->columns)
		next_line(s);
	put_cell(s, s->column++, s->row, c);
}

static void erase_to_end(struct screen *s)
{
	for (unsigned column = s->column; column < s->columns; column++)
		put_cell(s, column, s->row, ' ');
}

static void end_sequence(struct screen *s, char final)
{
	unsigned n = MAX(s->parameter, 1u);

	s->sequence = SCREEN_PLAIN;
	if (final == 'C')
		s->column = MIN(s->column + n, s->columns - 1);
	else if (final == 'D')
		s->column -= MIN(n, s->column);
	else if (final == 'K')
		erase_to_end(s);
}

/* A sequence that is none of ours is swallowed. */
static void take_in_sequence(struct screen *s, char c)
{
	if (s->sequence == SCREEN_ESCAPE) {
		s->sequence = c == '[' ? SCREEN_PARAMETER : SCREEN_PLAIN;
		s->parameter = 0;
	} else if (c >= '0' && c <= '9') {
		s->parameter = MIN(s->parameter * 10 + (unsigned)(c - '0'), PARAMETER_MAX);
	} else {
		end_sequence(s, c);
	}
}

static void take(struct screen *s, char c)
{
	if (s->sequence != SCREEN_PLAIN)
		take_in_sequence(s, c);
	else if (c == ESCAPE)
		s->sequence = SCREEN_ESCAPE;
	else if (c == '\n')
		next_line(s);
	else if (c == '\r')
		s->column = 0;
	else if (c == '\b')
		s->column -= s->column > 0;
	else
		put_visible(s, c >= ' ' && c <= '~' ? c : '?');
}

void screen_write(struct screen *s, const char *text, size_t bytes)
{
	mark_cursor(s, false);
	for (size_t i = 0; i < bytes; i++)
		take(s, text[i]);
	mark_cursor(s, true);
}
