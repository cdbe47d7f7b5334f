/* sources: kernel/worlds/vmx/board.c kernel/worlds/vmx/bus.c kernel/worlds/vmx/gmem.c */
/* sources: kernel/worlds/vmx/uart.c kernel/worlds/vmx/pit.c kernel/worlds/vmx/pic.c */
/* sources: kernel/worlds/vmx/rtc.c kernel/worlds/vmx/power.c kernel/worlds/vmx/pci.c */
/* sources: kernel/worlds/vmx/virtio.c kernel/worlds/vmx/virtqueue.c kernel/worlds/vmx/net.c */
/* sources: kernel/worlds/vmx/disk.c kernel/worlds/vmx/entropy.c kernel/worlds/vmx/vconsole.c */
/* sources: kernel/worlds/vmx/balloon.c */
/* quiet: fuzz/lib/figures.c tests/unit/shim/panic.c */
/* coverage: edges */
/* options: -use_counters=0 */
/* A guest without manners: any access to any port, device register and ring, in any order. The
 * memory behind guest RAM and disk stays as it is, queues in use are in RAM, virtio work ends,
 * deadlines lie ahead. */
#include <stdlib.h>
#include <string.h>
#include "fuzz/lib/figures.h"
#include "lib/types.h"
#include "tests/unit/vmx_host.h"
#include "worlds/vmx/board.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RAM  0x8000u
#define WORK 4096u /* rounds: more than any ring can ask for */

/* Where start_device() has its rings, and how long they are. */
#define DESCRIPTORS 0x1000u
#define DRIVER      0x2000u
#define DEVICE      0x3000u
#define RING        64u

struct step {
	uint8_t what, width;
	uint16_t low;
	uint32_t value;
};

static struct board board;
/* What a host receives is its own memory, not the guest's. */
static uint8_t frame[2048];

/* Ports that somebody answers, and registers of a virtio device (4.1.4.3) and of its MSI-X table.
 */
static const uint16_t ports[] = {0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1, 0x40, 0x41, 0x42, 0x43, 0x61,
	0x64, 0x70, 0x71, 0x3f8, 0x3f9, 0x3fa, 0x3fb, 0x3fc, 0x3fd, 0x3fe, 0x3ff, 0x600, 0x604,
	0x608, 0x80, 0xe9, 0xcf8, 0xcf9, 0xcfc, 0xcfd, 0xcfe};
static const uint16_t registers[] = {0x00, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x16, 0x18, 0x1a, 0x1c,
	0x20, 0x24, 0x28, 0x2c, 0x30, 0x34, 0x1000, 0x2000, 0x2008, 0x3000, 0x4000, 0x4004, 0x4008,
	0x400c};

/* A virtio device as a driver starts it: one queue at fixed places, then running. */
static void start_device(unsigned slot, unsigned queue, uint32_t features)
{
	const uint64_t bar = PCI_WINDOW + slot * PCI_BAR_STRIDE;

	board_write(&board, true, 0xcf8, 4, 0x80000000u | slot << 11 | 4);
	board_write(&board, true, 0xcfc, 2, 6);
	board_write(&board, false, bar + 0x08, 4, 0);
	board_write(&board, false, bar + 0x0c, 4, features);
	board_write(&board, false, bar + 0x08, 4, 1);
	board_write(&board, false, bar + 0x0c, 4, 1);
	board_write(&board, false, bar + 0x16, 2, queue);
	board_write(&board, false, bar + 0x18, 2, RING);
	board_write(&board, false, bar + 0x20, 8, DESCRIPTORS);
	board_write(&board, false, bar + 0x28, 8, DRIVER);
	board_write(&board, false, bar + 0x30, 8, DEVICE);
	board_write(&board, false, bar + 0x1c, 2, 1);
	board_write(&board, false, bar + 0x14, 1, 15);
}

static void set16(uint8_t *ram, uint32_t at, uint16_t value)
{
	memcpy(ram + at, &value, sizeof(value));
}

