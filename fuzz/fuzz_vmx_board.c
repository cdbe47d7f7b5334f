/* sources: kernel/worlds/vmx/board.c kernel/worlds/vmx/bus.c kernel/worlds/vmx/gmem.c */
/* sources: kernel/worlds/vmx/uart.c kernel/worlds/vmx/pit.c kernel/worlds/vmx/pic.c */
/* sources: kernel/worlds/vmx/rtc.c kernel/worlds/vmx/power.c kernel/worlds/vmx/pci.c */
/* sources: kernel/worlds/vmx/virtio.c kernel/worlds/vmx/virtqueue.c kernel/worlds/vmx/net.c */
/* sources: kernel/worlds/vmx/disk.c kernel/worlds/vmx/entropy.c kernel/worlds/vmx/vconsole.c */
/* quiet: fuzz/lib/figures.c */
/* A guest without manners: any access to any port, device register and ring, in any order. The
 * memory behind guest RAM and disk stays as it is, virtio work ends, deadlines lie ahead. */
#include <stdlib.h>
#include <string.h>
#include "fuzz/lib/figures.h"
#include "tests/unit/vmx_host.h"
#include "worlds/vmx/board.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RAM  0x8000u
#define WORK 4096u /* rounds: more than any ring can ask for */

struct step {
	uint8_t what, width;
	uint16_t low;
	uint32_t value;
};

static struct board board;

/* A virtio device in three steps' worth of input: queues at fixed places, then running. */
static void start_device(unsigned slot, unsigned queue)
{
	const uint64_t bar = PCI_WINDOW + slot * PCI_BAR_STRIDE;

	board_write(&board, true, 0xcf8, 4, 0x80000000u | slot << 11 | 4);
	board_write(&board, true, 0xcfc, 2, 6);
	board_write(&board, false, bar + 8, 4, 1);
	board_write(&board, false, bar + 12, 4, 1);
	board_write(&board, false, bar + 0x16, 2, queue);
	board_write(&board, false, bar + 0x18, 2, 8);
	board_write(&board, false, bar + 0x20, 8, 0x1000);
	board_write(&board, false, bar + 0x28, 8, 0x2000);
	board_write(&board, false, bar + 0x30, 8, 0x3000);
	board_write(&board, false, bar + 0x1c, 2, 1);
	board_write(&board, false, bar + 0x14, 1, 15);
}

static void apply(const struct step *s, uint8_t *ram)
{
	const unsigned bytes = 1u << (s->width & 3);
	const unsigned slot = s->low % PCI_SLOTS;
	uint64_t address = PCI_WINDOW + (s->what >> 4) % PCI_SLOTS * PCI_BAR_STRIDE + s->low;

	switch (s->what & 7) {
	case 0:
		board_write(&board, true, s->low, bytes, s->value);
		break;
	case 1:
		board_read(&board, true, s->low, bytes);
		break;
	case 2:
		board_write(&board, false, address, bytes, s->value);
		break;
	case 3:
		board_read(&board, false, address, bytes);
		break;
	case 4: /* the guest's own memory, rings most of all */
		memcpy(ram + (s->low & (RAM - 4)), &s->value, 4);
		break;
	case 5:
		start_device(slot, s->value & 1);
		break;
	case 6:
		vmx_seen.now += s->value;
		uart_receive(&board.uart, (uint8_t)s->value);
		vconsole_receive(&board.console, (uint8_t)s->value);
		break;
	default:
		net_receive(&board.net, ram, s->low % 1600);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *ram = calloc(1, RAM), *disk = calloc(1, 4 * DISK_SECTOR);
	const struct board_config config = {
		.host = vmx_host,
		.memory = {.low = ram, .low_bytes = RAM},
		.disk = disk,
		.disk_bytes = 4 * DISK_SECTOR,
		.mtu = 1500,
	};
	struct step step;

	memset(&vmx_seen, 0, sizeof(vmx_seen));
	if (!ram || !disk || !board_init(&board, &config))
		abort();
	for (size_t at = 0; at + sizeof(step) <= size && at < 512 * sizeof(step);
		at += sizeof(step)) {
		unsigned rounds = 0;

		memcpy(&step, data + at, sizeof(step));
		apply(&step, ram);
		figures_operations(1);
		while (board_work(&board))
			if (++rounds > WORK)
				abort();
		if (board_tick(&board) <= vmx_seen.now)
			abort();
	}
	free(ram);
	free(disk);
	return 0;
}
