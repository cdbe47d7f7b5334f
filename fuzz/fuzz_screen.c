/* sources: kernel/vmkdev/screen.c kernel/vmkdev/surface.c kernel/vmkdev/font.c */
/* sources: kernel/vmkdev/keyboard.c */
/* Anything typed, and anything written to a screen of any size: no pixel outside its memory. */
#include <stdint.h>
#include <stdlib.h>

#include "lib/reader.h"
#include "vmkdev/keyboard.h"
#include "vmkdev/screen.h"
#include "vmkdev/surface.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct screen screen;

static void press(struct reader keys)
{
	struct keyboard keyboard = {0};
	char text[KEYBOARD_TEXT_MAX];

	while (reader_left(&keys))
		if (keyboard_take(&keyboard, reader_u8(&keys), text) > sizeof(text))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);
	struct surface_pixels s = {.white = 0xffffff};
	const struct screen_ops ops = {surface_pixels_draw, &s};
	size_t bytes;

	s.width = reader_le16(&r) % 600;
	s.height = reader_u8(&r);
	s.pitch = reader_le16(&r);
	s.pixel_bytes = reader_u8(&r);
	bytes = (size_t)s.pitch * s.height;
	if (r.failed || !surface_fits(&s, bytes))
		return 0;
	s.pixels = malloc(bytes);
	screen_init(&screen, &ops, surface_columns(&s), surface_rows(&s));
	press(r);
	screen_write(&screen, (const char *)r.data + r.at, reader_left(&r));
	if (screen.row >= screen.rows || screen.column > screen.columns)
		abort();
	free((void *)(uintptr_t)s.pixels);
	return 0;
}
