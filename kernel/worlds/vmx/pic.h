/*
 * The pair of 8259As (Intel 8259A datasheet; their place in a PC: ICH9 datasheet, 5.8): the second
 * one's output is the first one's input 2. What they ask for goes to vCPU 0, past the I/O APIC, and
 * is taken there as LINT0 or, while the local APIC is disabled, as INTR. Systems with an I/O APIC
 * mask every input. The PCI slots' INTA# share two inputs, level-triggered as firmware leaves them.
 */
#ifndef VMX_PIC_H
#define VMX_PIC_H

#include "worlds/vmx/bus.h"
#include "worlds/vmx/host.h"

#define PIC_MASTER  0x20u
#define PIC_SLAVE   0xa0u
#define PIC_PORTS   2u
#define PIC_TRIGGER 0x4d0u /* edge or level, one byte each */
/* Where INTA# of PCI's slots arrives, in turn: what each function's interrupt line register says.
 */
#define PIC_PCI_FIRST  10u
#define PIC_PCI_INPUTS 2u

struct pic_chip {
	struct pic *pic;
	uint8_t requests, in_service, mask, lines;
	uint8_t level; /* inputs that are level-triggered */
	uint8_t vector, lowest;
	uint8_t init; /* words still expected; 0: none */
	bool four_words, single, auto_end, auto_rotate, special_mask, read_in_service, poll;
};
struct pic {
	struct pic_chip chip[2];
	struct host host;
	uint32_t pci; /* INTA# of slot n: bit n */
	bool output;
};

extern const struct bus_ops pic_bus;         /* of a struct pic_chip */
extern const struct bus_ops pic_trigger_bus; /* of a struct pic */
void pic_init(struct pic *pic, struct host host);
/* The input that the INTA# of a slot leads to. */
static inline unsigned pic_pci_input(unsigned slot)
{
	return PIC_PCI_FIRST + slot % PIC_PCI_INPUTS;
}
/* The state of an input of the I/O APIC, which may be one of these, too. */
void pic_set(struct pic *pic, unsigned gsi, bool level);
/* The processor takes it: the vector, a spurious one if nothing is asked for any more. */
uint8_t pic_acknowledge(struct pic *pic);

#endif
