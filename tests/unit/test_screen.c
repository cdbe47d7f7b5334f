/* sources: kernel/vmkdev/screen.c kernel/vmkdev/surface.c kernel/vmkdev/font.c */
/* A screen of characters and the two surfaces that it is drawn on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vmkdev/font.h"
#include "vmkdev/screen.h"
#include "vmkdev/surface.h"

#define COLUMNS 10u
#define ROWS    4u

/* What is drawn, kept apart from what the screen thinks. */
static char drawn[ROWS][COLUMNS + 1];
static unsigned drawings, marks, marked_column, marked_row;
static struct screen screen;

static void draw(void *context, unsigned column, unsigned row, char c, bool marked)
{
	assert_true(column < COLUMNS && row < ROWS);
	assert_in_range(c, ' ', '~');
	drawn[row][column] = c;
	drawings++;
	if (!marked)
		return;
	marks++;
	marked_column = column;
	marked_row = row;
}

static const struct screen_ops ops = {draw, NULL};

static int set_up(void **state)
{
	memset(drawn, 0, sizeof(drawn));
	screen_init(&screen, &ops, COLUMNS, ROWS);
	drawings = marks = 0;
	return 0;
}

static void put(const char *text)
{
	screen_write(&screen, text, strlen(text));
	assert_int_equal(marked_column, MIN(screen.column, COLUMNS - 1));
	assert_int_equal(marked_row, screen.row);
}

static void test_lines(void **state)
{
	put("one\ntwo\rT\n\nx\b\by");
	assert_string_equal(drawn[0], "one       ");
	assert_string_equal(drawn[1], "Two       ");
	assert_string_equal(drawn[2], "          ");
	assert_string_equal(drawn[3], "y         ");
}

static void test_wraps_late(void **state)
{
	put("0123456789");
	assert_int_equal(screen.row, 0);
	put("a");
	assert_string_equal(drawn[0], "0123456789");
	assert_string_equal(drawn[1], "a         ");
}

static void test_scrolls(void **state)
{
	put("1\n2\n3\n4\n5");
	assert_string_equal(drawn[0], "2         ");
	assert_string_equal(drawn[2], "4         ");
	assert_string_equal(drawn[3], "5         ");
	for (unsigned i = 0; i < 1000; i++)
		put("a long line of text\n");
	assert_string_equal(drawn[2], "e of text ");
	assert_string_equal(drawn[3], "          ");
}

/* Only what changes is drawn. */
static void test_draws_little(void **state)
{
	put("same\n");
	drawings = 0;
	put("\r\r\r");
	assert_int_equal(drawings, 2); /* the cursor, off and on */
	put("\x1b[K");
	assert_int_equal(drawings, 4);
}

static void test_sequences(void **state)
{
	put("abcdef\x1b[3D\x1b[K-");
	assert_string_equal(drawn[0], "abc-      ");
	put("\x1b[2C+\x1b[999D>\x1b[999C<");
	assert_string_equal(drawn[0], ">bc-  +  <");
	put("\r\x1b[99999999999999C1\r\x1b[2J2\x1b");
	put("c3\x1b[4");
	put("m5");
	assert_string_equal(drawn[0], "235-  +  1");
	assert_int_equal(screen.sequence, SCREEN_PLAIN);
	put("\x01\xff\x7f");
	assert_non_null(strstr(drawn[0], "???"));
}

static void test_sizes(void **state)
{
	screen_init(&screen, &ops, 0, 0);
	screen_write(&screen, "a\nb", 3);
	assert_int_equal(screen.columns, 1);
	assert_int_equal(drawn[0][0], 'b');
}

static void test_text_surface(void **state)
{
	uint16_t cells[6] = {0};
	struct surface_text text = {cells, 3, 2};

	surface_text_draw(&text, 2, 1, 'A', false);
	surface_text_draw(&text, 0, 1, 'B', true);
	surface_text_draw(&text, 3, 0, 'C', true);
	surface_text_draw(&text, 0, 2, 'C', true);
	assert_int_equal(cells[5], 0x0741);
	assert_int_equal(cells[3], 0x7042);
	assert_int_equal(cells[0] | cells[1] | cells[2] | cells[4], 0);
}

/* Draws `c` on a framebuffer of that many bytes a pixel, with guards that only ASan sees. */
static void check_pixels(unsigned pixel_bytes, unsigned scale, unsigned misaligned)
{
	uint32_t width = 2 * GLYPH_WIDTH * scale + 3, height = scale > 1 ? 1200 : GLYPH_HEIGHT + 5;
	uint32_t pitch = width * pixel_bytes + 1;
	uint8_t *memory = calloc(1, (size_t)pitch * height + misaligned);
	struct surface_pixels s = {
		memory + misaligned, width, height, pitch, pixel_bytes, 0x00c0ffee & 0xffffff};
	unsigned lit = 0, expected = 0;

	assert_int_equal(surface_scale(&s), scale);
	assert_int_equal(surface_columns(&s), 2);
	assert_true(surface_fits(&s, (uint64_t)pitch * height));
	assert_false(surface_fits(&s, (uint64_t)pitch * height - 1));
	surface_pixels_draw(&s, 1, surface_rows(&s) - 1, '#', false);
	surface_pixels_draw(&s, 2, 0, '#', true);
	surface_pixels_draw(&s, 0, surface_rows(&s), '#', true);
	for (size_t i = 0; i + pixel_bytes <= (size_t)pitch * height; i++)
		lit += memory[misaligned + i] == 0xc0;
	for (unsigned line = 0; line < FONT_LINES; line++)
		expected += (unsigned)__builtin_popcount(font['#' - FONT_FIRST][line]);
	assert_int_equal(lit, expected * 2 * scale * scale);
	surface_pixels_draw(&s, 0, 0, ' ', true);
	assert_int_equal(s.pixels[0], 0xee);
	free(memory);
}

static void test_pixel_surface(void **state)
{
	for (unsigned pixel_bytes = 3; pixel_bytes <= 4; pixel_bytes++)
		for (unsigned scale = 1; scale <= 2; scale++)
			for (unsigned misaligned = 0; misaligned < 3; misaligned++)
				check_pixels(pixel_bytes, scale, misaligned);
}

static void test_bad_surfaces(void **state)
{
	struct surface_pixels s = {NULL, 1024, 768, 4096, 4, ~0u};

	assert_true(surface_fits(&s, 4096 * 768));
	s.pixel_bytes = 2;
	assert_false(surface_fits(&s, ~0ull));
	s = (struct surface_pixels){NULL, ~0u, ~0u, ~0u, 4, ~0u};
	assert_false(surface_fits(&s, ~0ull));
	s = (struct surface_pixels){NULL, 0, 768, 4096, 4, ~0u};
	assert_false(surface_fits(&s, ~0ull));
}

/* Every letter can be told from every other. */
static void test_font(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(font); i++) {
		for (unsigned line = 0; line < FONT_LINES; line++)
			assert_in_range(font[i][line], 0, 0x1f);
		for (unsigned j = 0; j < i; j++)
			assert_memory_not_equal(font[i], font[j], FONT_LINES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_lines, set_up),
		cmocka_unit_test_setup(test_wraps_late, set_up),
		cmocka_unit_test_setup(test_scrolls, set_up),
		cmocka_unit_test_setup(test_draws_little, set_up),
		cmocka_unit_test_setup(test_sequences, set_up),
		cmocka_unit_test_setup(test_sizes, set_up),
		cmocka_unit_test(test_text_surface),
		cmocka_unit_test(test_pixel_surface),
		cmocka_unit_test(test_bad_surfaces),
		cmocka_unit_test(test_font),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
