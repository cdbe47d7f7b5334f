/*
 * The serial ports that are the console: COM1 from the first instruction on, and those that ACPI or
 * PCI name later. All show the same, and whatever is typed at one counts.
 */
#ifndef ARCH_SERIAL_H
#define ARCH_SERIAL_H

#include "lib/types.h"
#include <vmkapi/status.h>

#define SERIAL_PORTS_MAX 6u
#define SERIAL_BAUD      115200u

void serial_init(void);
/*
 * One more port, which gets what is written from now on, at 115200 / `divisor` baud. VMK_EXISTS;
 * VMK_NOT_PRESENT if there is no UART; VMK_NO_RESOURCES.
 */
enum vmk_status serial_add(uint16_t port, unsigned divisor);
/* Writes all of it to all of them, with CR before each LF. */
void serial_write(const char *text, size_t bytes);
/* Wait until the last byte has left, so that a reset does not cut it off. */
void serial_drain(void);

/*
 * From now on what COM1 to COM4 receive interrupts; `input` is called with it, in an interrupt.
 * VMK_NOT_PRESENT: no port can.
 */
enum vmk_status serial_listen(void (*input)(const char *bytes, size_t count));
/* Passes on what those ports have received that do not interrupt. */
void serial_poll(void (*input)(const char *bytes, size_t count));

#endif
