/* The IOAPICs of boot_info: mapped, every input masked. Devices come through arch/x86/irq.h. */
#ifndef ARCH_IOAPIC_H
#define ARCH_IOAPIC_H

void ioapic_init(void);

#endif
