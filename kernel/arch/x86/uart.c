#include "arch/x86/uart.h"
#include "arch/x86/cpu.h"

/* Registers, from the first port on. */
enum { DATA = 0, IER = 1, FCR = 2, LCR = 3, MCR = 4, LSR = 5, SCRATCH = 7 };

#define IER_RECEIVED     0x01
#define LCR_8N1          0x03
#define LCR_DLAB         0x80
#define FCR_ENABLE_CLEAR 0x07
#define MCR_DTR_RTS      0x03
#define MCR_OUT2         0x08 /* on a PC it lets the interrupt out */
#define LSR_RECEIVED     0x01
#define LSR_HOLD_EMPTY   0x20
#define LSR_EMPTY        0x40
#define TRIES            1000000
#define NOBODY           0xff

/* A missing port reads all ones: full for ever, or never empty; either way we go on. */
static bool wait_for(uint16_t port, uint8_t bit, unsigned tries)
{
	while (!(inb(port + LSR) & bit)) {
		if (--tries == 0)
			return false;
		cpu_pause();
	}
	return true;
}

void uart_init(uint16_t port, unsigned divisor)
{
	outb(port + IER, 0);
	outb(port + LCR, LCR_DLAB);
	outb(port + DATA, (uint8_t)divisor);
	outb(port + IER, (uint8_t)(divisor >> 8));
	outb(port + LCR, LCR_8N1);
	outb(port + FCR, FCR_ENABLE_CLEAR);
	outb(port + MCR, MCR_DTR_RTS);
}

bool uart_is_present(uint16_t port)
{
	outb(port + SCRATCH, 0x5a);
	return inb(port + SCRATCH) == 0x5a && inb(port + LSR) != NOBODY;
}

static bool put(uint16_t port, char c, unsigned tries)
{
	if (!wait_for(port, LSR_HOLD_EMPTY, tries))
		return false;
	outb(port + DATA, (uint8_t)c);
	return true;
}

bool uart_write(uint16_t port, const char *text, size_t bytes, bool stuck)
{
	for (size_t i = 0; i < bytes; i++) {
		unsigned tries = stuck && i == 0 ? 1 : TRIES;

		if (text[i] == '\n' && !put(port, '\r', tries))
			return false;
		if (!put(port, text[i], text[i] == '\n' ? TRIES : tries))
			return false;
	}
	return true;
}

void uart_drain(uint16_t port)
{
	wait_for(port, LSR_EMPTY, TRIES);
}

size_t uart_read(uint16_t port, char *to, size_t size)
{
	size_t count = 0;

	while (count < size) {
		uint8_t status = inb(port + LSR);

		if (!(status & LSR_RECEIVED) || status == NOBODY)
			break;
		to[count++] = (char)inb(port + DATA);
	}
	return count;
}

void uart_interrupt_on(uint16_t port)
{
	outb(port + MCR, MCR_DTR_RTS | MCR_OUT2);
	outb(port + IER, IER_RECEIVED);
}
