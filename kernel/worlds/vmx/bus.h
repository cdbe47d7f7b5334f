/*
 * Who answers at a port or at a guest-physical address without RAM. Nobody: reads are all ones,
 * writes are lost, as on a board.
 */
#ifndef VMX_BUS_H
#define VMX_BUS_H

#include <stdbool.h>
#include <stdint.h>

#define BUS_RANGES 40

/* offset: from the range's first address; bytes: 1, 2, 4 or 8, inside the range. */
struct bus_ops {
	uint64_t (*read)(void *device, uint64_t offset, unsigned bytes);
	void (*write)(void *device, uint64_t offset, unsigned bytes, uint64_t value);
};
struct bus_range {
	uint64_t first, last;
	const struct bus_ops *ops;
	void *device;
};
struct bus {
	unsigned count;
	struct bus_range range[BUS_RANGES];
};

/* The caller adds at most BUS_RANGES, where nobody else answers; else the world ends. */
void bus_add(
	struct bus *bus, uint64_t first, uint64_t last, const struct bus_ops *ops, void *device);
/* An access that crosses the end of a range, or of no valid size, reaches nobody. */
uint64_t bus_read(const struct bus *bus, uint64_t address, unsigned bytes);
void bus_write(const struct bus *bus, uint64_t address, unsigned bytes, uint64_t value);
/* All ones in that many bytes: what nobody answers. */
static inline uint64_t bus_nobody(unsigned bytes)
{
	return bytes >= 8 ? UINT64_MAX : (1ull << (8 * bytes)) - 1;
}

#endif
