/* sources: kernel/vmkmod/elf.c */
/*
 * Any bytes as an image: what elf_parse() accepts can be placed without touching anything outside
 * the span, no page is writable and executable, and the entry is in an executable segment.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmkmod/elf.h"

#define BASE 0x7f0000000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct check {
	const struct elf_image *image;
	uint64_t mapped_to;
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static enum vmk_status map(
	void *context, uintptr_t address, size_t bytes, bool writable, bool executable)
{
	struct check *check = context;

	require(!(writable && executable));
	require(address % PAGE_SIZE == 0 && bytes % PAGE_SIZE == 0 && bytes > 0);
	require(address >= BASE + check->mapped_to);
	check->mapped_to = address - BASE + bytes;
	require(check->mapped_to <= check->image->span);
	return VMK_OK;
}

static enum vmk_status write(void *context, uintptr_t address, const void *from, size_t bytes)
{
	const struct check *check = context;
	uint8_t sum = 0;

	for (unsigned i = 0; i < check->image->segment_count; i++) {
		const struct elf_segment *s = &check->image->segments[i];

		if (address - BASE < s->address || address - BASE - s->address > s->bytes ||
			bytes > s->bytes - (address - BASE - s->address))
			continue;
		for (size_t at = 0; at < bytes; at += 64)
			sum ^= ((const uint8_t *)from)[at];
		sum ^= ((const uint8_t *)from)[bytes - 1];
		__asm__ volatile("" : : "r"(sum));
		return VMK_OK;
	}
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct elf_place_ops ops = {.map = map, .write = write};
	struct elf_image image;
	struct check check = {.image = &image};
	const char *why;

	if (elf_parse(data, size, &image, &why) != VMK_OK) {
		require(why != NULL);
		return 0;
	}
	require(image.span <= ELF_SPAN_MAX && image.entry < image.span);
	if (elf_place(&image, BASE, &ops, &check, &why) == VMK_OK)
		require(check.mapped_to == image.span);
	else
		require(why != NULL);
	return 0;
}
