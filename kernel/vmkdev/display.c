#include "vmkdev/display.h"
#include "arch/x86/cpu.h"
#include "boot/boot_info.h"
#include "lib/log.h"
#include "mem/space.h"
#include "vmkdev/device.h"
#include "vmkdev/screen.h"
#include "vmkdev/surface.h"
#include "vmkdev/tty.h"

#define LOG_MODULE    "Display"

#define CLASS_DISPLAY 0x03
/* VGA: the colour text window, and the CRT controller's registers (IBM VGA, cursor start). */
#define TEXT_WINDOW       0xb8000u
#define TEXT_WINDOW_BYTES 0x8000u
#define CRTC_INDEX        0x3d4
#define CRTC_DATA         0x3d5
#define CRTC_CURSOR_START 0x0a
#define CURSOR_OFF        0x20

static struct screen screen; /* guarded by the console's lock once it is a sink */
static struct surface_text text;
static struct surface_pixels pixels;

static void write_screen(const char *from, size_t bytes)
{
	screen_write(&screen, from, bytes);
}

static void start(const struct screen_ops *ops, unsigned columns, unsigned rows)
{
	uint64_t offset = 0;
	char part[256];
	size_t bytes;

	screen_init(&screen, ops, columns, rows);
	while ((bytes = log_read(&offset, part, sizeof(part))) > 0)
		write_screen(part, bytes);
	if (tty_register_sink(write_screen) == VMK_OK)
		vmk_log("console on a screen of %u columns and %u rows", screen.columns,
			screen.rows);
}

void display_start_text(void)
{
	static const struct screen_ops ops = {surface_text_draw, &text};
	const struct boot_screen *s = &boot_info->screen;
	volatile void *window;

	if (s->kind != BOOT_SCREEN_TEXT)
		return;
	if (s->address.v != TEXT_WINDOW || !s->width || s->width > SCREEN_COLUMNS_MAX ||
		!s->height || s->height > SCREEN_ROWS_MAX ||
		s->width * s->height * 2 > TEXT_WINDOW_BYTES) {
		vmk_warn("the text screen is none that VGA has");
		return;
	}
	if (space_map_device(hpa(TEXT_WINDOW), TEXT_WINDOW_BYTES, &window) != VMK_OK) {
		vmk_warn("the text screen cannot be mapped");
		return;
	}
	text = (struct surface_text){window, s->width, s->height};
	outb(CRTC_INDEX, CRTC_CURSOR_START);
	outb(CRTC_DATA, CURSOR_OFF); /* the screen marks its own */
	start(&ops, s->width, s->height);
}

/* The boot loader's word is not measured: only what a display controller decodes is written to. */
static bool is_display_memory(uint64_t address, uint64_t bytes)
{
	const struct device *d;

	for (unsigned i = 0; (d = device_at(i)) != NULL; i++) {
		struct pci_function f = d->pci;

		if (f.class_code >> 16 != CLASS_DISPLAY ||
			pci_size_bars(&pci_mechanism1, NULL, &f) != VMK_OK)
			continue;
		for (unsigned bar = 0; bar < PCI_BARS; bar++) {
			uint64_t offset = address - f.bars[bar].address;

			if (!f.bars[bar].is_io && address >= f.bars[bar].address &&
				offset < f.bars[bar].bytes && f.bars[bar].bytes - offset >= bytes)
				return true;
		}
	}
	return false;
}

void display_start_pixels(void)
{
	static const struct screen_ops ops = {surface_pixels_draw, &pixels};
	const struct boot_screen *s = &boot_info->screen;
	uint64_t bytes = (uint64_t)s->pitch * s->height;
	volatile void *memory;

	if (s->kind != BOOT_SCREEN_PIXELS)
		return;
	pixels = (struct surface_pixels){.width = s->width,
		.height = s->height,
		.pitch = s->pitch,
		.pixel_bytes = s->pixel_bytes,
		.white = s->white};
	if (!surface_fits(&pixels, bytes) || !is_display_memory(s->address.v, bytes)) {
		vmk_warn("the framebuffer of %ux%u is in no display controller's memory", s->width,
			s->height);
		return;
	}
	if (space_map_device(s->address, bytes, &memory) != VMK_OK) {
		vmk_warn("the framebuffer cannot be mapped");
		return;
	}
	pixels.pixels = memory;
	start(&ops, surface_columns(&pixels), surface_rows(&pixels));
}
