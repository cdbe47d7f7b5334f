/* 16550 UART (PC16550D data sheet): output is polled, input interrupts. */
#include "arch/x86/serial.h"
#include "arch/x86/cpu.h"
#include "arch/x86/irq.h"

#define COM1             0x3f8
#define UART_DATA        (COM1 + 0)
#define UART_IER         (COM1 + 1)
#define UART_FCR         (COM1 + 2)
#define UART_LCR         (COM1 + 3)
#define UART_MCR         (COM1 + 4)
#define UART_LSR         (COM1 + 5)
#define UART_SCRATCH     (COM1 + 7)
#define COM1_IRQ         4
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
#define FIFO_BYTES       16
#define FIFO_ROUNDS      64

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

static void (*receiver)(const char *bytes, size_t count);

/* Until nothing is left, as only then the interrupt's next edge can come; but a broken port cannot
 * keep us here. */
static void received(void *argument)
{
	char bytes[FIFO_BYTES];

	for (unsigned round = 0; round < FIFO_ROUNDS; round++) {
		size_t count = 0;

		while (count < FIFO_BYTES && (inb(UART_LSR) & LSR_RECEIVED))
			bytes[count++] = (char)inb(UART_DATA);
		receiver(bytes, count);
		if (count < FIFO_BYTES)
			return;
	}
}

static bool is_present(void)
{
	outb(UART_SCRATCH, 0x5a);
	return inb(UART_SCRATCH) == 0x5a && inb(UART_LSR) != 0xff;
}

enum vmk_status serial_listen(void (*input)(const char *bytes, size_t count))
{
	int level, low;
	uint32_t gsi = irq_isa_gsi(COM1_IRQ, &level, &low);
	enum vmk_status status;

	if (!is_present())
		return VMK_NOT_PRESENT;
	receiver = input;
	status = irq_attach_gsi(gsi, level, low, received, NULL);
	if (status != VMK_OK)
		return status;
	outb(UART_MCR, MCR_DTR_RTS | MCR_OUT2);
	outb(UART_IER, IER_RECEIVED);
	received(NULL); /* an edge that came before is not told again */
	return VMK_OK;
}
