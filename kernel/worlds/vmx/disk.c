#include "lib/nospec.h"
#include "lib/types.h"
#include "worlds/vmx/devices.h"
#include <string.h>

/* Virtio 1.2, 5.2.3, 5.2.4, 5.2.6. */
#define F_SEG_MAX       (1ull << 2)
#define F_FLUSH         (1ull << 9)
#define CONFIG_CAPACITY 0
#define CONFIG_SEG_MAX  12
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPPORTED = 2 };

struct request {
	uint32_t type, reserved;
	uint64_t sector;
};
STATIC_ASSERT_SIZE(struct request, 16);

static const char identity[20] = "merlon-disk";

/* Where the request's data are in the disk, or NULL if not all of them are. */
static uint8_t *place(const struct disk *disk, uint64_t sector, uint64_t bytes)
{
	if (bytes % DISK_SECTOR || sector > disk->sectors ||
		bytes / DISK_SECTOR > disk->sectors - sector)
		return NULL;
	return disk->data + index_nospec(sector, disk->sectors + 1) * DISK_SECTOR;
}

static uint8_t read_sectors(const struct disk *disk, const struct virtqueue_chain *chain,
	uint64_t sector, uint32_t *written)
{
	const uint64_t bytes = chain->in_bytes - 1;
	const uint8_t *from = place(disk, sector, bytes);

	if (!from)
		return S_IOERR;
	*written = (uint32_t)chain_write(chain, 0, from, bytes);
	return S_OK;
}

static uint8_t write_sectors(
	const struct disk *disk, const struct virtqueue_chain *chain, uint64_t sector)
{
	const uint64_t bytes = chain->out_bytes - sizeof(struct request);
	uint8_t *to = place(disk, sector, bytes);

	if (!to)
		return S_IOERR;
	chain_read(chain, sizeof(struct request), to, bytes);
	return S_OK;
}

static uint8_t execute(
	const struct disk *disk, const struct virtqueue_chain *chain, uint32_t *written)
{
	struct request request;

	chain_read(chain, 0, &request, sizeof(request));
	switch (request.type) {
	case T_IN:
		return read_sectors(disk, chain, request.sector, written);
	case T_OUT:
		return write_sectors(disk, chain, request.sector);
	case T_FLUSH:
		return S_OK;
	case T_GET_ID:
		*written = (uint32_t)chain_write(
			chain, 0, identity, MIN(sizeof(identity), chain->in_bytes - 1));
		return S_OK;
	default:
		return S_UNSUPPORTED;
	}
}

static bool serve(struct virtio *v, unsigned queue, struct virtqueue_chain *chain)
{
	const struct disk *disk = v->device;
	uint32_t written = 0;
	uint8_t status;

	if (chain->out_bytes < sizeof(struct request) || !chain->in_bytes ||
		chain->in_bytes > UINT32_MAX) {
		virtio_break(v, "a request has no header or no place for its status");
		return false;
	}
	status = execute(disk, chain, &written);
	chain_write(chain, chain->in_bytes - 1, &status, 1);
	virtio_put(v, queue, chain, written + 1);
	return true;
}

static const struct virtio_class disk_class = {
	.kind = VIRTIO_BLOCK,
	.pci_class = 0x010000,
	.name = "block",
	.queues = 1,
	.features = F_SEG_MAX | F_FLUSH,
	.config_bytes = 32,
	.serve = serve,
};

void disk_init(struct disk *disk, uint8_t *data, uint64_t bytes, struct host host,
	const struct gmem *memory, struct pci *pci)
{
	const uint32_t seg_max = VIRTQUEUE_MAX - 2; /* header and status take one each */

	disk->data = data;
	disk->sectors = bytes / DISK_SECTOR;
	virtio_init(&disk->virtio, &disk_class, disk, host, memory, pci);
	memcpy(&disk->virtio.config[CONFIG_CAPACITY], &disk->sectors, sizeof(disk->sectors));
	memcpy(&disk->virtio.config[CONFIG_SEG_MAX], &seg_max, sizeof(seg_max));
}
