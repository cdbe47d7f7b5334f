#include <stdio.h>
#include <string.h>
#include "vmkdev/pci.h"

/* Offsets of double words in configuration space, section 6.1. */
#define PCI_ID                0x00u
#define PCI_COMMAND           0x04u /* and status, in the upper half, whose bits are cleared by ones */
#define PCI_CLASS             0x08u
#define PCI_HEADER            0x0cu
#define PCI_BAR0              0x10u
#define PCI_BUSES             0x18u /* type 1: primary, secondary, subordinate bus */
#define PCI_CAPABILITIES      0x34u
#define PCI_IRQ               0x3cu

#define COMMAND_IO            0x001u
#define COMMAND_MEMORY        0x002u
#define COMMAND_MASTER        0x004u
#define COMMAND_INTX_DISABLE  0x400u

#define STATUS_CAPABILITIES   0x100000u /* of the double word with the command */
#define CAPABILITIES_MAX      48u       /* as many as fit */

#define HEADER_MULTI_FUNCTION 0x80u

#define BAR_IO                1u
#define BAR_64                4u /* bits 2:1 are 10b */
#define BAR_TYPE              6u

#define BUSES                 256u
#define SLOTS                 32u
#define FUNCTIONS             8u

/* A list that never ends is cut. */
unsigned pci_capability(
	const struct pci_ops *ops, void *context, struct pci_address address, uint8_t id)
{
	unsigned at;

	if (!(ops->read(context, address, PCI_COMMAND) & STATUS_CAPABILITIES))
		return 0;
	at = ops->read(context, address, PCI_CAPABILITIES) & 0xfc;
	for (unsigned i = 0; i < CAPABILITIES_MAX && at >= 0x40; i++) {
		uint32_t header = ops->read(context, address, at);

		if ((uint8_t)header == id)
			return at;
		at = header >> 8 & 0xfc;
	}
	return 0;
}

/* Buses still to be looked at. A bus is queued once, so that a bridge that names an earlier bus
 * cannot make the walk endless. */
struct walk {
	const struct pci_ops *ops;
	void *context;
	struct pci_function *functions;
	unsigned found, max;
	uint8_t queue[BUSES];
	unsigned queued, done;
	bool seen[BUSES];
};

static void visit_bus(struct walk *walk, uint8_t bus)
{
	if (walk->seen[bus])
		return;
	walk->seen[bus] = true;
	walk->queue[walk->queued++] = bus;
}

static uint8_t express_type(struct walk *walk, struct pci_address address)
{
	unsigned at = pci_capability(walk->ops, walk->context, address, PCI_CAP_EXPRESS);

	if (!at)
		return PCI_CONVENTIONAL;
	return walk->ops->read(walk->context, address, at) >> 20 & 0xf;
}

static bool read_function(struct walk *walk, struct pci_function *f)
{
	uint32_t id = walk->ops->read(walk->context, f->address, PCI_ID);
	uint32_t header, irq;

	f->vendor = (uint16_t)id;
	f->device = (uint16_t)(id >> 16);
	if (f->vendor == 0xffff || f->vendor == 0)
		return false;
	f->class_code = walk->ops->read(walk->context, f->address, PCI_CLASS) >> 8;
	header = walk->ops->read(walk->context, f->address, PCI_HEADER) >> 16;
	f->header_type = header & 0x7f;
	irq = walk->ops->read(walk->context, f->address, PCI_IRQ);
	f->irq_line = (uint8_t)irq;
	f->irq_pin = (uint8_t)(irq >> 8);
	f->express = express_type(walk, f->address);
	if (f->header_type == PCI_HEADER_BRIDGE) {
		uint32_t buses = walk->ops->read(walk->context, f->address, PCI_BUSES);

		f->secondary = (uint8_t)(buses >> 8);
		f->subordinate = (uint8_t)(buses >> 16);
		visit_bus(walk, f->secondary);
	}
	return true;
}

static bool is_multi_function(struct walk *walk, struct pci_address address)
{
	return walk->ops->read(walk->context, address, PCI_HEADER) >> 16 & HEADER_MULTI_FUNCTION;
}

static void walk_slot(struct walk *walk, uint8_t bus, uint8_t slot)
{
	for (uint8_t function = 0; function < FUNCTIONS; function++) {
		struct pci_function f = {.address = {bus, slot, function}};

		if (read_function(walk, &f)) {
			if (walk->found < walk->max)
				walk->functions[walk->found] = f;
			walk->found++;
		} else if (function == 0) {
			return;
		}
		if (function == 0 && !is_multi_function(walk, f.address))
			return;
	}
}

unsigned pci_enumerate(
	const struct pci_ops *ops, void *context, struct pci_function *functions, unsigned max)
{
	struct walk walk = {.ops = ops, .context = context, .functions = functions, .max = max};

	visit_bus(&walk, 0);
	while (walk.done < walk.queued) {
		uint8_t bus = walk.queue[walk.done++];

		for (uint8_t slot = 0; slot < SLOTS; slot++)
			walk_slot(&walk, bus, slot);
	}
	return walk.found;
}

