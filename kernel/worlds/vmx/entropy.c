#include "lib/types.h"
#include "lib/wipe.h"
#include "worlds/vmx/devices.h"

/* One request gives at most this much: drivers ask again (Virtio 1.2, 5.4.6). */
#define REQUEST_MAX 4096u

static bool serve(struct virtio *v, unsigned queue, struct virtqueue_chain *chain)
{
	uint8_t bytes[256];
	uint64_t wanted = MIN(chain->in_bytes, (uint64_t)REQUEST_MAX), done = 0;

	while (done < wanted) {
		size_t n = (size_t)MIN(wanted - done, sizeof(bytes));

		v->host.ops->random(v->host.context, bytes, n);
		chain_write(chain, done, bytes, n);
		done += n;
	}
	wipe(bytes, sizeof(bytes));
	virtio_put(v, queue, chain, (uint32_t)done);
	return true;
}

static const struct virtio_class entropy_class = {
	.kind = VIRTIO_ENTROPY,
	.pci_class = 0xff0000,
	.name = "entropy",
	.queues = 1,
	.serve = serve,
};

void entropy_init(
	struct entropy *entropy, struct host host, const struct gmem *memory, struct pci *pci)
{
	virtio_init(&entropy->virtio, &entropy_class, entropy, host, memory, pci);
}