/* Descriptor n (2.7.5): `next` follows if flags say so. */
static void describe(
	uint8_t *ram, unsigned n, uint64_t address, uint32_t bytes, uint16_t flags, uint16_t next)
{
	const uint32_t at = DESCRIPTORS + 16 * (n % RING);

	memcpy(ram + at, &address, sizeof(address));
	memcpy(ram + at + 8, &bytes, sizeof(bytes));
	set16(ram, at + 12, flags);
	set16(ram, at + 14, next);
}

/* The chain that begins at descriptor n is the device's (2.7.6), which is told. */
static void offer(uint8_t *ram, unsigned slot, unsigned queue, unsigned n)
{
	uint16_t index;

	memcpy(&index, ram + DRIVER + 2, sizeof(index));
	set16(ram, DRIVER + 4 + 2 * (index % RING), (uint16_t)n);
	set16(ram, DRIVER + 2, index + 1);
	board_write(&board, false, PCI_WINDOW + slot * PCI_BAR_STRIDE + 0x3000, 2, queue);
}

/* One descriptor with a length near the interesting ones; an address may be as far up as any, and
 * its length then leads around to the guest's memory and is more than all of that. */
static void describe_one(uint8_t *ram, const struct step *s)
{
	static const uint32_t lengths[] = {0, 1, 12, 16, 513, 0x1000, RAM, 0xffffffff};
	const uint64_t address = s->value & 0xffff;
	const uint32_t bytes = lengths[s->value >> 16 & 7];
	const bool far = s->value >> 31;

	describe(ram, s->low % RING, far ? 0 - address : address, far ? bytes + 0xc000 : bytes,
		s->value >> 19 & 7, s->low >> 8);
}

/* A whole chain, readable parts first, as a request to a disk is, and its offer. */
static void offer_chain(uint8_t *ram, unsigned slot, const struct step *s)
{
	const unsigned out = s->value & 63, in = s->value >> 6 & 63, all = out + in;
	const uint32_t bytes = s->value >> 12 & 0x3ff;

	for (unsigned i = 0; i < all; i++)
		describe(ram, i, 0x4000 + (s->value >> 22) * 16 + i * 16, i ? bytes : 16,
			(uint16_t)((i + 1 < all ? 1 : 0) | (i < out ? 0 : 2)), (uint16_t)(i + 1));
	offer(ram, slot, (s->low >> 8 & 3) % VIRTIO_QUEUES, 0);
}

/* Aligned, and in the guest's memory: below PCI's window or, where there is some, from 4 GiB on. */
static void check_place(
	const struct gmem *memory, uint64_t address, uint32_t bytes, uint32_t alignment)
{
	if (memory->high_bytes && address >= VMK_VM_HIGH_BASE)
		address -= VMK_VM_HIGH_BASE;
	if (address % alignment || address >= RAM || RAM - address < bytes)
		abort();
}

/* An enabled queue is one that a device can use (2.7), whatever was written since. */
static void check_queues(const struct virtio *v)
{
	for (unsigned i = 0; i < VIRTIO_QUEUES; i++) {
		const struct virtqueue *q = &v->queue[i];

		if (!q->enabled)
			continue;
		if (q->size > VIRTQUEUE_MAX || __builtin_popcount(q->size) != 1)
			abort();
		check_place(v->memory, q->descriptors, 16u * q->size, 16);
		check_place(v->memory, q->driver, 6 + 2u * q->size, 2);
		check_place(v->memory, q->device, 6 + 8u * q->size, 4);
	}
}

static void check(void)
{
	check_queues(&board.console.virtio);
	check_queues(&board.entropy.virtio);
	check_queues(&board.disk.virtio);
	check_queues(&board.net.virtio);
	check_queues(&board.balloon.virtio);
	if (board_tick(&board) <= vmx_seen.now)
		abort();
}

/* The clocks go on; the processor may answer the 8259s, of which a line may change. */
static void pass_time(const struct step *s)
{
	vmx_seen.now += s->value;
	vmx_seen.wall += (uint64_t)s->value << (s->width & 31);
	if (s->what & 0x10)
		pic_acknowledge(&board.pic);
	if (s->what & 0x20)
		pic_set(&board.pic, s->low & 31, s->what & 0x40);
}

