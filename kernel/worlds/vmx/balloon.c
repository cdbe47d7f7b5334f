#include "lib/types.h"
#include "worlds/vmx/devices.h"
#include <string.h>

#define INFLATE 0u
#define STATS   2u
#define F_STATS (1ull << 1)
/* A guest that runs out of memory may take pages back by itself (Virtio 1.2, 5.5.3): they come when
 * it touches them. */
#define F_DEFLATE_ON_OOM (1ull << 2)
/* The configuration: how many pages are wanted, and where `actual` is (Virtio 1.2, 5.5.4). */
#define CONFIG_BYTES  8u
#define CONFIG_ACTUAL 4u
/* Page numbers that are taken of one buffer: what the rest names stays the guest's. */
#define PAGES_MAX 4096u

static void give_back(struct virtio *v, const struct virtqueue_chain *chain)
{
	const uint64_t count = MIN(chain->out_bytes / sizeof(uint32_t), (uint64_t)PAGES_MAX);
	uint32_t pages[VMK_VM_PAGES_MAX];

	for (uint64_t done = 0; done < count;) {
		const size_t n = (size_t)MIN(count - done, (uint64_t)VMK_VM_PAGES_MAX);

		chain_read(chain, done * sizeof(*pages), pages, n * sizeof(*pages));
		v->host.ops->give_back(v->host.context, pages, (unsigned)n);
		done += n;
	}
}

/* Entries of one buffer that are looked at: a tag that is not known is passed over (5.5.6.3). */
#define ENTRIES_MAX 64u
#define ENTRY_BYTES 10u

static void read_stats(struct virtio *v, const struct virtqueue_chain *chain)
{
	struct vmk_vm_stats stats = {0};
	uint8_t entry[ENTRY_BYTES];

	for (uint64_t i = 0; i < ENTRIES_MAX; i++) {
		const size_t bytes = chain_read(chain, i * ENTRY_BYTES, entry, sizeof(entry));
		uint16_t tag;

		if (bytes < sizeof(entry))
			break;
		memcpy(&tag, entry, sizeof(tag));
		if (tag >= VMK_VM_STAT_COUNT)
			continue;
		stats.known |= 1u << tag;
		memcpy(&stats.value[tag], entry + sizeof(tag), sizeof(stats.value[tag]));
	}
	v->host.ops->memory_stats(v->host.context, &stats);
}

/* The driver's buffer waits here; given back, it comes again with new values. */
static bool serve_stats(struct virtio *v, struct virtqueue_chain *chain)
{
	struct balloon *balloon = v->device;

	read_stats(v, chain);
	if (!balloon->wants_stats) {
		virtqueue_untake(&v->queue[STATS]);
		return false;
	}
	balloon->wants_stats = false;
	virtio_put(v, STATS, chain, 0);
	return true;
}

/* What is taken out again comes when it is touched. */
static bool serve(struct virtio *v, unsigned queue, struct virtqueue_chain *chain)
{
	if (queue == STATS)
		return serve_stats(v, chain);
	if (queue == INFLATE)
		give_back(v, chain);
	virtio_put(v, queue, chain, 0);
	return true;
}

static void configure(struct virtio *v, unsigned offset, unsigned bytes, uint64_t value)
{
	uint32_t actual;

	if (offset < CONFIG_ACTUAL || offset >= CONFIG_BYTES || bytes > CONFIG_BYTES - offset)
		return;
	memcpy(v->config + offset, &value, bytes);
	memcpy(&actual, v->config + CONFIG_ACTUAL, sizeof(actual));
	v->host.ops->ballooned(v->host.context, actual);
}

void balloon_set(struct balloon *balloon, uint32_t pages)
{
	if (!memcmp(balloon->virtio.config, &pages, sizeof(pages)))
		return;
	memcpy(balloon->virtio.config, &pages, sizeof(pages));
	virtio_configure(&balloon->virtio);
}

void balloon_ask_stats(struct balloon *balloon)
{
	balloon->wants_stats = true;
	balloon->virtio.woken |= 1u << STATS;
}

static const struct virtio_class balloon_class = {
	.kind = VIRTIO_BALLOON,
	.pci_class = 0x050000,
	.name = "balloon",
	.features = F_STATS | F_DEFLATE_ON_OOM,
	.queues = 3,
	.config_bytes = CONFIG_BYTES,
	.serve = serve,
	.configure = configure,
};

void balloon_init(struct balloon *balloon, uint32_t pages, struct host host,
	const struct gmem *memory, struct pci *pci)
{
	virtio_init(&balloon->virtio, &balloon_class, balloon, host, memory, pci);
	memcpy(balloon->virtio.config, &pages, sizeof(pages));
}
