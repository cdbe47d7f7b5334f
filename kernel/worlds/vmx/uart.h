/*
 * A 16550A at COM1 (National Semiconductor PC16550D): transmission takes no time, reception has its
 * 16-byte FIFO and a waiting line behind it.
 */
#ifndef VMX_UART_H
#define VMX_UART_H

#include "worlds/vmx/bus.h"
#include "worlds/vmx/host.h"

#define UART_COM1  0x3f8u
#define UART_PORTS 8u
#define UART_GSI   4u
#define UART_INPUT 256u /* bytes that wait for the guest; a power of two */

struct uart {
	struct host host;
	uint8_t ier, lcr, mcr, scratch, divisor[2];
	bool fifo, overrun, thr_empty; /* thr_empty: its interrupt is pending */
	bool level;                    /* of the interrupt line */
	uint16_t head, tail;           /* of input: free-running */
	uint8_t input[UART_INPUT];
};

extern const struct bus_ops uart_bus;
void uart_init(struct uart *uart, struct host host);
/* What somebody types; false, and the overrun bit for the guest, when there is no room. */
bool uart_receive(struct uart *uart, uint8_t byte);
/* Bytes for which there is room. */
size_t uart_room(const struct uart *uart);

#endif
