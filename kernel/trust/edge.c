#include "trust/edge.h"

#include "arch/x86/time.h"
#include "boot/boot_info.h"
#include "boot/memory_map.h"
#include "lib/types.h"
#include "mem/frames.h"
#include "mem/heap.h"
#include "mem/space.h"
#include "trust/fwlog.h"
#include "trust/hash.h"
#include "trust/txtheap.h"
#include "trust/txtspace.h"

#include <string.h>

/* One range of ACPI memory is searched so far: real ones have a few MiB. */
#define SEARCH_BYTES_MAX (32ul << 20)
#define LOW_MEMORY_END   0x100000u

#define POLL_US          50u
#define PAUSE_US         5000u

static void (*wait_hook)(void);

void edge_set_wait(void (*yield)(void))
{
	wait_hook = yield;
}

static void wait_us(uint32_t microseconds)
{
	time_spin_us(microseconds);
	if (wait_hook)
		wait_hook();
}

static uint8_t tis_read8(void *device, uint32_t offset)
{
	return *((volatile uint8_t *)device + offset);
}

static uint32_t tis_read32(void *device, uint32_t offset)
{
	return *(volatile uint32_t *)((volatile uint8_t *)device + offset);
}

static void tis_write8(void *device, uint32_t offset, uint8_t value)
{
	*((volatile uint8_t *)device + offset) = value;
}

static uint64_t now_ms(void *device)
{
	return time_ns() / 1000000;
}

static void delay(void *device)
{
	wait_us(POLL_US);
}

const struct tis_ops edge_tis_ops = {
	.read8 = tis_read8,
	.read32 = tis_read32,
	.write8 = tis_write8,
	.now_ms = now_ms,
	.delay = delay,
};

static uint32_t crb_read32(void *device, uint32_t offset)
{
	return tis_read32(device, offset);
}

static void crb_write32(void *device, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)((volatile uint8_t *)device + offset) = value;
}

/* Buffers that firmware placed in its own memory: two for each locality at the most. */
static struct {
	uint64_t address;
	size_t bytes;
	volatile uint8_t *mapped;
} buffers[2 * TPM_LOCALITIES];
static unsigned buffer_count;

static volatile uint8_t *crb_map(void *device, uint64_t address, size_t bytes)
{
	volatile void *mapped;

	if (address >= TPM_BASE && address < TPM_BASE + TPM_BYTES)
		return (volatile uint8_t *)device + (address - TPM_BASE);
	for (unsigned i = 0; i < buffer_count; i++) {
		if (buffers[i].address == address && buffers[i].bytes == bytes)
			return buffers[i].mapped;
	}
	if (buffer_count == ARRAY_SIZE(buffers) ||
		!memory_map_is_firmware(boot_info, address, bytes) ||
		space_map_device(hpa(address), bytes, &mapped) != VMK_OK)
		return NULL;
	buffers[buffer_count].address = address;
	buffers[buffer_count].bytes = bytes;
	buffers[buffer_count].mapped = mapped;
	return buffers[buffer_count++].mapped;
}

const struct crb_ops edge_crb_ops = {
	.read32 = crb_read32,
	.write32 = crb_write32,
	.map = crb_map,
	.now_ms = now_ms,
	.delay = delay,
};

void edge_pause(void)
{
	wait_us(PAUSE_US);
}

enum vmk_status edge_map_tpm(void **device)
{
	volatile void *mapped;
	enum vmk_status status = space_map_device(hpa(TPM_BASE), TPM_BYTES, &mapped);

	if (status == VMK_OK)
		*device = (void *)mapped;
	return status;
}

static const char *copy_heap(uint64_t base, uint64_t bytes, uint8_t **copy)
{
	volatile void *mapped;
	const volatile uint64_t *from;
	uint64_t *to;

	if (!txt_heap_possible(base, bytes))
		return "the TXT heap's registers make no sense";
	*copy = heap_alloc(bytes);
	if (!*copy)
		return "no memory for a copy of the TXT heap";
	if (space_map_device(hpa(base), bytes, &mapped) != VMK_OK) {
		heap_free(*copy);
		return "the TXT heap cannot be mapped";
	}
	from = mapped;
	to = (uint64_t *)*copy;
	for (size_t i = 0; i < bytes / sizeof(*from); i++)
		to[i] = from[i];
	space_unmap_device(mapped, bytes);
	return NULL;
}

static void copy_dmar(struct verdict_facts *facts, const uint8_t *copy, const struct txtheap *heap)
{
	size_t offset, bytes;
	uint8_t *dmar;

	if (!txtheap_find_dmar(copy, heap, &offset, &bytes))
		return;
	dmar = heap_alloc(bytes);
	if (!dmar)
		return;
	memcpy(dmar, copy + offset, bytes);
	facts->dmar = dmar;
	facts->dmar_bytes = bytes;
}

