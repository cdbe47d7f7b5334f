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

#define TEXT_COLUMNS 300u
#define TEXT_ROWS    100u
#define PIXELS_MAX   (2u << 20) /* bytes */
/* All of a screen is drawn whenever it rolls: it has so many cells, and where they are of pixels
 * less, with as little text, the less the larger its letters are. */
#define CELLS_MAX   256u
#define PIXELED_MAX 64u

/* A surface is its end: whatever is written behind that is seen. */
static uint8_t memory[PIXELS_MAX] __attribute__((aligned(64)));

static struct screen screen;

static void press(struct reader keys)
{
	struct keyboard keyboard = {0};
	char text[KEYBOARD_TEXT_MAX];

	while (reader_left(&keys))
		if (keyboard_take(&keyboard, reader_u8(&keys), text) > sizeof(text))
			abort();
}

/* A screen in the lower right corner of its surface, where the memory ends. */
struct corner {
	const struct screen_ops *surface;
	unsigned column, row;
};

static void draw(void *context, unsigned column, unsigned row, char c, bool marked)
{
	const struct corner *corner = context;

	corner->surface->draw(
		corner->surface->context, corner->column + column, corner->row + row, c, marked);
}

static void write_on(const struct screen_ops *surface, unsigned columns, unsigned rows,
	unsigned cells, size_t text, struct reader r)
{
	const unsigned shown = MIN(columns, cells), lines = MIN(rows, cells / MAX(shown, 1u));
	struct corner corner = {surface, columns - shown, rows - lines};
	const struct screen_ops ops = {draw, &corner};

	screen_init(&screen, &ops, shown, lines);
	screen_write(&screen, (const char *)r.data + r.at, MIN(reader_left(&r), text));
	if (screen.row >= screen.rows || screen.column > screen.columns)
		abort();
}

static void on_text(struct reader r, unsigned columns, unsigned rows)
{
	const bool largest = columns == TEXT_COLUMNS - 1 && rows == TEXT_ROWS - 1;
	struct surface_text s = {.columns = columns, .rows = rows};
	const struct screen_ops ops = {surface_text_draw, &s};

	s.cells = (volatile uint16_t *)(memory + sizeof(memory)) - columns * rows;
	write_on(&ops, columns, rows, largest ? columns * rows : CELLS_MAX, SIZE_MAX, r);
}

static void on_pixels(struct reader r, struct surface_pixels *s)
{
	const struct screen_ops ops = {surface_pixels_draw, s};
	const size_t bytes = (size_t)s->pitch * s->height;
	const unsigned scale = surface_scale(s);

	if (!surface_fits(s, bytes) || bytes > PIXELS_MAX)
		return;
	s->pixels = memory + sizeof(memory) - bytes;
	write_on(&ops, surface_columns(s), surface_rows(s), PIXELED_MAX / scale / scale,
		2 * PIXELED_MAX / scale, r);
	/* Whatever a cell holds: screens draw printable characters alone. */
	for (unsigned i = 0; i < 8; i++)
		surface_pixels_draw(s, reader_u8(&r), reader_u8(&r), (char)reader_u8(&r), i & 1);
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
		on_text(r, s.width % TEXT_COLUMNS, s.height % TEXT_ROWS);
	else
		on_pixels(r, &s);
	return 0;
}
