/* The virtio devices of a VM (Virtio 1.2, 5.1 to 5.5). Each is a struct virtio and what it needs.
 */
#ifndef VMX_DEVICES_H
#define VMX_DEVICES_H

#include "worlds/vmx/virtio.h"
#include <vmkuser/vm.h>

#define NET_FRAME_MAX 9018u
#define DISK_SECTOR   512u
#define CONSOLE_INPUT 256u /* bytes that wait for the guest; a power of two */

struct net {
	struct virtio virtio;
	uint8_t frame[NET_FRAME_MAX]; /* a frame on its way out, gathered */
};
/* Frames come in through net_receive(), out through host.send. */
void net_init(struct net *net, const uint8_t mac[6], uint16_t mtu, struct host host,
	const struct gmem *memory, struct pci *pci);
/* False: the guest has no buffer; the frame is lost, as on a wire. */
bool net_receive(struct net *net, const void *frame, size_t bytes);

struct disk {
	struct virtio virtio;
	uint8_t *data; /* not owned */
	uint64_t sectors;
};
/* `bytes` at data: the disk; what is beyond the last whole sector is not shown. */
void disk_init(struct disk *disk, uint8_t *data, uint64_t bytes, struct host host,
	const struct gmem *memory, struct pci *pci);

struct entropy {
	struct virtio virtio;
};
void entropy_init(
	struct entropy *entropy, struct host host, const struct gmem *memory, struct pci *pci);

struct balloon {
	struct virtio virtio;
	bool wants_stats; /* newer ones than the guest's buffer has */
};
/* `pages` of 4 KiB are to be in it. What the guest gives up goes to host.give_back. */
void balloon_init(struct balloon *balloon, uint32_t pages, struct host host,
	const struct gmem *memory, struct pci *pci);
void balloon_set(struct balloon *balloon, uint32_t pages);
/* The guest is to say how its memory is; what it says goes to host.memory_stats. */
void balloon_ask_stats(struct balloon *balloon);

struct vconsole {
	struct virtio virtio;
	uint16_t head, tail; /* free-running */
	uint8_t input[CONSOLE_INPUT];
};
void vconsole_init(
	struct vconsole *console, struct host host, const struct gmem *memory, struct pci *pci);
/* What somebody types; false when there is no room. */
bool vconsole_receive(struct vconsole *console, uint8_t byte);

#endif
