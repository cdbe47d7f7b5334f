/*
 * The board that a VM sees: a small PC with its ports, one PCI bus and virtio devices on it. Pure:
 * it works on guest memory and a host (host.h), so that tests and fuzzers run the same sources.
 */
#ifndef VMX_BOARD_H
#define VMX_BOARD_H

#include "worlds/vmx/devices.h"
#include "worlds/vmx/pic.h"
#include "worlds/vmx/pit.h"
#include "worlds/vmx/power.h"
#include "worlds/vmx/rtc.h"
#include "worlds/vmx/uart.h"

struct board_config {
	struct host host;
	struct gmem memory; /* low_bytes at most PCI_WINDOW */
	uint8_t *disk;      /* not owned; NULL: no disk */
	uint64_t disk_bytes;
	uint8_t mac[6];
	uint16_t mtu; /* 0: no network adapter */
	uint32_t balloon_pages;
};
struct board {
	struct host host;
	struct gmem memory;
	struct bus ports, addresses;
	struct uart uart;
	struct pit pit;
	struct pic pic;
	struct rtc rtc;
	struct power power;
	struct pci pci;
	struct net net;
	struct disk disk;
	struct entropy entropy;
	struct vconsole console;
	struct balloon balloon;
	bool has_net, has_disk;
};

/* As after power-on. False if the memory reaches into what is the devices'. */
bool board_init(struct board *board, const struct board_config *config);
/* What a vCPU reads or writes at a port or at an address that is no RAM; bytes: 1, 2, 4 or 8. */
uint64_t board_read(struct board *board, bool port, uint64_t address, unsigned bytes);
void board_write(struct board *board, bool port, uint64_t address, unsigned bytes, uint64_t value);
/* Serves the virtio queues, a bounded piece of work; true if there is more. */
bool board_work(struct board *board);
/* Raises what is due; when it has to be called again (ns of host.now, HOST_NEVER). */
uint64_t board_tick(struct board *board);

#endif
