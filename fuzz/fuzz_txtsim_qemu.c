/* sources: tboot-integration/txtsim/qemu/gdb.c tboot-integration/txtsim/qemu/qmp.c */
/* sources: tboot-integration/txtsim/qemu/pciproxy.c tboot-integration/txtsim/qemu/mleimage.c */
/* sources: tboot-integration/txtsim/run/buildid.c kernel/lib/hex.c */
/* plain: fuzz/models/json_memory.c fuzz/models/library_memory.c fuzz/models/proxy_bars.c */
/* coverage: edges, comparisons, lean */
/* libs: -l:libjansson.a -lz -Wl,--wrap=memcpy */
/* options: -max_len=5120 */
/*
 * What the QEMU edge reads of others: packets of the GDB stub, lines of the machine protocol,
 * messages of the proxy device, boot images and programs. The first byte chooses.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/models/json_memory.h"
#include "fuzz/models/proxy_bars.h"
#include "tboot-integration/txtsim/qemu/gdb.h"
#include "tboot-integration/txtsim/qemu/mleimage.h"
#include "tboot-integration/txtsim/qemu/pciproxy.h"
#include "tboot-integration/txtsim/qemu/qmp.h"
#include "tboot-integration/txtsim/run/emulators.h"
#include "tboot-integration/txtsim/run/process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void packets(const uint8_t *data, size_t size)
{
	char packet[64];
	size_t taken, bytes;
	uint64_t value;
	unsigned cpu;

	while ((taken = gdb_take_packet((const char *)data, size, packet, sizeof(packet)))) {
		if (taken > size || strlen(packet) >= sizeof(packet))
			abort();
		gdb_stop_reply(packet, &cpu);
		if (gdb_parse_value(packet, &value, &bytes) && (bytes == 0 || bytes > 8))
			abort();
		data += taken;
		size -= taken;
	}
}

static void messages(const uint8_t *data, size_t size)
{
	uint8_t answer[PCIPROXY_ANSWER];
	struct pciproxy p;
	size_t wanted;

	pciproxy_init(&p, &proxy_bars, NULL);
	p.bar_size[0] = 0x20000;
	p.bar_size[1] = 0x8000;
	while ((wanted = pciproxy_message_size(data, size)) != 0 && wanted <= size) {
		if (pciproxy_message(&p, data, wanted, answer) > sizeof(answer))
			abort();
		data += wanted;
		size -= wanted;
	}
}

static void images(const uint8_t *data, size_t size)
{
	struct mle_image found[MLE_IMAGES_MAX];
	unsigned n = mle_images_find(data, size, found);
	struct mle_image one;

	if (mle_image_parse(data, size, &one) != (one.range_count != 0) || (one.range_count && !n))
		abort();

	for (unsigned i = 0; i < n; i++) {
		if (!found[i].range_count || found[i].range_count > MLE_RANGES_MAX)
			abort();
	}
}

/* Nobody is at the other end: nobody waits. */
double process_now(void)
{
	abort();
}

int process_caught(void)
{
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct qmp q;
	char id[41];
	size_t live;

	json_memory_use();
	live = json_memory_live();
	if (!size)
		return 0;
	switch (data[0] % 5) {
	case 0:
		packets(data + 1, size - 1);
		break;
	case 1:
		qmp_init(&q, -1, NULL, NULL);
		qmp_take_line(&q, (const char *)data + 1, size - 1);
		break;
	case 2:
		messages(data + 1, size - 1);
		break;
	case 3:
		images(data + 1, size - 1);
		break;
	default:
		elf_build_id(data + 1, size - 1, id);
	}
	if (json_memory_live() != live)
		abort();
	return 0;
}
