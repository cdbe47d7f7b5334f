/*
 * Guest RAM as the VMX world has it mapped: [0, low_bytes) and [4 GiB, 4 GiB + high_bytes). Guests
 * write to it at any time, so whoever decides by its contents copies them first.
 */
#ifndef VMX_GMEM_H
#define VMX_GMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gmem {
	uint8_t *low, *high; /* not owned; high may be NULL with high_bytes 0 */
	uint64_t low_bytes, high_bytes;
};

/* Where `bytes` at guest-physical address gpa are, or NULL unless all of them are RAM. */
void *gmem_map(const struct gmem *memory, uint64_t gpa, uint64_t bytes);
/* False, and *to zeroed, unless all of it is RAM. */
bool gmem_read(const struct gmem *memory, uint64_t gpa, void *to, size_t bytes);
bool gmem_write(const struct gmem *memory, uint64_t gpa, const void *from, size_t bytes);

#endif
