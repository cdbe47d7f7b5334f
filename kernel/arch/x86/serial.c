#include "arch/x86/serial.h"
#include "arch/x86/irq.h"
#include "arch/x86/uart.h"

#define COM1        0x3f8
#define FIFO_ROUNDS 64

/* The interrupts of COM1 to COM4, which their places imply. */
static const struct {
	uint16_t port;
	uint8_t irq;
} legacy[] = {{0x3f8, 4}, {0x2f8, 3}, {0x3e8, 4}, {0x2e8, 3}};

/* Ports only come; an entry is complete before it counts. */
static struct {
	uint16_t port;
	bool interrupts;
	bool stuck; /* it did not drain the last time; of the console's lock */
} ports[SERIAL_PORTS_MAX] = {{.port = COM1}};
static unsigned port_count = 1;

static void (*receiver)(const char *bytes, size_t count);

void serial_init(void)
{
	uart_init(COM1, 1);
}

enum vmk_status serial_add(uint16_t port, unsigned divisor)
{
	for (unsigned i = 0; i < port_count; i++)
		if (ports[i].port == port)
			return VMK_EXISTS;
	if (port_count == SERIAL_PORTS_MAX)
		return VMK_NO_RESOURCES;
	if (!uart_is_present(port))
		return VMK_NOT_PRESENT;
	uart_init(port, divisor);
	ports[port_count].port = port;
	__atomic_store_n(&port_count, port_count + 1, __ATOMIC_RELEASE);
	return VMK_OK;
}

void serial_write(const char *text, size_t bytes)
{
	unsigned count = __atomic_load_n(&port_count, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < count; i++)
		ports[i].stuck = !uart_write(ports[i].port, text, bytes, ports[i].stuck);
}

void serial_drain(void)
{
	for (unsigned i = 0; i < port_count; i++)
		uart_drain(ports[i].port);
}

/* Until nothing is left, as only then the interrupt's next edge can come; but a broken port cannot
 * keep us here. */
static void pass_on(uint16_t port, void (*input)(const char *bytes, size_t count))
{
	char bytes[UART_FIFO_BYTES];

	for (unsigned round = 0; round < FIFO_ROUNDS; round++) {
		size_t count = uart_read(port, bytes, sizeof(bytes));

		if (count)
			input(bytes, count);
		if (count < sizeof(bytes))
			return;
	}
}

static void received(void *port)
{
	pass_on((uint16_t)(uintptr_t)port, receiver);
}

static bool attach(uint16_t port)
{
	for (unsigned i = 0; i < ARRAY_SIZE(legacy); i++) {
		int level, low;
		uint32_t gsi = irq_isa_gsi(legacy[i].irq, &level, &low);

		if (legacy[i].port != port)
			continue;
		if (!uart_is_present(port) || irq_attach_gsi(gsi, level, low, received,
						      (void *)(uintptr_t)port) != VMK_OK)
			return false;
		uart_interrupt_on(port);
		received((void *)(uintptr_t)port); /* an edge that came before is not told again */
		return true;
	}
	return false;
}

enum vmk_status serial_listen(void (*input)(const char *bytes, size_t count))
{
	enum vmk_status status = VMK_NOT_PRESENT;

	receiver = input;
	for (unsigned i = 0; i < port_count; i++) {
		ports[i].interrupts = attach(ports[i].port);
		if (ports[i].interrupts)
			status = VMK_OK;
	}
	return status;
}

void serial_poll(void (*input)(const char *bytes, size_t count))
{
	unsigned count = __atomic_load_n(&port_count, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < count; i++)
		if (!ports[i].interrupts)
			pass_on(ports[i].port, input);
}
