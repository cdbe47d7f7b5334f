/* sources: kernel/vmkdev/screen.c kernel/vmkdev/surface.c kernel/vmkdev/font.c */
/* sources: kernel/vmkdev/keyboard.c */
/* coverage: edges, lean */
/*
 * Anything typed, and anything written to a screen of any size, of pixels or of text: nothing
 * outside its memory. Input: {u16 width, u8 height, u16 pitch, u8 bytes of a pixel; 2: text, the
 * highest bit: twenty times the height}, then keys and text.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lib/reader.h"
#include "vmkdev/keyboard.h"
#include "vmkdev/screen.h"
#include "vmkdev/surface.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PIXELS_MAX (256u << 10) /* bytes: each of them is drawn whenever a screen rolls */

static struct screen screen;

static void press(struct reader keys)
{
	struct keyboard keyboard = {0};
	char text[KEYBOARD_TEXT_MAX];

	while (reader_left(&keys))
		if (keyboard_take(&keyboard, reader_u8(&keys), text) > sizeof(text))
			abort();
}

static void write_on(const struct screen_ops *ops, unsigned columns, unsigned rows, struct reader r)
{
	screen_init(&screen, ops, columns, rows);
	screen_write(&screen, (const char *)r.data + r.at, reader_left(&r));
	if (screen.row >= screen.rows || screen.column > screen.columns)
		abort();
}

static void on_text(struct reader r, unsigned columns, unsigned rows)
{
	struct surface_text s = {.columns = columns, .rows = rows};
	const struct screen_ops ops = {surface_text_draw, &s};

	s.cells = calloc((size_t)columns * rows + 1, sizeof(*s.cells));
	write_on(&ops, columns, rows, r);
	free((void *)(uintptr_t)s.cells);
}

static void on_pixels(struct reader r, struct surface_pixels *s)
{
	const struct screen_ops ops = {surface_pixels_draw, s};
	const size_t bytes = (size_t)s->pitch * s->height;

	if (!surface_fits(s, bytes) || bytes > PIXELS_MAX)
		return;
	s->pixels = malloc(bytes);
	write_on(&ops, surface_columns(s), surface_rows(s), r);
	/* Whatever a cell holds: screens draw printable characters alone. */
	for (unsigned i = 0; i < 8; i++)
		surface_pixels_draw(s, reader_u8(&r), reader_u8(&r), (char)reader_u8(&r), i & 1);
	free((void *)(uintptr_t)s->pixels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);
	struct surface_pixels s = {.white = 0xffffff};

	s.width = reader_le16(&r) % 3000;
	s.height = reader_u8(&r);
	s.pitch = reader_le16(&r);
	s.pixel_bytes = reader_u8(&r);
	if (r.failed)
		return 0;
	if (s.pixel_bytes & 0x80)
		s.height *= 20;
	s.pixel_bytes &= 0x7f;
	press(r);
	if (s.pixel_bytes == 2)
		on_text(r, s.width % 300, s.height % 100);
	else
		on_pixels(r, &s);
	return 0;
}
