#include "lib/types.h"
#include "worlds/vmx/devices.h"
#include <string.h>

#define RX     0u
#define TX     1u
#define TX_MAX 65536u /* shown of one request: a console is read by people */

static void transmit(struct virtio *v, const struct virtqueue_chain *chain)
{
	uint8_t text[256];
	uint64_t bytes = MIN(chain->out_bytes, (uint64_t)TX_MAX);

	for (uint64_t at = 0; at < bytes;) {
		size_t n = (size_t)MIN(bytes - at, sizeof(text));

		chain_read(chain, at, text, n);
		v->host.ops->console(v->host.context, text, n);
		at += n;
	}
}

static unsigned waiting(const struct vconsole *c)
{
	return (uint16_t)(c->head - c->tail);
}

static uint32_t deliver(struct vconsole *c, const struct virtqueue_chain *chain)
{
	uint32_t done = 0;

	while (waiting(c) && done < chain->in_bytes) {
		chain_write(chain, done++, &c->input[c->tail % CONSOLE_INPUT], 1);
		c->tail++;
	}
	return done;
}

static bool serve(struct virtio *v, unsigned queue, struct virtqueue_chain *chain)
{
	struct vconsole *c = v->device;

	if (queue == TX) {
		transmit(v, chain);
		virtio_put(v, TX, chain, 0);
		return true;
	}
	if (!waiting(c) || !chain->in_bytes) {
		virtqueue_untake(&v->queue[RX]);
		return false;
	}
	virtio_put(v, RX, chain, deliver(c, chain));
	return true;
}

bool vconsole_receive(struct vconsole *c, uint8_t byte)
{
	if (waiting(c) == CONSOLE_INPUT)
		return false;
	c->input[c->head++ % CONSOLE_INPUT] = byte;
	c->virtio.woken |= 1u << RX;
	return true;
}

static const struct virtio_class console_class = {
	.kind = VIRTIO_CONSOLE,
	.pci_class = 0x078000,
	.name = "console",
	.queues = 2,
	.config_bytes = 12,
	.serve = serve,
};

void vconsole_init(struct vconsole *c, struct host host, const struct gmem *memory, struct pci *pci)
{
	c->head = c->tail = 0;
	virtio_init(&c->virtio, &console_class, c, host, memory, pci);
}
