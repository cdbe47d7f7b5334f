#include "policy/predict/mle.h"

#include "lib/reader.h"
#include "lib/types.h"

#include <elf.h>
#include <stdlib.h>

/* TXT MLE developer's guide, table 1: the MLE header. Offsets count from the image's linear base.
 */
static const uint8_t mle_uuid[16] = {0x5a, 0xac, 0x82, 0x90, 0x6f, 0x47, 0xa7, 0x74, 0x0f, 0x5c,
	0x55, 0xa2, 0xcb, 0x51, 0xb6, 0x42};
#define MLE_HEADER_SIZE     52u
#define MLE_VERSION_CMDLINE 0x00020001u /* the first version with a command line */

struct mle_header {
	uint32_t length, version, start, end, cmdline_start, cmdline_end;
};

/* What a loader makes of the file: every segment at its address, the rest zero. */
static enum vmk_status expand(const struct buffer *file, struct buffer *image, const char **why)
{
	const Elf32_Ehdr *elf = (const void *)file->data;
	uint64_t low = UINT64_MAX, high = 0;

	*why = "tboot is not an ELF32 image with program headers";
	if (file->size < sizeof(*elf) || memcmp(elf->e_ident, ELFMAG, SELFMAG) ||
		elf->e_ident[EI_CLASS] != ELFCLASS32 || elf->e_phentsize != sizeof(Elf32_Phdr) ||
		elf->e_phoff > file->size ||
		elf->e_phnum > (file->size - elf->e_phoff) / sizeof(Elf32_Phdr))
		return VMK_BAD_FORMAT;
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < elf->e_phnum; i++) {
			Elf32_Phdr p;

			memcpy(&p, file->data + elf->e_phoff + i * sizeof(p), sizeof(p));
			if (p.p_type != PT_LOAD)
				continue;
			if (p.p_offset > file->size || p.p_filesz > file->size - p.p_offset ||
				p.p_filesz > p.p_memsz)
				return VMK_BAD_FORMAT;
			if (pass == 1) {
				memcpy(image->data + (p.p_paddr - low), file->data + p.p_offset,
					p.p_filesz);
				continue;
			}
			low = MIN(low, (uint64_t)p.p_paddr);
			high = MAX(high, (uint64_t)p.p_paddr + p.p_memsz);
		}
		if (pass == 1)
			break;
		if (low >= high || high - low > BUFFER_MAX)
			return VMK_BAD_FORMAT;
		image->size = high - low;
		image->data = calloc(1, image->size);
		if (!image->data)
			return VMK_NO_MEMORY;
	}
	return VMK_OK;
}

static enum vmk_status find_header(
	const struct buffer *image, struct mle_header *header, const char **why)
{
	struct reader r;
	const uint8_t *at = memmem(image->data, image->size, mle_uuid, sizeof(mle_uuid));

	*why = "tboot carries no valid MLE header";
	if (!at)
		return VMK_BAD_FORMAT;
	r = reader_of(
		at + sizeof(mle_uuid), image->size - (size_t)(at - image->data) - sizeof(mle_uuid));
	header->length = reader_le32(&r);
	header->version = reader_le32(&r);
	reader_skip(&r, 8); /* entry point, first valid page */
	header->start = reader_le32(&r);
	header->end = reader_le32(&r);
	reader_skip(&r, 4); /* capabilities */
	header->cmdline_start = reader_le32(&r);
	header->cmdline_end = reader_le32(&r);
	if (r.failed || header->length < MLE_HEADER_SIZE || header->version < MLE_VERSION_CMDLINE ||
		header->start >= header->end || header->end > image->size ||
		header->cmdline_start >= header->cmdline_end || header->cmdline_end > image->size)
		return VMK_BAD_FORMAT;
	return VMK_OK;
}

enum vmk_status mle_digest(
	const struct buffer *tboot, const char *cmdline, struct digests *digests, const char **why)
{
	struct buffer image = {0};
	struct mle_header header;
	enum vmk_status status = expand(tboot, &image, why);
	size_t room;

	if (status == VMK_OK)
		status = find_header(&image, &header, why);
	if (status != VMK_OK) {
		buffer_free(&image);
		return status;
	}
	/* tboot keeps the last byte for the terminating zero. */
	room = header.cmdline_end - header.cmdline_start;
	memset(image.data + header.cmdline_start, 0, room);
	memcpy(image.data + header.cmdline_start, cmdline, strnlen(cmdline, room - 1));
	digest_of(image.data + header.start, header.end - header.start, digests);
	buffer_free(&image);
	return status;
}
