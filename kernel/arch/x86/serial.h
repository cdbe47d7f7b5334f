/* The first serial port (16550 at 0x3f8, 115200 8N1), polled for output: the log's sink. */
#ifndef ARCH_SERIAL_H
#define ARCH_SERIAL_H

#include <stddef.h>
#include <vmkapi/status.h>

void serial_init(void);
/* Writes all of it, with CR before each LF; gives up on a port that never drains. */
void serial_write(const char *text, size_t bytes);
/* Wait until the last byte has left, so that a reset does not cut it off. */
void serial_drain(void);

/*
 * From now on the port interrupts for what it receives; `input` is called with it, in an interrupt.
 * VMK_NOT_PRESENT: there is no port.
 */
enum vmk_status serial_listen(void (*input)(const char *bytes, size_t count));

#endif
