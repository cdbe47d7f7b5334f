/*
 * Reads position-independent ELF64 images (ET_DYN without interpreter or needed libraries): user
 * worlds and driver modules. The loader relocates them, so that relocated data can be read-only
 * from the first instruction on. Spec: System V gABI ("ELF-64 Object File Format"), x86-64 psABI.
 * Pure: no allocation, and nothing outside the given bytes is read whatever they hold.
 */
#ifndef VMKMOD_ELF_H
#define VMKMOD_ELF_H

#include "lib/types.h"
#include <vmkapi/status.h>

#define ELF_SEGMENTS_MAX 8u
#define ELF_SPAN_MAX     (64ul << 20)

/* Whole pages with one protection. Addresses are offsets from the image's base. Never both
 * writable and executable; every segment is readable. */
struct elf_segment {
	uint64_t address, bytes; /* both multiples of PAGE_SIZE, bytes > 0 */
	bool writable, executable;
	bool relocatable;    /* the loader may relocate words in it: writable, or PT_GNU_RELRO */
	uint64_t data_at;    /* where the file's bytes go; at or above address */
	const uint8_t *data; /* in the caller's buffer */
	uint64_t data_bytes; /* the rest of the segment is zero */
};

struct elf_image {
	struct elf_segment segments[ELF_SEGMENTS_MAX]; /* ascending, not overlapping */
	unsigned segment_count;
	uint64_t span;  /* bytes to reserve: from 0 to the end of the last segment */
	uint64_t entry; /* inside an executable segment */
	uint64_t phdr;  /* where the program headers are in memory; 0 if in no segment */
	unsigned phdr_count, phdr_size;
	const uint8_t *rela, *relr; /* relocation tables in the caller's buffer */
	size_t rela_bytes, relr_bytes;
};

/*
 * Checks everything that elf_place() relies upon. On failure *why (static text) says what is wrong
 * with the file. `data` must outlive `image`.
 */
enum vmk_status elf_parse(
	const void *data, size_t bytes, struct elf_image *image, const char **why);

struct elf_place_ops {
	/* Map zeroed pages of a segment at `address` with its final protection. */
	enum vmk_status (*map)(
		void *context, uintptr_t address, size_t bytes, bool writable, bool executable);
	/* Write to mapped pages, whatever their protection is. */
	enum vmk_status (*write)(void *context, uintptr_t address, const void *from, size_t bytes);
};
/*
 * Maps, fills and relocates the image at `base` (page-aligned, `span` bytes reserved). A failure
 * leaves what was mapped until then to the caller. VMK_BAD_FORMAT for a bad relocation.
 */
enum vmk_status elf_place(const struct elf_image *image, uintptr_t base,
	const struct elf_place_ops *ops, void *context, const char **why);

#endif
