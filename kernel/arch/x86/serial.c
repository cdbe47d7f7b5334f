/* 16550 UART, polled. */
#include "arch/x86/serial.h"
#include "arch/x86/cpu.h"

#define COM1             0x3f8
#define UART_DATA        (COM1 + 0)
#define UART_IER         (COM1 + 1)
#define UART_FCR         (COM1 + 2)
#define UART_LCR         (COM1 + 3)
#define UART_MCR         (COM1 + 4)
#define UART_LSR         (COM1 + 5)
#define LCR_8N1          0x03
#define LCR_DLAB         0x80
#define FCR_ENABLE_CLEAR 0x07
#define MCR_DTR_RTS      0x03
#define LSR_HOLD_EMPTY   0x20
#define LSR_EMPTY        0x40
#define TRIES            1000000

/* A missing port reads all ones: full for ever, or never empty; either way we go on. */
static void wait_for(uint8_t bit)
{
	for (unsigned i = 0; i < TRIES && !(inb(UART_LSR) & bit); i++)
		cpu_pause();
}

void serial_init(void)
{
	outb(UART_IER, 0);
	outb(UART_LCR, LCR_DLAB);
	outb(UART_DATA, 1); /* divisor 1: 115200 */
	outb(UART_IER, 0);
	outb(UART_LCR, LCR_8N1);
	outb(UART_FCR, FCR_ENABLE_CLEAR);
	outb(UART_MCR, MCR_DTR_RTS);
}

static void put(char c)
{
	wait_for(LSR_HOLD_EMPTY);
	outb(UART_DATA, (uint8_t)c);
}

void serial_write(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\n')
			put('\r');
		put(text[i]);
	}
}

void serial_drain(void)
{
	wait_for(LSR_EMPTY);
}
