#include "vmkdev/surface.h"
#include "vmkdev/font.h"

#include <string.h>

#define ATTRIBUTE_NORMAL 0x0700u
#define ATTRIBUTE_MARKED 0x7000u
#define SCALE_MAX        4u
#define LINES_AT_SCALE_1 1200u /* a screen of more lines than this gets larger letters */
#define DOT_LEFT         1u    /* place of the 5 x 14 letter in its 8 x 16 cell */
#define DOT_TOP          1u
#define LINE_BYTES       (GLYPH_WIDTH * SCALE_MAX * 4u)

void surface_text_draw(void *context, unsigned column, unsigned row, char c, bool marked)
{
	const struct surface_text *s = context;

	if (column < s->columns && row < s->rows)
		s->cells[row * s->columns + column] =
			(uint16_t)((marked ? ATTRIBUTE_MARKED : ATTRIBUTE_NORMAL) | (uint8_t)c);
}

unsigned surface_scale(const struct surface_pixels *s)
{
	return MIN(1 + s->height / LINES_AT_SCALE_1, SCALE_MAX);
}

unsigned surface_columns(const struct surface_pixels *s)
{
	return s->width / (GLYPH_WIDTH * surface_scale(s));
}

unsigned surface_rows(const struct surface_pixels *s)
{
	return s->height / (GLYPH_HEIGHT * surface_scale(s));
}

bool surface_fits(const struct surface_pixels *s, uint64_t bytes)
{
	if (s->pixel_bytes != 3 && s->pixel_bytes != 4)
		return false;
	return s->width && s->height && (uint64_t)s->width * s->pixel_bytes <= s->pitch &&
	       (uint64_t)s->pitch * s->height <= bytes;
}

/* The dots of one line of a cell; bit 7 is the leftmost. */
static uint8_t cell_line(char c, unsigned line)
{
	unsigned dots = line - DOT_TOP;

	if (line < DOT_TOP || dots >= 2 * FONT_LINES || c < FONT_FIRST || c > FONT_LAST)
		return 0;
	return (uint8_t)(font[c - FONT_FIRST][dots / 2] << (GLYPH_WIDTH - FONT_DOTS - DOT_LEFT));
}

/* One line of pixels, in ordinary memory first: the device's memory is written in words. Each pixel
 * is written with four bytes, of which the next one takes the last where it has three. */
static size_t compose(const struct surface_pixels *s, unsigned scale, uint8_t dots, uint8_t *line)
{
	size_t at = 0;

	for (unsigned bit = GLYPH_WIDTH; bit-- > 0;) {
		const uint32_t pixel = dots >> bit & 1 ? s->white : 0;

		for (unsigned i = 0; i < scale; i++, at += s->pixel_bytes)
			memcpy(line + at, &pixel, sizeof(pixel));
	}
	return at;
}

/* A word anywhere: what is drawn begins where pitch and pixels have it. */
struct unaligned {
	uint64_t word;
} __attribute__((packed, may_alias));

_Static_assert(GLYPH_WIDTH % 8 == 0, "a line of a glyph is of whole words");
static void store(volatile uint8_t *to, const uint64_t *line, size_t bytes)
{
	for (size_t i = 0; i < bytes / 8; i++)
		((volatile struct unaligned *)to)[i].word = line[i];
}

void surface_pixels_draw(void *context, unsigned column, unsigned row, char c, bool marked)
{
	const struct surface_pixels *s = context;
	const unsigned scale = surface_scale(s);
	uint64_t words[LINE_BYTES / 8 + 1];
	uint8_t dots = 0;
	size_t bytes = 0;
	volatile uint8_t *to;

	if (column >= surface_columns(s) || row >= surface_rows(s))
		return;
	to = s->pixels + (uint64_t)row * GLYPH_HEIGHT * scale * s->pitch +
	     (uint64_t)column * GLYPH_WIDTH * scale * s->pixel_bytes;
	for (unsigned line = 0; line < GLYPH_HEIGHT; line++) {
		const uint8_t line_dots = cell_line(c, line) ^ (marked ? 0xff : 0);

		if (line == 0 || line_dots != dots)
			bytes = compose(s, scale, line_dots, (uint8_t *)words);
		dots = line_dots;
		for (unsigned i = 0; i < scale; i++, to += s->pitch)
			store(to, words, bytes);
	}
}
