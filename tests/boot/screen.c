/*
 * vmkscreen FILE.ppm: the text on a picture of the framebuffer console, line by line. Every cell
 * must show one of the letters of kernel/vmkdev/font.c, or its cursor; "~?" marks one that does
 * not.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmkdev/font.h"
#include "vmkdev/surface.h"

static struct {
	unsigned width, height;
	uint8_t *pixels; /* three bytes each */
} picture;

static bool read_picture(const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t bytes;
	bool good;

	if (!file)
		return false;
	good = fscanf(file, "P6 %u %u 255", &picture.width, &picture.height) == 2 &&
	       picture.width && picture.width < 8192 && picture.height && picture.height < 1200;
	fgetc(file);
	bytes = (size_t)picture.width * picture.height * 3;
	picture.pixels = good ? malloc(bytes) : NULL;
	good = picture.pixels && fread(picture.pixels, 1, bytes, file) == bytes;
	fclose(file);
	return good;
}

static uint8_t dots(unsigned column, unsigned row, unsigned line)
{
	size_t y = row * GLYPH_HEIGHT + line, x = column * GLYPH_WIDTH;
	uint8_t bits = 0;

	for (unsigned i = 0; i < GLYPH_WIDTH; i++)
		bits = (uint8_t)(bits << 1 |
				 (picture.pixels[(y * picture.width + x + i) * 3] != 0));
	return bits;
}

/* What the surface draws for a letter, drawn once more here. */
static bool shows(unsigned column, unsigned row, char c)
{
	static uint32_t cell[GLYPH_HEIGHT][GLYPH_WIDTH];
	struct surface_pixels s = {
		(uint8_t *)cell, GLYPH_WIDTH, GLYPH_HEIGHT, sizeof(cell[0]), 4, ~0u};

	surface_pixels_draw(&s, 0, 0, c, false);
	for (unsigned line = 0; line < GLYPH_HEIGHT; line++) {
		uint8_t bits = 0;

		for (unsigned i = 0; i < GLYPH_WIDTH; i++)
			bits = (uint8_t)(bits << 1 | (cell[line][i] != 0));
		if (bits != dots(column, row, line))
			return false;
	}
	return true;
}

static bool is_marked_blank(unsigned column, unsigned row)
{
	for (unsigned line = 0; line < GLYPH_HEIGHT; line++)
		if (dots(column, row, line) != 0xff)
			return false;
	return true;
}

static void print_cell(unsigned column, unsigned row)
{
	if (is_marked_blank(column, row)) {
		putchar(' ');
		return;
	}
	for (char c = FONT_FIRST; c <= FONT_LAST; c++)
		if (shows(column, row, c)) {
			putchar(c);
			return;
		}
	fputs("~?", stdout);
}

int main(int argc, char **argv)
{
	if (argc != 2 || !read_picture(argv[1])) {
		fprintf(stderr, "vmkscreen FILE.ppm: a picture of less than 1200 lines\n");
		return 2;
	}
	for (unsigned row = 0; row < picture.height / GLYPH_HEIGHT; row++) {
		for (unsigned column = 0; column < picture.width / GLYPH_WIDTH; column++)
			print_cell(column, row);
		putchar('\n');
	}
	free(picture.pixels);
	return 0;
}
