/*
 * A virtual I/O APIC: 24 inputs, the 82093AA's registers at 0xfec00000 with the EOI register of
 * version 0x20 (ICH9 datasheet, 13.5). Pure; the caller serializes.
 */
#ifndef VTX_VIOAPIC_H
#define VTX_VIOAPIC_H

#include "vtx/vlapic.h"

#define IOAPIC_BASE   0xfec00000ull
#define IOAPIC_BYTES  0x1000u
#define IOAPIC_INPUTS 24u

struct vioapic {
	/* A message leaves for the local APICs. */
	void (*send)(void *context, const struct apic_message *message);
	void *context;
	uint32_t select;
	uint8_t id;
	uint64_t entry[IOAPIC_INPUTS];
	uint32_t level; /* bit n: input n is asserted */
};

void vioapic_init(struct vioapic *io,
	void (*send)(void *context, const struct apic_message *message), void *context);
/* Input `pin` (a GSI) goes up or down; pins beyond the last are ignored. */
void vioapic_set(struct vioapic *io, unsigned pin, bool asserted);
/* A level-triggered interrupt of this vector has ended at a local APIC. */
void vioapic_eoi(struct vioapic *io, uint8_t vector);
uint32_t vioapic_read(const struct vioapic *io, uint32_t offset);
void vioapic_write(struct vioapic *io, uint32_t offset, uint32_t value);

#endif
