/* One 16550 UART at I/O ports (PC16550D data sheet): output is polled. */
#ifndef ARCH_UART_H
#define ARCH_UART_H

#include "lib/types.h"

#define UART_PORTS      8u
#define UART_FIFO_BYTES 16u

/* 8N1 at 115200 / `divisor` baud, FIFOs on, no interrupts. */
void uart_init(uint16_t port, unsigned divisor);
bool uart_is_present(uint16_t port);
/*
 * Writes all of it, with CR before each LF. False: the port does not drain, and the rest is lost.
 * Of one that did not the last time (`stuck`) it is asked once whether it does by now, so that a
 * dead port costs its long wait once and not for each character.
 */
bool uart_write(uint16_t port, const char *text, size_t bytes, bool stuck);
/* Waits until the last byte has left. */
void uart_drain(uint16_t port);
/* What it has received, as far as it fits; 0 when there is nothing. */
size_t uart_read(uint16_t port, char *to, size_t size);
/* From now on what it receives interrupts. */
void uart_interrupt_on(uint16_t port);

#endif
