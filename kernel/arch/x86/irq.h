/* Device interrupts: a vector of the bootstrap CPU each; handlers run with interrupts disabled. */
#ifndef ARCH_IRQ_H
#define ARCH_IRQ_H

#include "lib/types.h"
#include <vmkapi/status.h>

typedef void (*irq_handler)(void *argument);

/* What a device writes, and where, to interrupt (SDM 3A, 11.11). */
struct irq_message {
	uint64_t address;
	uint32_t data;
};

/*
 * Route global system interrupt `gsi` (level- or edge-triggered, from ACPI overrides or PCI) to a
 * vector. A level-triggered one may have up to 4 handlers, which are all called.
 */
enum vmk_status irq_attach_gsi(
	uint32_t gsi, int level_triggered, int active_low, irq_handler handler, void *argument);
/* The GSI of an ISA interrupt after ACPI's overrides, with its trigger mode and polarity. */
uint32_t irq_isa_gsi(unsigned irq, int *level_triggered, int *active_low);
/* Takes back what was attached with that argument. */
void irq_detach_gsi(uint32_t gsi, const void *argument);

/*
 * A vector for a message that the device with requester id `source` sends (and where interrupts are
 * remapped, no other device can). *slot is for irq_detach_message().
 */
enum vmk_status irq_attach_message(uint16_t source, irq_handler handler, void *argument,
	struct irq_message *message, unsigned *slot);
/* The same for the remapping hardware itself, whose messages are not remapped. */
enum vmk_status irq_attach_direct(irq_handler handler, void *argument, struct irq_message *message);
void irq_detach_message(unsigned slot);
/* Vectors that are attached to something. */
unsigned irq_slots_used(void);

/* Interrupt remapping (VT-d 4.1, chapter 5): entry number `index`, below 256. May sleep on nothing;
 * called with interrupts off and no lock of irq.c held. */
struct irq_remap_ops {
	/* Entry `index` delivers `vector` to the CPU with that APIC id, and only for `source`. */
	enum vmk_status (*set)(unsigned index, uint16_t source, unsigned vector, uint32_t apic_id,
		bool level_triggered);
	void (*clear)(unsigned index);
	/* The requester id of an IOAPIC; false: it is behind no unit, so it cannot interrupt. */
	bool (*ioapic_source)(unsigned ioapic_id, uint16_t *source);
};
/* From here on every interrupt goes through `ops`; those that were attached before, too. */
void irq_remap(const struct irq_remap_ops *ops);

#endif
