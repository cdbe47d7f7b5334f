/*
 * The pair of 8259As, as far as a system with an I/O APIC uses it: initialization, masks and the
 * registers read as written. Its interrupt output is connected nowhere (MADT: PC-AT compatible,
 * but every input is the I/O APIC's).
 */
#ifndef VMX_PIC_H
#define VMX_PIC_H

#include "worlds/vmx/bus.h"

#define PIC_MASTER  0x20u
#define PIC_SLAVE   0xa0u
#define PIC_PORTS   2u
#define PIC_TRIGGER 0x4d0u /* edge or level, one byte each */

struct pic {
	uint8_t mask, vector, init; /* init: words still expected; 0: none */
	bool four_words, single, read_isr;
};
struct pic_trigger {
	uint8_t level[2];
};

extern const struct bus_ops pic_bus, pic_trigger_bus;
void pic_init(struct pic *pic);

#endif
