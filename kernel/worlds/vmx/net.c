#include "lib/types.h"
#include "worlds/vmx/devices.h"
#include <string.h>

#define F_MTU        (1ull << 3)
#define F_MAC        (1ull << 5)
#define RX           0u
#define TX           1u
#define HEADER       12u /* 5.1.6: with num_buffers, as VERSION_1 always has it */
#define NUM_BUFFERS  10u
#define ETHERNET_MIN 14u

static bool serve(struct virtio *v, unsigned queue, struct virtqueue_chain *chain)
{
	struct net *net = v->device;
	uint64_t bytes = chain->out_bytes < HEADER ? 0 : chain->out_bytes - HEADER;

	if (queue == RX) {
		virtqueue_untake(&v->queue[RX]);
		return false;
	}
	/* What is no frame is dropped, as a wire would. */
	if (bytes >= ETHERNET_MIN && bytes <= NET_FRAME_MAX) {
		chain_read(chain, HEADER, net->frame, bytes);
		v->host.ops->send(v->host.context, net->frame, bytes);
	}
	virtio_put(v, TX, chain, 0);
	return true;
}

bool net_receive(struct net *net, const void *frame, size_t bytes)
{
	struct virtqueue_chain chain;
	uint8_t header[HEADER] = {[NUM_BUFFERS] = 1};
	uint32_t written = 0;

	if (!virtio_take(&net->virtio, RX, &chain))
		return false;
	if (chain.in_bytes >= HEADER + bytes) {
		chain_write(&chain, 0, header, HEADER);
		chain_write(&chain, HEADER, frame, bytes);
		written = (uint32_t)(HEADER + bytes);
		virtio_put(&net->virtio, RX, &chain, written);
		return true;
	}
	virtqueue_untake(&net->virtio.queue[RX]);
	return false;
}

static const struct virtio_class net_class = {
	.kind = VIRTIO_NET,
	.pci_class = 0x020000,
	.name = "net",
	.queues = 2,
	.features = F_MAC | F_MTU,
	.config_bytes = 12,
	.serve = serve,
};

void net_init(struct net *net, const uint8_t mac[6], uint16_t mtu, struct host host,
	const struct gmem *memory, struct pci *pci)
{
	virtio_init(&net->virtio, &net_class, net, host, memory, pci);
	/* 5.1.4: mac, status, max_virtqueue_pairs, mtu */
	memcpy(net->virtio.config, mac, 6);
	memcpy(&net->virtio.config[10], &mtu, sizeof(mtu));
}
