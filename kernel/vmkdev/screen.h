/*
 * A screen of characters: what the console writes (vmkdev/tty.h says what that may be) onto a
 * surface that only has to draw one character at a place. Pure over struct screen_ops. What stands
 * where is kept in ordinary memory, so that the surface's memory, which is slow, is only written
 * and only where something changes.
 */
#ifndef VMKDEV_SCREEN_H
#define VMKDEV_SCREEN_H

#include "lib/types.h"

#define SCREEN_COLUMNS_MAX 240u
#define SCREEN_ROWS_MAX    80u

struct screen_ops {
	/* `c` is printable ASCII; the place is on the surface. `marked`: the cursor stands there.
	 */
	void (*draw)(void *context, unsigned column, unsigned row, char c, bool marked);
	void *context;
};

struct screen {
	const struct screen_ops *ops; /* not owned */
	unsigned columns, rows;       /* at most the maxima above */
	unsigned column, row; /* of the cursor; column may equal columns: the line is full */
	enum { SCREEN_PLAIN, SCREEN_ESCAPE, SCREEN_PARAMETER } sequence;
	unsigned parameter;
	char cells[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX];
};

/* An empty screen, drawn. Sizes beyond the maxima are cut, zero becomes one. */
void screen_init(struct screen *s, const struct screen_ops *ops, unsigned columns, unsigned rows);
/* Full screens move up by a part of their height at once: most lines then cost one drawing. */
void screen_write(struct screen *s, const char *text, size_t bytes);

#endif
