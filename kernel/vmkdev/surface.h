/*
 * The two things that a screen is drawn on: VGA text memory and a linear framebuffer. Pure: the
 * caller maps the memory, which is only ever written.
 */
#ifndef VMKDEV_SURFACE_H
#define VMKDEV_SURFACE_H

#include "lib/types.h"

#define GLYPH_WIDTH  8u
#define GLYPH_HEIGHT 16u

/* VGA text, mode 3: a character and an attribute a cell. */
struct surface_text {
	volatile uint16_t *cells;
	unsigned columns, rows;
};
/* A struct screen_ops' draw; its context is the surface. */
void surface_text_draw(void *context, unsigned column, unsigned row, char c, bool marked);

struct surface_pixels {
	volatile uint8_t *pixels;
	uint32_t width, height; /* of the screen, in pixels */
	uint32_t pitch;         /* bytes from one line to the next */
	unsigned pixel_bytes;   /* 3 or 4 */
	uint32_t white;         /* a pixel in which all colours shine */
};
/* How many dots wide and high one dot of a letter is: letters grow with the screen. */
unsigned surface_scale(const struct surface_pixels *s);
unsigned surface_columns(const struct surface_pixels *s);
unsigned surface_rows(const struct surface_pixels *s);
/* True if no pixel of the screen lies outside `bytes` of memory. */
bool surface_fits(const struct surface_pixels *s, uint64_t bytes);
void surface_pixels_draw(void *context, unsigned column, unsigned row, char c, bool marked);

#endif
