/* Serial ports that are PCI functions: management controllers' and plug-in cards'. */
#ifndef VMKDEV_SERIAL_PCI_H
#define VMKDEV_SERIAL_PCI_H

/* 16550-compatible functions at I/O ports become consoles like COM1. After device_init(), once. */
void serial_pci_start(void);

#endif
