/*
 * Input is polled: such a function has INTx alone, and where its line arrives without the
 * firmware's own interpreter of ACPI methods is anybody's guess.
 */
#include "vmkdev/serial_pci.h"
#include "arch/x86/serial.h"
#include "arch/x86/uart.h"
#include "boot/boot_info.h"
#include "lib/log.h"
#include "sched/world.h"
#include "vmkdev/device.h"
#include "vmkdev/tty.h"

#define LOG_MODULE  "Serial"

#define CLASS_16550 0x070002u
#define POLL_NS     10000000ull
/* Ports below belong to the platform: timers, PCI configuration, power management. */
#define PORT_FIRST     0x1000u
#define PM1_PORT_BYTES 4u

static bool overlaps(uint64_t port, uint64_t other, uint64_t bytes)
{
	return other && port < other + bytes && other < port + UART_PORTS;
}

/* Firmware chooses BARs, and no launch measures it: what goes to a console must not switch the
 * machine off in its name. */
static bool is_free(uint64_t port)
{
	return port >= PORT_FIRST && port <= UINT16_MAX + 1u - UART_PORTS &&
	       !overlaps(port, boot_info->pm1a_control, PM1_PORT_BYTES) &&
	       !overlaps(port, boot_info->pm1b_control, PM1_PORT_BYTES) &&
	       !overlaps(port, boot_info->reset_register.v, 1);
}

static const struct pci_bar *port_bar(const struct pci_function *f)
{
	for (unsigned i = 0; i < PCI_BARS; i++)
		if (f->bars[i].is_io && f->bars[i].bytes >= UART_PORTS)
			return &f->bars[i];
	return NULL;
}

static bool start_one(struct pci_function f)
{
	const struct pci_address a = f.address;
	const struct pci_bar *bar;
	enum vmk_status status;

	if (pci_size_bars(&pci_machine, NULL, &f) != VMK_OK || (bar = port_bar(&f)) == NULL)
		return false;
	status = VMK_DENIED;
	if (is_free(bar->address))
		status = pci_enable_ports(&pci_machine, NULL, &f);
	if (status == VMK_OK)
		status = serial_add((uint16_t)bar->address, 1);
	if (status == VMK_OK)
		vmk_log("pci %02x:%02x.%x is a console at %u baud", a.bus, a.slot, a.function,
			SERIAL_BAUD);
	else
		vmk_warn("pci %02x:%02x.%x is no console: %s", a.bus, a.slot, a.function,
			vmk_status_name(status));
	return status == VMK_OK;
}

static void poll(void *unused)
{
	for (;;) {
		world_sleep(POLL_NS);
		serial_poll(tty_input);
	}
}

void serial_pci_start(void)
{
	const struct device *d;
	struct world *world;
	bool any = false;

	for (unsigned i = 0; (d = device_at(i)) != NULL; i++)
		if (d->pci.class_code == CLASS_16550 && start_one(d->pci))
			any = true;
	if (!any)
		return;
	if (world_create("serial", poll, NULL, &world) == VMK_OK)
		world_start(world);
	else
		vmk_warn("no memory to listen on serial ports");
}
