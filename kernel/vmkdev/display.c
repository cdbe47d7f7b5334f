#include "vmkdev/display.h"
#include "arch/x86/cpu.h"
#include "boot/boot_info.h"
#include "lib/log.h"
#include "mem/space.h"
#include "vmkdev/device.h"
#include "vmkdev/screen.h"
#include "vmkdev/surface.h"
#include "vmkdev/tty.h"

#define LOG_MODULE       "Display"

#define CLASS_DISPLAY    0x03
#define TEXT_COLUMNS_MIN 40u
#define TEXT_ROWS_MIN    20u
/* VGA (IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem"): text window, and the
 * registers of the graphics and CRT controllers, each behind an index. */
#define TEXT_WINDOW       0xb8000u
#define TEXT_WINDOW_BYTES 0x8000u
#define GRAPHICS          0x3ce
#define GRAPHICS_MISC     0x06
#define MISC_MASK         0x0d /* memory map, and graphics instead of text */
#define MISC_TEXT         0x0c /* text at TEXT_WINDOW */
#define CRTC              0x3d4
#define CRTC_COLUMNS      0x01 /* less one */
#define CRTC_OVERFLOW     0x07
#define CRTC_SCAN         0x09 /* lines of a character, less one, in 4:0 */
#define CRTC_CURSOR       0x0a
#define CURSOR_OFF        0x20
#define CRTC_START_HIGH   0x0c
#define CRTC_START_LOW    0x0d
/* Visible scan lines, less one; bits 8 and 9 are bits 1 and 6 of the overflow register. */
#define CRTC_LINES 0x12

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

static uint8_t get(uint16_t controller, uint8_t index)
{
	outb(controller, index);
	return inb(controller + 1);
}

static void set(uint16_t controller, uint8_t index, uint8_t value)
{
	outb(controller, index);
	outb(controller + 1, value);
}

/* The VGA itself says whether it shows text, and how much; without one everything reads as ones. */
static bool find_text(unsigned *columns, unsigned *rows)
{
	unsigned overflow = get(CRTC, CRTC_OVERFLOW);
	unsigned lines =
		get(CRTC, CRTC_LINES) | (overflow >> 1 & 1) << 8 | (overflow >> 6 & 1) << 9;

	if ((get(GRAPHICS, GRAPHICS_MISC) & MISC_MASK) != MISC_TEXT)
		return false;
	*columns = get(CRTC, CRTC_COLUMNS) + 1u;
	*rows = (lines + 1) / ((get(CRTC, CRTC_SCAN) & 0x1f) + 1u);
	return *columns >= TEXT_COLUMNS_MIN && *rows >= TEXT_ROWS_MIN &&
	       *columns * *rows * sizeof(uint16_t) <= TEXT_WINDOW_BYTES;
}

void display_start_text(void)
{
	static const struct screen_ops ops = {surface_text_draw, &text};
	volatile void *window;

	if (boot_info->screen.pixel_bytes || !find_text(&text.columns, &text.rows))
		return;
	if (space_map_device(hpa(TEXT_WINDOW), TEXT_WINDOW_BYTES, &window) != VMK_OK) {
		vmk_warn("the text screen cannot be mapped");
		return;
	}
	text.cells = window;
	set(CRTC, CRTC_CURSOR, CURSOR_OFF); /* the screen marks its own */
	set(CRTC, CRTC_START_HIGH, 0);
	set(CRTC, CRTC_START_LOW, 0);
	start(&ops, text.columns, text.rows);
}

/* The boot loader's word is not measured: only what a display controller decodes is written to. */
static bool is_display_memory(uint64_t address, uint64_t bytes)
{
	const struct device *d;

	for (unsigned i = 0; (d = device_at(i)) != NULL; i++) {
		struct pci_function f = d->pci;

		if (f.class_code >> 16 != CLASS_DISPLAY ||
			pci_size_bars(&pci_machine, NULL, &f) != VMK_OK)
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

	if (!s->pixel_bytes)
		return;
	pixels = (struct surface_pixels){.width = s->width,
		.height = s->height,
		.pitch = s->pitch,
		.pixel_bytes = s->pixel_bytes,
		.white = s->white};
	if (!surface_fits(&pixels, bytes) || !is_display_memory(s->address.v, bytes) ||
		!device_is_own(s->address.v, bytes)) {
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
