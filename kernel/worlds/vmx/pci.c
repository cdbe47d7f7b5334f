#include "worlds/vmx/pci.h"
#include "lib/nospec.h"
#include "lib/panic.h"
#include <stddef.h>
#include <string.h>

#define ADDRESS_ENABLE 0x80000000u
#define HOST_VENDOR    0x8086u /* 82441FX: the bridge that configuration mechanism 1 came with */
#define HOST_DEVICE    0x1237u
#define HOST_CLASS     0x060000u

void pci_set16(struct pci_function *f, unsigned offset, uint16_t value)
{
	memcpy(&f->config[offset], &value, sizeof(value));
}
void pci_set32(struct pci_function *f, unsigned offset, uint32_t value)
{
	memcpy(&f->config[offset], &value, sizeof(value));
}
uint16_t pci_get16(const struct pci_function *f, unsigned offset)
{
	uint16_t value;

	memcpy(&value, &f->config[offset], sizeof(value));
	return value;
}
uint32_t pci_get32(const struct pci_function *f, unsigned offset)
{
	uint32_t value;

	memcpy(&value, &f->config[offset], sizeof(value));
	return value;
}

static void add_bar(struct pci_function *f, unsigned slot, uint32_t bar_bytes)
{
	const uint32_t mask = ~(bar_bytes - 1);

	f->bar_bytes = bar_bytes;
	pci_set32(f, PCI_BAR0, (uint32_t)PCI_WINDOW + slot * PCI_BAR_STRIDE);
	memcpy(&f->writable[PCI_BAR0], &mask, sizeof(mask));
	pci_set16(f, PCI_COMMAND, PCI_COMMAND_MEMORY);
}

struct pci_function *pci_add(struct pci *pci, uint16_t vendor, uint16_t device, uint32_t class_code,
	uint32_t bar_bytes, unsigned *slot)
{
	const uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX;
	struct pci_function *f = &pci->slot[pci->count];

	ASSERT(pci->count < PCI_SLOTS);
	f->present = true;
	pci_set16(f, PCI_VENDOR, vendor);
	pci_set16(f, PCI_DEVICE, device);
	for (unsigned b = 0; b < 3; b++)
		f->config[PCI_CLASS + b] = (uint8_t)(class_code >> (8 * b));
	memcpy(&f->writable[PCI_COMMAND], &command, sizeof(command));
	f->writable[PCI_LINE] = 0xff;
	if (bar_bytes)
		add_bar(f, pci->count, bar_bytes);
	*slot = pci->count++;
	return f;
}

void pci_init(struct pci *pci)
{
	unsigned slot;

	memset(pci, 0, sizeof(*pci));
	pci_add(pci, HOST_VENDOR, HOST_DEVICE, HOST_CLASS, 0, &slot);
}

/* Whom the address register names: bus 0, function 0 of a slot that is taken; else NULL. */
static struct pci_function *selected(struct pci *pci)
{
	const unsigned slot = pci->address >> 11 & 0x1f;
	struct pci_function *f;

	if (!(pci->address & ADDRESS_ENABLE) || (pci->address & 0x00ff0700u) || slot >= PCI_SLOTS)
		return NULL;
	f = &pci->slot[index_nospec(slot, PCI_SLOTS)];
	return f->present ? f : NULL;
}

static uint64_t read_config(struct pci_function *f, unsigned offset, unsigned bytes)
{
	uint64_t value = 0;

	if (!f || offset + bytes > sizeof(f->config))
		return UINT64_MAX;
	if (f->before_read)
		f->before_read(f->device, offset, bytes);
	memcpy(&value, &f->config[offset], bytes);
	return value;
}

static void write_config(struct pci_function *f, unsigned offset, unsigned bytes, uint64_t value)
{
	if (!f || offset + bytes > sizeof(f->config))
		return;
	for (unsigned i = 0; i < bytes; i++) {
		uint8_t *byte = &f->config[offset + i], mask = f->writable[offset + i];

		*byte = (uint8_t)((*byte & ~mask) | (value >> (8 * i) & mask));
	}
	if (f->after_write)
		f->after_write(f->device, offset, bytes);
}

static uint64_t config_read(void *device, uint64_t offset, unsigned bytes)
{
	struct pci *pci = device;

	if (offset < 4)
		return offset == 0 && bytes == 4 ? pci->address : UINT64_MAX;
	return read_config(selected(pci), (pci->address & 0xfc) | (unsigned)(offset & 3), bytes);
}

static void config_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
	struct pci *pci = device;

	if (offset >= 4)
		write_config(selected(pci), (pci->address & 0xfc) | (unsigned)(offset & 3), bytes,
			value);
	else if (offset == 0 && bytes == 4)
		pci->address = (uint32_t)value & 0x80fffffcu;
}

/* BARs move as the guest likes; the window does not. */
static struct pci_function *at_address(struct pci *pci, uint64_t address, uint64_t *offset)
{
	for (unsigned i = 0; i < PCI_SLOTS; i++) {
		struct pci_function *f = &pci->slot[i];
		uint64_t base = pci_get32(f, PCI_BAR0) & ~0xfu;

		if (!f->present || !f->bar_bytes ||
			!(pci_get16(f, PCI_COMMAND) & PCI_COMMAND_MEMORY) || address < base ||
			address - base >= f->bar_bytes)
			continue;
		*offset = address - base;
		return f;
	}
	return NULL;
}

static uint64_t memory_read(void *device, uint64_t offset, unsigned bytes)
{
	struct pci_function *f = at_address(device, PCI_WINDOW + offset, &offset);

	if (!f || bytes > f->bar_bytes - offset)
		return UINT64_MAX;
	return f->bar->read(f->device, offset, bytes);
}

static void memory_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
	struct pci_function *f = at_address(device, PCI_WINDOW + offset, &offset);

	if (f && bytes <= f->bar_bytes - offset)
		f->bar->write(f->device, offset, bytes, value);
}

const struct bus_ops pci_config_bus = {config_read, config_write};
const struct bus_ops pci_memory_bus = {memory_read, memory_write};
