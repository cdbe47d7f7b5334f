#include "worlds/vmx/bus.h"
#include "lib/panic.h"
#include <stddef.h>

static bool is_free(const struct bus *bus, uint64_t first, uint64_t last)
{
	bool is = first <= last;

	for (unsigned i = 0; i < bus->count; i++)
		is &= last < bus->range[i].first || first > bus->range[i].last;
	return is;
}

void bus_add(
	struct bus *bus, uint64_t first, uint64_t last, const struct bus_ops *ops, void *device)
{
	ASSERT(bus->count < BUS_RANGES);
	ASSERT(is_free(bus, first, last));
	bus->range[bus->count++] = (struct bus_range){first, last, ops, device};
}

static const struct bus_range *find(const struct bus *bus, uint64_t address, unsigned bytes)
{
	if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8)
		return NULL;
	for (unsigned i = 0; i < bus->count; i++) {
		const struct bus_range *r = &bus->range[i];

		if (address >= r->first && address <= r->last)
			return bytes - 1 <= r->last - address ? r : NULL;
	}
	return NULL;
}

uint64_t bus_read(const struct bus *bus, uint64_t address, unsigned bytes)
{
	const struct bus_range *r = find(bus, address, bytes);

	if (!r)
		return bus_nobody(bytes);
	return r->ops->read(r->device, address - r->first, bytes) & bus_nobody(bytes);
}

void bus_write(const struct bus *bus, uint64_t address, unsigned bytes, uint64_t value)
{
	const struct bus_range *r = find(bus, address, bytes);

	if (r)
		r->ops->write(r->device, address - r->first, bytes, value & bus_nobody(bytes));
}