/* Which bits of a register can be written. The register is put back. */
static uint32_t probe(
	const struct pci_ops *ops, void *context, struct pci_address address, unsigned offset)
{
	uint32_t saved = ops->read(context, address, offset), ones, zeroes;

	ops->write(context, address, offset, ~0u);
	ones = ops->read(context, address, offset);
	ops->write(context, address, offset, 0);
	zeroes = ops->read(context, address, offset);
	ops->write(context, address, offset, saved);
	return ones & ~zeroes;
}

/* A size is the lowest writable bit, if all bits above it are writable too; the address must be a
 * multiple of it and its end representable. */
static void set_bar(struct pci_bar *bar, uint64_t address, uint64_t mask, uint64_t top)
{
	uint64_t bytes = mask & -mask;

	*bar = (struct pci_bar){.is_io = bar->is_io};
	if (bytes == 0 || (mask | (bytes - 1)) != top || address == 0)
		return;
	if (address & (bytes - 1) || address > top - (bytes - 1))
		return;
	bar->address = address;
	bar->bytes = bytes;
}

/* Returns how many BAR registers it took. */
static unsigned size_bar(
	const struct pci_ops *ops, void *context, struct pci_function *f, unsigned index)
{
	unsigned offset = PCI_BAR0 + 4 * index;
	uint32_t low = ops->read(context, f->address, offset);
	uint32_t mask = probe(ops, context, f->address, offset);
	struct pci_bar *bar = &f->bars[index];
	uint64_t high, high_mask;

	bar->is_io = low & BAR_IO;
	if (bar->is_io) {
		/* The upper half of an I/O BAR may be hardwired to zero. */
		set_bar(bar, low & 0xfffc, mask & 0xfffc, 0xffff);
		return 1;
	}
	if ((low & BAR_TYPE) != BAR_64 || index + 1 == PCI_BARS) {
		set_bar(bar, low & ~0xfu, mask & ~0xfu, 0xffffffff);
		return 1;
	}
	high = ops->read(context, f->address, offset + 4);
	high_mask = probe(ops, context, f->address, offset + 4);
	set_bar(bar, high << 32 | (low & ~0xfu), high_mask << 32 | (mask & ~0xfu), UINT64_MAX);
	return 2;
}

/* The status half is written as zeroes, which clears nothing. */
static void write_command(
	const struct pci_ops *ops, void *context, const struct pci_function *f, uint32_t command)
{
	ops->write(context, f->address, PCI_COMMAND, command & 0xffff);
}

enum vmk_status pci_size_bars(
	const struct pci_ops *ops, void *context, struct pci_function *function)
{
	uint32_t command;

	memset(function->bars, 0, sizeof(function->bars));
	if (function->header_type != 0)
		return VMK_UNSUPPORTED;
	command = ops->read(context, function->address, PCI_COMMAND);
	write_command(
		ops, context, function, command & ~(COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER));
	for (unsigned i = 0; i < PCI_BARS;)
		i += size_bar(ops, context, function, i);
	write_command(ops, context, function, command);
	return VMK_OK;
}

enum vmk_status pci_enable(
	const struct pci_ops *ops, void *context, const struct pci_function *function)
{
	uint32_t wanted = COMMAND_MEMORY | COMMAND_MASTER, command;

	command = ops->read(context, function->address, PCI_COMMAND);
	write_command(ops, context, function, (command | wanted) & ~COMMAND_INTX_DISABLE);
	command = ops->read(context, function->address, PCI_COMMAND);
	return (command & 0xffff) != 0xffff && (command & wanted) == wanted ? VMK_OK : VMK_IO_ERROR;
}

enum vmk_status pci_enable_ports(
	const struct pci_ops *ops, void *context, const struct pci_function *function)
{
	uint32_t command = ops->read(context, function->address, PCI_COMMAND);

	write_command(ops, context, function, command | COMMAND_IO);
	command = ops->read(context, function->address, PCI_COMMAND);
	return (command & 0xffff) != 0xffff && (command & COMMAND_IO) ? VMK_OK : VMK_IO_ERROR;
}

void pci_disable(const struct pci_ops *ops, void *context, const struct pci_function *function)
{
	uint32_t command = ops->read(context, function->address, PCI_COMMAND);

	write_command(ops, context, function, (command & ~COMMAND_MASTER) | COMMAND_INTX_DISABLE);
	/* What it wrote before is in memory when this has come back (PCI 3.0, 3.2.5, producer and
	 * consumer): without a remapping unit its buffers are about to be somebody else's. */
	ops->read(context, function->address, PCI_COMMAND);
}

void pci_mask_intx(const struct pci_ops *ops, void *context, const struct pci_function *function)
{
	uint32_t command = ops->read(context, function->address, PCI_COMMAND);

	write_command(ops, context, function, command | COMMAND_INTX_DISABLE);
}

int pci_name(struct pci_address address, char *to, size_t size)
{
	return snprintf(to, size, "pci %02x:%02x.%x", address.bus, address.slot, address.function);
}