static void apply(const struct step *s, uint8_t *ram)
{
	const unsigned bytes = 1u << (s->width & 3);
	const unsigned slot = s->low % PCI_SLOTS;
	const bool aimed = s->what & 8;
	const uint16_t port = aimed ? ports[s->low % ARRAY_SIZE(ports)] : s->low;
	const uint64_t address = PCI_WINDOW + (s->what >> 4) % PCI_SLOTS * PCI_BAR_STRIDE +
				 (aimed ? registers[s->low % ARRAY_SIZE(registers)] : s->low);

	switch (s->what & 7) {
	case 0:
		board_write(&board, true, port, bytes, s->value);
		break;
	case 1:
		board_read(&board, true, port, bytes);
		break;
	case 2:
		board_write(&board, false, address, bytes, s->value);
		break;
	case 3:
		board_read(&board, false, address, bytes);
		break;
	case 4: /* the guest's own memory, rings most of all */
		if (aimed)
			describe_one(ram, s);
		else
			memcpy(ram + (s->low & (RAM - 4)), &s->value, 4);
		break;
	case 5:
		if (aimed)
			offer_chain(ram, slot, s);
		else
			start_device(slot, (s->value & 3) % VIRTIO_QUEUES, s->value & 0x30000000u);
		break;
	case 6:
		pass_time(s);
		if (aimed) {
			power_press_button(&board.power);
			balloon_set(&board.balloon, s->value);
			balloon_ask_stats(&board.balloon);
			board_write(&board, false,
				PCI_WINDOW + board.balloon.virtio.slot * PCI_BAR_STRIDE + 0x2000 +
					(s->low & 15),
				bytes, s->value);
		}
		for (unsigned i = 0; i <= s->low >> 8; i++) {
			uart_receive(&board.uart, (uint8_t)s->value);
			vconsole_receive(&board.console, (uint8_t)s->value);
		}
		break;
	default:
		if (aimed)
			offer(ram, slot, (s->value & 3) % VIRTIO_QUEUES, s->low >> 8 & (RING - 1));
		else
			net_receive(&board.net, frame, s->low % 1600);
	}
}

/* Nobody's ports are another's. */
static void check_bus(const struct bus *bus)
{
	for (unsigned i = 0; i < bus->count; i++) {
		for (unsigned j = 0; j < i; j++)
			if (bus->range[i].first <= bus->range[j].last &&
				bus->range[j].first <= bus->range[i].last)
				abort();
		if (bus->range[i].first > bus->range[i].last)
			abort();
	}
}

/* Byte 0 of what is left behind the steps says which board it is. */
static bool start(struct board_config *config, uint8_t kind)
{
	if (kind & 1)
		config->disk = NULL;
	if (kind & 2)
		config->mtu = 0;
	if (kind & 4)
		config->memory.high_bytes = RAM;
	if (kind & 8)
		config->memory.low_bytes = PCI_WINDOW + 1;
	if (!board_init(&board, config))
		return false;
	if (kind & 8)
		abort();
	check_bus(&board.ports);
	check_bus(&board.addresses);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t high[RAM];
	uint8_t *ram = calloc(1, RAM), *disk = calloc(1, 4 * DISK_SECTOR);
	struct board_config config = {
		.host = vmx_host,
		.memory = {.low = ram, .low_bytes = RAM, .high = high},
		.disk = disk,
		.disk_bytes = 4 * DISK_SECTOR,
		.mtu = 1500,
	};
	struct step step;

	memset(&vmx_seen, 0, sizeof(vmx_seen));
	if (!ram || !disk)
		abort();
	if (!start(&config, size % sizeof(step) ? data[size - 1] : 0))
		size = 0;
	for (size_t at = 0; at + sizeof(step) <= size && at < 512 * sizeof(step);
		at += sizeof(step)) {
		unsigned rounds = 0;

		memcpy(&step, data + at, sizeof(step));
		apply(&step, ram);
		figures_operations(1);
		while (board_work(&board))
			if (++rounds > WORK)
				abort();
		check();
	}
	free(ram);
	free(disk);
	return 0;
}
