/*
 * Leaves the zeros out of an ELF32 executable. tboot's file is 29 MB of which 28 are zero pages; a
 * loader that reads them through the firmware takes longer for that than for everything else. Its
 * segment is written as several, with the zeros as their memory beyond the file: what stands in
 * memory, and so what is measured, is the same to the byte. Pure.
 */
#ifndef IMAGE_ELFPACK_H
#define IMAGE_ELFPACK_H

#include <stddef.h>
#include <stdint.h>
#include <vmkapi/status.h>

/*
 * Writes at most `room` bytes to `out`; a room of size + 512 KiB is always enough. VMK_BAD_FORMAT:
 * no ELF32 little-endian executable of which every segment lies in the file (*why says what);
 * VMK_TOO_LARGE: no room.
 */
enum vmk_status elfpack(const uint8_t *file, size_t size, uint8_t *out, size_t room, size_t *used,
	const char **why);

#endif
