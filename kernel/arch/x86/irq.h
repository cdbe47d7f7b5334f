/* Device interrupts: one handler for each vector, called with interrupts disabled. */
#ifndef ARCH_IRQ_H
#define ARCH_IRQ_H

#include <stdint.h>
#include <vmkapi/status.h>

typedef void (*irq_handler)(void *argument);
/* Route global system interrupt `gsi` (level- or edge-triggered, from ACPI overrides or PCI) to a
 * new vector of the bootstrap CPU. */
enum vmk_status irq_attach_gsi(
	uint32_t gsi, int level_triggered, int active_low, irq_handler handler, void *argument);
/* The GSI of an ISA interrupt after ACPI's overrides, with its trigger mode and polarity. */
uint32_t irq_isa_gsi(unsigned irq, int *level_triggered, int *active_low);
void irq_detach_gsi(uint32_t gsi);

#endif
