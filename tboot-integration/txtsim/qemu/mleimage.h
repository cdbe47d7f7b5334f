/*
 * The measured launch environment on a boot image, found before anything runs: where its first
 * instruction will be, and where its code. An MLE is an ELF file for 32 bits that carries the MLE
 * header's UUID, as it is or compressed with gzip; on an ISO 9660 image a file is in one piece.
 */
#ifndef TXTSIM_MLEIMAGE_H
#define TXTSIM_MLEIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MLE_IMAGES_MAX 4u
#define MLE_RANGES_MAX 16u

struct mle_image {
	uint32_t entry; /* physical */
	uint32_t range_count;
	struct {
		uint32_t begin, end;
	} ranges[MLE_RANGES_MAX]; /* where code may stand, physical */
};

/* Reads one ELF file; false if it is no MLE. */
bool mle_image_parse(const uint8_t *file, size_t size, struct mle_image *image);
/* Searches a boot image; returns how many of at most MLE_IMAGES_MAX it found. */
unsigned mle_images_find(const uint8_t *iso, size_t size, struct mle_image *images);

#endif
