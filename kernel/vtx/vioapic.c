#include "vtx/vioapic.h"
#include "lib/nospec.h"
#include <string.h>

#define OFFSET_SELECT 0x00u
#define OFFSET_WINDOW 0x10u
#define OFFSET_EOI    0x40u

#define INDEX_ID      0x00u
#define INDEX_VERSION 0x01u
#define INDEX_ARB     0x02u
#define INDEX_TABLE   0x10u
#define VERSION       (0x20u | (IOAPIC_INPUTS - 1) << 16)

/* Redirection-table entry. */
#define ENTRY_LOGICAL    (1ull << 11)
#define ENTRY_REMOTE_IRR (1ull << 14)
#define ENTRY_LEVEL      (1ull << 15)
#define ENTRY_MASKED     (1ull << 16)
#define ENTRY_WRITABLE   0xff0000000001afffull

void vioapic_init(struct vioapic *io,
	void (*send)(void *context, const struct apic_message *message), void *context)
{
	memset(io, 0, sizeof(*io));
	io->send = send;
	io->context = context;
	for (unsigned i = 0; i < IOAPIC_INPUTS; i++)
		io->entry[i] = ENTRY_MASKED;
}

static void deliver(struct vioapic *io, unsigned pin)
{
	const uint64_t entry = io->entry[pin];
	const struct apic_message m = {
		.destination = (uint32_t)(entry >> 56),
		.vector = (uint8_t)entry,
		.delivery = entry >> 8 & 7,
		.logical = entry & ENTRY_LOGICAL,
		.level_triggered = entry & ENTRY_LEVEL,
		.assert = true,
	};

	if (entry & ENTRY_LEVEL)
		io->entry[pin] |= ENTRY_REMOTE_IRR;
	io->send(io->context, &m);
}

/* A level input is offered again until its source is content. */
static void offer_level(struct vioapic *io, unsigned pin)
{
	const uint64_t entry = io->entry[pin];

	if ((io->level >> pin & 1) && (entry & ENTRY_LEVEL) &&
		!(entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR)))
		deliver(io, pin);
}

/* The caller's levels are logical: polarity is between guest and board alone. */
void vioapic_set(struct vioapic *io, unsigned pin, bool asserted)
{
	bool was;

	if (pin >= IOAPIC_INPUTS)
		return;
	pin = (unsigned)index_nospec(pin, IOAPIC_INPUTS);
	was = io->level >> pin & 1;
	io->level = (io->level & ~(1u << pin)) | (uint32_t)asserted << pin;
	if (io->entry[pin] & ENTRY_LEVEL)
		offer_level(io, pin);
	else if (asserted && !was && !(io->entry[pin] & ENTRY_MASKED))
		deliver(io, pin);
}

void vioapic_eoi(struct vioapic *io, uint8_t vector)
{
	for (unsigned pin = 0; pin < IOAPIC_INPUTS; pin++) {
		if ((uint8_t)io->entry[pin] != vector || !(io->entry[pin] & ENTRY_REMOTE_IRR))
			continue;
		io->entry[pin] &= ~ENTRY_REMOTE_IRR;
		offer_level(io, pin);
	}
}

uint32_t vioapic_read(const struct vioapic *io, uint32_t offset)
{
	unsigned pin;

	if (offset == OFFSET_SELECT)
		return io->select;
	if (offset != OFFSET_WINDOW)
		return 0;
	switch (io->select) {
	case INDEX_ID:
	case INDEX_ARB:
		return (uint32_t)io->id << 24;
	case INDEX_VERSION:
		return VERSION;
	}
	pin = (io->select - INDEX_TABLE) / 2;
	if (io->select < INDEX_TABLE || pin >= IOAPIC_INPUTS)
		return ~0u;
	pin = (unsigned)index_nospec(pin, IOAPIC_INPUTS);
	return (uint32_t)(io->entry[pin] >> (io->select & 1 ? 32 : 0));
}

static void write_entry(struct vioapic *io, unsigned pin, bool upper, uint32_t value)
{
	const uint64_t old = io->entry[pin], half = upper ? 0xffffffff00000000ull : 0xffffffffull;
	const uint64_t wanted = (old & ~half) | (upper ? (uint64_t)value << 32 : value);

	io->entry[pin] = (wanted & ENTRY_WRITABLE) | (old & ENTRY_REMOTE_IRR);
	/* An entry that becomes edge-triggered forgets what it waited for: so systems get rid of
	 * it. */
	if (!(io->entry[pin] & ENTRY_LEVEL))
		io->entry[pin] &= ~ENTRY_REMOTE_IRR;
	offer_level(io, pin);
}

void vioapic_write(struct vioapic *io, uint32_t offset, uint32_t value)
{
	unsigned pin;

	switch (offset) {
	case OFFSET_SELECT:
		io->select = value & 0xff;
		return;
	case OFFSET_EOI:
		vioapic_eoi(io, (uint8_t)value);
		return;
	case OFFSET_WINDOW:
		break;
	default:
		return;
	}
	if (io->select == INDEX_ID)
		io->id = value >> 24 & 0xf;
	pin = (io->select - INDEX_TABLE) / 2;
	if (io->select >= INDEX_TABLE && pin < IOAPIC_INPUTS)
		write_entry(io, (unsigned)index_nospec(pin, IOAPIC_INPUTS), io->select & 1, value);
}