/* Parsed from a copy, so that nothing changes between check and use. */
static void read_log(struct verdict_facts *facts, uint64_t base, uint64_t bytes)
{
	struct txtheap heap;
	uint8_t *copy = NULL, *log;

	facts->log_why = copy_heap(base, bytes, &copy);
	if (facts->log_why)
		return;
	if (txtheap_parse(copy, bytes, base, &heap, &facts->log_why) == VMK_OK) {
		log = heap_alloc(heap.log_bytes ? heap.log_bytes : 1);
		facts->log_why = log ? NULL : "no memory for the event log";
		if (log)
			memcpy(log, copy + heap.log_offset, heap.log_bytes);
		facts->log = log;
		facts->log_bytes = log ? heap.log_bytes : 0;
		copy_dmar(facts, copy, &heap);
	}
	heap_free(copy);
}

void edge_read_txt(struct verdict_facts *facts)
{
	volatile void *txt;
	uint64_t id, heap_base = 0, heap_bytes = 0;

	facts->log_why = "no TXT registers";
	if (space_map_device(hpa(TXT_PUBLIC), TXT_BYTES, &txt) != VMK_OK)
		return;
	id = txt_read(txt, TXT_DIDVID);
	facts->txt = id != 0 && (uint32_t)id != UINT32_MAX;
	if (facts->txt) {
		facts->sts = txt_read(txt, TXT_STS);
		facts->ests = txt_read(txt, TXT_ESTS);
		facts->errorcode = (uint32_t)txt_read(txt, TXT_ERRORCODE);
		facts->e2sts = txt_read(txt, TXT_E2STS);
		heap_base = txt_read(txt, TXT_HEAP_BASE);
		heap_bytes = txt_read(txt, TXT_HEAP_SIZE);
	}
	space_unmap_device(txt, TXT_BYTES);
	if (!facts->txt)
		return;
	/* Without a launch the heap holds whatever an earlier one, or nobody, left in it. */
	facts->log_why = "TXT.STS says that there was no launch";
	if (facts->sts & TXT_STS_SENTER_DONE)
		read_log(facts, heap_base, heap_bytes);
}

static bool log_begins(const volatile uint8_t *from)
{
	uint8_t header[FWLOG_HEADER];

	for (size_t i = 0; i < sizeof(header); i++)
		header[i] = from[i];
	return fwlog_begins(header);
}

/* A copy, parsed as one: nothing changes between check and use. */
static void copy_log(const volatile uint8_t *from, size_t area, struct srtm_facts *facts)
{
	uint8_t *copy;

	area = MIN(area, FWLOG_BYTES_MAX);
	copy = heap_alloc(area);
	if (!copy) {
		facts->log_why = "no memory for a copy of the firmware's event log";
		return;
	}
	for (size_t i = 0; i < area; i++)
		copy[i] = from[i];
	if (fwlog_measure(copy, area, &facts->log_bytes, &facts->log_why) == VMK_OK)
		facts->log = copy;
	else
		heap_free(copy);
}

/* Firmware allocates a log's area in whole pages. *skip counts logs that are passed over. */
static void search_area(uint64_t start, uint64_t bytes, unsigned *skip, struct srtm_facts *facts)
{
	volatile void *mapped;

	bytes = ALIGN_DOWN(MIN(bytes, SEARCH_BYTES_MAX), PAGE_SIZE);
	if (start % PAGE_SIZE || bytes == 0 ||
		space_map_device(hpa(start), bytes, &mapped) != VMK_OK)
		return;
	for (uint64_t at = 0; at < bytes && !facts->log; at += PAGE_SIZE) {
		const volatile uint8_t *here = (const volatile uint8_t *)mapped + at;

		if (!log_begins(here))
			continue;
		if (*skip == 0)
			copy_log(here, bytes - at, facts);
		else
			(*skip)--;
	}
	space_unmap_device(mapped, bytes);
}

bool edge_read_firmware_log(
	const struct boot_info *info, unsigned candidate, struct srtm_facts *facts)
{
	facts->log = NULL;
	facts->log_why = "no event log in the firmware's memory";
	search_area(info->tpm2.log.v, info->tpm2.log_bytes, &candidate, facts);
	for (unsigned i = 0; i < info->memory_count && !facts->log; i++) {
		const struct boot_memory *m = &info->memory[i];

		if (m->type == BOOT_MEMORY_ACPI_NVS && m->start.v >= LOW_MEMORY_END)
			search_area(m->start.v, m->bytes, &candidate, facts);
	}
	return facts->log != NULL;
}

void edge_hash_module(const struct boot_info *info, unsigned module, uint8_t sha256[32])
{
	const struct boot_module *m = &info->modules[module];

	hash_sha256(direct_map(m->start), m->bytes, sha256);
}
