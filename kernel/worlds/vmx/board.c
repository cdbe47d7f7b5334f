#include "worlds/vmx/board.h"
#include <string.h>

#define PORT_POST  0x80u
#define PORT_DEBUG 0xe9u

/* A byte at a time to whoever reads the console; reading says that it is there. */
static uint64_t debug_read(void *device, uint64_t offset, unsigned bytes)
{
	return PORT_DEBUG;
}

static void debug_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
	struct board *board = device;
	const uint8_t byte = (uint8_t)value;

	board->host.ops->console(board->host.context, &byte, 1);
}

/* Progress codes of firmware; systems also write there to pass the time. */
static uint64_t post_read(void *device, uint64_t offset, unsigned bytes)
{
	return UINT64_MAX;
}

static void post_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
}

static const struct bus_ops debug_bus = {debug_read, debug_write};
static const struct bus_ops post_bus = {post_read, post_write};

/* The reset register lies within configuration mechanism 1's ports and takes only bytes. */
static uint64_t cf8_read(void *device, uint64_t offset, unsigned bytes)
{
	struct board *board = device;

	if (offset == POWER_RESET - PCI_CONFIG_PORTS && bytes == 1)
		return power_reset_bus.read(&board->power, 0, 1);
	return pci_config_bus.read(&board->pci, offset, bytes);
}

static void cf8_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
	struct board *board = device;

	if (offset == POWER_RESET - PCI_CONFIG_PORTS && bytes == 1)
		power_reset_bus.write(&board->power, 0, 1, value);
	else
		pci_config_bus.write(&board->pci, offset, bytes, value);
}

static const struct bus_ops cf8_bus = {cf8_read, cf8_write};

static void add_ports(struct board *b)
{
	struct bus *bus = &b->ports;

	bus_add(bus, PIC_MASTER, PIC_MASTER + PIC_PORTS - 1, &pic_bus, &b->pic.chip[0]);
	bus_add(bus, PIC_SLAVE, PIC_SLAVE + PIC_PORTS - 1, &pic_bus, &b->pic.chip[1]);
	bus_add(bus, PIC_TRIGGER, PIC_TRIGGER + 1, &pic_trigger_bus, &b->pic);
	bus_add(bus, PIT_BASE, PIT_BASE + PIT_PORTS - 1, &pit_bus, &b->pit);
	bus_add(bus, PORT_B, PORT_B, &port_b_bus, &b->pit);
	bus_add(bus, RTC_BASE, RTC_BASE + RTC_PORTS - 1, &rtc_bus, &b->rtc);
	bus_add(bus, UART_COM1, UART_COM1 + UART_PORTS - 1, &uart_bus, &b->uart);
	bus_add(bus, POWER_PM1_EVENT, POWER_PM1_EVENT + 0xf, &power_pm_bus, &b->power);
	bus_add(bus, POWER_KEYBOARD, POWER_KEYBOARD, &power_keyboard_bus, &b->power);
	bus_add(bus, PORT_POST, PORT_POST, &post_bus, NULL);
	bus_add(bus, PORT_DEBUG, PORT_DEBUG, &debug_bus, b);
	bus_add(bus, PCI_CONFIG_PORTS, PCI_CONFIG_PORTS + 7, &cf8_bus, b);
}

static void add_functions(struct board *b, const struct board_config *config)
{
	vconsole_init(&b->console, b->host, &b->memory, &b->pci);
	entropy_init(&b->entropy, b->host, &b->memory, &b->pci);
	b->has_disk = config->disk;
	if (b->has_disk)
		disk_init(&b->disk, config->disk, config->disk_bytes, b->host, &b->memory, &b->pci);
	b->has_net = config->mtu;
	if (b->has_net)
		net_init(&b->net, config->mac, config->mtu, b->host, &b->memory, &b->pci);
	balloon_init(&b->balloon, config->balloon_pages, b->host, &b->memory, &b->pci);
}

bool board_init(struct board *b, const struct board_config *config)
{
	memset(b, 0, sizeof(*b));
	b->host = config->host;
	b->host.pic = &b->pic;
	b->memory = config->memory;
	if (b->memory.low_bytes > PCI_WINDOW)
		return false;
	uart_init(&b->uart, b->host);
	pit_init(&b->pit, b->host);
	pic_init(&b->pic, b->host);
	rtc_init(&b->rtc, b->host);
	power_init(&b->power, b->host);
	pci_init(&b->pci);
	add_ports(b);
	add_functions(b, config);
	bus_add(&b->addresses, PCI_WINDOW, PCI_WINDOW + PCI_WINDOW_BYTES - 1, &pci_memory_bus,
		&b->pci);
	return true;
}

uint64_t board_read(struct board *b, bool port, uint64_t address, unsigned bytes)
{
	return bus_read(port ? &b->ports : &b->addresses, address, bytes);
}

void board_write(struct board *b, bool port, uint64_t address, unsigned bytes, uint64_t value)
{
	bus_write(port ? &b->ports : &b->addresses, address, bytes, value);
}

bool board_work(struct board *b)
{
	bool more = virtio_work(&b->console.virtio);

	more |= virtio_work(&b->entropy.virtio);
	more |= virtio_work(&b->balloon.virtio);
	if (b->has_disk)
		more |= virtio_work(&b->disk.virtio);
	if (b->has_net)
		more |= virtio_work(&b->net.virtio);
	return more;
}

uint64_t board_tick(struct board *b)
{
	const uint64_t now = b->host.ops->now(b->host.context);

	pit_tick(&b->pit, now);
	rtc_tick(&b->rtc, now);
	return b->pit.deadline < b->rtc.deadline ? b->pit.deadline : b->rtc.deadline;
}
