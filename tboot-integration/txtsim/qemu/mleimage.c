#include "tboot-integration/txtsim/qemu/mleimage.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define SECTOR       2048u
#define INFLATED_MAX (64u << 20)
/* Where the kind of a file shows. */
#define PROBE 64u

/* MLE Developer's Guide, table 1. */
static const uint8_t mle_uuid[16] = {0x5a, 0xac, 0x82, 0x90, 0x6f, 0x47, 0xa7, 0x74, 0x0f, 0x5c,
	0x55, 0xa2, 0xcb, 0x51, 0xb6, 0x42};

static bool is_elf32(const uint8_t *p, size_t size)
{
	return size >= sizeof(Elf32_Ehdr) && !memcmp(p, ELFMAG, SELFMAG) &&
	       p[EI_CLASS] == ELFCLASS32 && p[EI_DATA] == ELFDATA2LSB;
}

/* The file ends where the last of its headers, segments and sections does. */
static size_t elf_extent(const uint8_t *file, size_t size)
{
	Elf32_Ehdr header;
	uint64_t end;

	memcpy(&header, file, sizeof(header));
	end = (uint64_t)header.e_shoff + (uint64_t)header.e_shnum * sizeof(Elf32_Shdr);
	for (unsigned i = 0; i < header.e_phnum; i++) {
		uint64_t at = (uint64_t)header.e_phoff + i * sizeof(Elf32_Phdr);
		Elf32_Phdr segment;

		if (at + sizeof(segment) > size)
			break;
		memcpy(&segment, file + at, sizeof(segment));
		if ((uint64_t)segment.p_offset + segment.p_filesz > end)
			end = (uint64_t)segment.p_offset + segment.p_filesz;
	}
	return end < size ? (size_t)end : size;
}

static void add_range(struct mle_image *image, uint64_t begin, uint64_t end)
{
	if (image->range_count == MLE_RANGES_MAX || begin >= end || end > UINT32_MAX)
		return;
	image->ranges[image->range_count].begin = (uint32_t)begin;
	image->ranges[image->range_count++].end = (uint32_t)end;
}

static void take_sections(struct mle_image *image, const uint8_t *file, size_t size)
{
	Elf32_Ehdr header;
	Elf32_Shdr section;

	memcpy(&header, file, sizeof(header));
	for (unsigned i = 0; i < header.e_shnum; i++) {
		uint64_t at = (uint64_t)header.e_shoff + i * sizeof(section);

		if (at + sizeof(section) > size)
			return;
		memcpy(&section, file + at, sizeof(section));
		if (section.sh_flags & SHF_EXECINSTR && section.sh_type == SHT_PROGBITS)
			add_range(image, section.sh_addr,
				(uint64_t)section.sh_addr + section.sh_size);
	}
}

/* For a file without sections: what of its executable segments comes from the file. */
static void take_segments(struct mle_image *image, const uint8_t *file, size_t size)
{
	Elf32_Ehdr header;
	Elf32_Phdr segment;

	memcpy(&header, file, sizeof(header));
	for (unsigned i = 0; i < header.e_phnum; i++) {
		uint64_t at = (uint64_t)header.e_phoff + i * sizeof(segment);

		if (at + sizeof(segment) > size)
			return;
		memcpy(&segment, file + at, sizeof(segment));
		if (segment.p_type == PT_LOAD && segment.p_flags & PF_X)
			add_range(image, segment.p_paddr,
				(uint64_t)segment.p_paddr + segment.p_filesz);
	}
}

bool mle_image_parse(const uint8_t *file, size_t size, struct mle_image *image)
{
	Elf32_Ehdr header;

	*image = (struct mle_image){0};
	if (!is_elf32(file, size))
		return false;
	size = elf_extent(file, size);
	if (!memmem(file, size, mle_uuid, sizeof(mle_uuid)))
		return false;
	memcpy(&header, file, sizeof(header));
	image->entry = header.e_entry;
	take_sections(image, file, size);
	if (!image->range_count)
		take_segments(image, file, size);
	return image->range_count;
}

/* Inflates a gzip file that holds an ELF file; NULL if it does not. The caller frees it. */
static uint8_t *inflate_elf(const uint8_t *from, size_t size, size_t *inflated)
{
	z_stream z = {
		.next_in = (Bytef *)from, .avail_in = size < UINT32_MAX ? (uInt)size : UINT32_MAX};
	uint8_t *to = NULL;
	int status;

	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return NULL;
	to = malloc(INFLATED_MAX);
	if (to) {
		z.next_out = to;
		z.avail_out = PROBE;
		status = inflate(&z, Z_SYNC_FLUSH);
		if ((status == Z_OK || status == Z_BUF_ERROR) && is_elf32(to, z.total_out)) {
			z.avail_out = INFLATED_MAX - (uInt)z.total_out;
			inflate(&z, Z_FINISH);
			*inflated = z.total_out;
		} else {
			free(to);
			to = NULL;
		}
	}
	inflateEnd(&z);
	return to;
}

static bool examine(const uint8_t *p, size_t size, struct mle_image *image)
{
	uint8_t *file;
	size_t inflated;
	bool good;

	if (is_elf32(p, size))
		return mle_image_parse(p, size, image);
	if (size < PROBE || memcmp(p, "\x1f\x8b\x08", 3) != 0)
		return false;
	file = inflate_elf(p, size, &inflated);
	good = file && mle_image_parse(file, inflated, image);
	free(file);
	return good;
}

unsigned mle_images_find(const uint8_t *iso, size_t size, struct mle_image *images)
{
	unsigned count = 0;

	for (size_t at = 0; at < size && count < MLE_IMAGES_MAX; at += SECTOR)
		count += examine(iso + at, size - at, &images[count]);
	return count;
}
