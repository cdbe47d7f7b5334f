#include "worlds/vmx/uart.h"
#include <string.h>

enum { RBR_THR, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCR };

#define IER_RX        0x01u
#define IER_THR       0x02u
#define IER_LINE      0x04u
#define IIR_NONE      0x01u
#define IIR_THR       0x02u
#define IIR_RX        0x04u
#define IIR_LINE      0x06u
#define IIR_FIFO      0xc0u
#define FCR_ENABLE    0x01u
#define FCR_CLEAR_RX  0x02u
#define LCR_DLAB      0x80u
#define MCR_OUT2      0x08u /* on a PC: the gate of the interrupt line */
#define MCR_LOOP      0x10u
#define LSR_READY     0x01u
#define LSR_OVERRUN   0x02u
#define LSR_THR_EMPTY 0x60u /* holding and shift register */
#define MSR_CONNECTED 0xb0u /* DCD, DSR, CTS */

void uart_init(struct uart *uart, struct host host)
{
	*uart = (struct uart){.host = host, .divisor = {1, 0}};
}

static unsigned waiting(const struct uart *u)
{
	return (uint16_t)(u->head - u->tail);
}

/* Highest priority first (PC16550D, table IV). */
static uint8_t cause(const struct uart *u)
{
	if ((u->ier & IER_LINE) && u->overrun)
		return IIR_LINE;
	if ((u->ier & IER_RX) && waiting(u))
		return IIR_RX;
	if ((u->ier & IER_THR) && u->thr_empty)
		return IIR_THR;
	return IIR_NONE;
}

static void update(struct uart *u)
{
	bool level = (u->mcr & MCR_OUT2) && cause(u) != IIR_NONE;

	if (level != u->level)
		host_irq(&u->host, UART_GSI, level);
	u->level = level;
}

size_t uart_room(const struct uart *u)
{
	return UART_INPUT - waiting(u);
}

bool uart_receive(struct uart *u, uint8_t byte)
{
	if (waiting(u) == UART_INPUT) {
		u->overrun = true;
		update(u);
		return false;
	}
	u->input[u->head++ % UART_INPUT] = byte;
	update(u);
	return true;
}

static void transmit(struct uart *u, uint8_t byte)
{
	if (u->mcr & MCR_LOOP)
		uart_receive(u, byte);
	else
		u->host.ops->console(u->host.context, &byte, 1);
	u->thr_empty = true;
}

static uint8_t receive(struct uart *u)
{
	return waiting(u) ? u->input[u->tail++ % UART_INPUT] : 0;
}

/* In loopback the modem's outputs come back as its inputs. */
static uint8_t modem_status(const struct uart *u)
{
	if (!(u->mcr & MCR_LOOP))
		return MSR_CONNECTED;
	return (uint8_t)((u->mcr & 0x0c) << 4 | (u->mcr & 0x02) << 3 | (u->mcr & 0x01) << 5);
}

static uint8_t read_iir(struct uart *u)
{
	uint8_t iir = cause(u);

	if (iir == IIR_THR)
		u->thr_empty = false;
	return iir | (u->fifo ? IIR_FIFO : 0);
}

static uint8_t read_lsr(struct uart *u)
{
	uint8_t lsr = LSR_THR_EMPTY | (waiting(u) ? LSR_READY : 0) | (u->overrun ? LSR_OVERRUN : 0);

	u->overrun = false;
	return lsr;
}

static uint8_t read_register(struct uart *u, unsigned offset)
{
	switch (offset) {
	case RBR_THR:
		return u->lcr & LCR_DLAB ? u->divisor[0] : receive(u);
	case IER:
		return u->lcr & LCR_DLAB ? u->divisor[1] : u->ier;
	case IIR_FCR:
		return read_iir(u);
	case LCR:
		return u->lcr;
	case MCR:
		return u->mcr;
	case LSR:
		return read_lsr(u);
	case MSR:
		return modem_status(u);
	default:
		return u->scratch;
	}
}

static void write_ier(struct uart *u, uint8_t value)
{
	/* An interrupt that is enabled with the register already empty comes at once. */
	if ((value & IER_THR) && !(u->ier & IER_THR))
		u->thr_empty = true;
	u->ier = value & 0x0f;
}

static void write_register(struct uart *u, unsigned offset, uint8_t value)
{
	switch (offset) {
	case RBR_THR:
		if (u->lcr & LCR_DLAB)
			u->divisor[0] = value;
		else
			transmit(u, value);
		break;
	case IER:
		if (u->lcr & LCR_DLAB)
			u->divisor[1] = value;
		else
			write_ier(u, value);
		break;
	case IIR_FCR:
		u->fifo = value & FCR_ENABLE;
		if (value & FCR_CLEAR_RX)
			u->tail = u->head;
		break;
	case LCR:
		u->lcr = value;
		break;
	case MCR:
		u->mcr = value & 0x1f;
		break;
	case SCR:
		u->scratch = value;
		break;
	}
}

static uint64_t uart_read(void *device, uint64_t offset, unsigned bytes)
{
	struct uart *u = device;
	uint8_t value = read_register(u, (unsigned)offset);

	update(u);
	return bus_nobody(bytes) << 8 | value;
}

static void uart_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
	struct uart *u = device;

	write_register(u, (unsigned)offset, (uint8_t)value);
	update(u);
}

const struct bus_ops uart_bus = {uart_read, uart_write};
