/* What the platform maps into Bochs' physical memory, and its way to guest RAM. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tboot-integration/txtsim/bochs/bochs_abi.h"
#include "tboot-integration/txtsim/bochs/plugin.h"
#include "tboot-integration/txtsim/model/acpi.h"
#include "tboot-integration/txtsim/model/bytes.h"

#define PAGE        4096u
#define MMIO_BEGIN  TXT_PRIVATE_BASE
#define MMIO_END    0xfed4ffffu
#define LEGACY_HOLE 0xa0000u
#define ONE_MIB     0x100000u
#define FOUR_GIB    0x100000000ull

#define PCI_ADDRESS 0xcf8u
#define PCI_DATA    0xcfcu

static bool mmio_read(unsigned long pa, unsigned size, void *data, void *param)
{
	uint64_t value = ~0ull;
	uint8_t raw[8];

	if (pa >= TIS_BASE && pa < TIS_BASE + TIS_SIZE)
		value = tis_read(&edge.tis, (uint32_t)pa, size);
	else if (pa < TIS_BASE && edge.txt_enabled)
		value = txt_read(&edge.txt, (uint32_t)pa, size);
	put_le64(raw, value);
	memset(data, 0xff, size);
	memcpy(data, raw, size < sizeof(raw) ? size : sizeof(raw));
	return true;
}

static bool mmio_write(unsigned long pa, unsigned size, void *data, void *param)
{
	uint8_t raw[8] = {0};

	if (size > sizeof(raw))
		return true;
	memcpy(raw, data, size);
	if (pa >= TIS_BASE && pa < TIS_BASE + TIS_SIZE)
		tis_write(&edge.tis, (uint32_t)pa, le64(raw), size);
	else if (pa < TIS_BASE && edge.txt_enabled)
		txt_write(&edge.txt, (uint32_t)pa, le64(raw), size);
	return true;
}

static bool heap_read(unsigned long pa, unsigned size, void *data, void *param)
{
	memcpy(data, edge.txt.mem + (pa - TXT_MEM_BASE), size);
	return true;
}

static bool heap_write(unsigned long pa, unsigned size, void *data, void *param)
{
	memcpy(edge.txt.mem + (pa - TXT_MEM_BASE), data, size);
	return true;
}

static uint8_t *heap_direct(unsigned long pa, unsigned rw, void *param)
{
	return edge.txt.mem + (pa - TXT_MEM_BASE);
}

/* One configuration access through mechanism 1; the board has no other. */
static uint32_t pci_config(uint32_t at, unsigned size, uint32_t value, bool write)
{
	uint32_t saved = bx_inp(bx_devices, PCI_ADDRESS, 4);
	uint16_t port = (uint16_t)(PCI_DATA + at % 4);

	if (at % 4096 > 255)
		return ~0u;
	bx_outp(bx_devices, PCI_ADDRESS, 1u << 31 | at / 4096 << 8 | (at & 0xfc), 4);
	if (write)
		bx_outp(bx_devices, port, value, size);
	else
		value = bx_inp(bx_devices, port, size);
	bx_outp(bx_devices, PCI_ADDRESS, saved, 4);
	return value;
}

static bool ecam_read(unsigned long pa, unsigned size, void *data, void *param)
{
	for (unsigned i = 0; i < size; i += 4) {
		unsigned n = size - i < 4 ? size - i : 4;
		uint8_t raw[4];

		put_le32(raw, pci_config((uint32_t)(pa + i - TXT_ECAM_BASE), n, 0, false));
		memcpy((uint8_t *)data + i, raw, n);
	}
	return true;
}

static bool ecam_write(unsigned long pa, unsigned size, void *data, void *param)
{
	for (unsigned i = 0; i < size; i += 4) {
		unsigned n = size - i < 4 ? size - i : 4;
		uint8_t raw[4] = {0};

		memcpy(raw, (uint8_t *)data + i, n);
		pci_config((uint32_t)(pa + i - TXT_ECAM_BASE), n, le32(raw), true);
	}
	return true;
}

void memory_init(void)
{
	if (!bx_register_memory(NULL, mmio_read, mmio_write, NULL, MMIO_BEGIN, MMIO_END) ||
		!bx_register_memory(edge.txt.mem, heap_read, heap_write, heap_direct, TXT_MEM_BASE,
			TXT_MEM_BASE + TXT_MEM_SIZE - 1) ||
		!bx_register_memory(NULL, ecam_read, ecam_write, NULL, TXT_ECAM_BASE,
			TXT_ECAM_BASE + TXT_ECAM_SIZE - 1))
		edge_die("Bochs refuses a memory range: is another device there?");
}

bool memory_read(void *ctx, uint64_t pa, void *to, size_t size)
{
	uint8_t *p = to;

	while (size) {
		size_t n = PAGE - pa % PAGE;

		if (n > size)
			n = size;
		bx_read_physical(bx_cpu_array[0], pa, (unsigned)n, p);
		p += n;
		pa += n;
		size -= n;
	}
	return true;
}

static void scrub(uint64_t from, uint64_t to)
{
	for (uint64_t pa = from; pa < to; pa += PAGE) {
		uint8_t *page = bx_host_address(bx_cpu_array[0], pa, BX_WRITE);

		if (page)
			memset(page, 0, PAGE);
	}
}

void memory_scrub(void *ctx)
{
	const struct txt_config *config = &edge.txt.config;

	scrub(0, LEGACY_HOLE);
	scrub(ONE_MIB, config->ram_below_4g);
	scrub(FOUR_GIB, FOUR_GIB + config->ram_above_4g);
	bx_flush_icaches();
}

/* Through the host's addresses, as nothing else may notice. */
void memory_dump(const char *path)
{
	static const uint8_t nothing[PAGE];
	const char *size = getenv("TXTSIM_MEMORY_MB");
	const uint64_t bytes = (size ? strtoull(size, NULL, 10) : 0) * ONE_MIB;
	FILE *file = fopen(path, "w");
	bool good = file != NULL;

	for (uint64_t pa = 0; good && pa < bytes; pa += PAGE) {
		const bool is_ram = pa < LEGACY_HOLE || pa >= ONE_MIB;
		const uint8_t *page =
			is_ram ? bx_host_address(bx_cpu_array[0], pa, BX_READ) : nothing;

		good = fwrite(page ? page : nothing, PAGE, 1, file) == 1;
	}
	if (!good || fclose(file) != 0)
		edge_die("cannot write %s", path);
}

static uint32_t cmos(uint32_t index)
{
	bx_outp(bx_devices, 0x70, index, 1);
	return bx_inp(bx_devices, 0x71, 1) & 0xff;
}

/* The shutdown status with which the firmware goes to the waking vector. */
bool memory_kept(void)
{
	return cmos(0xf) == 0xfe;
}

void memory_find_ram(void)
{
	/* 64 KiB units above 16 MiB, and above 4 GiB */
	edge.txt.config.ram_below_4g =
		(16ull << 20) + ((uint64_t)(cmos(0x35) << 8 | cmos(0x34)) << 16);
	edge.txt.config.ram_above_4g = (uint64_t)(cmos(0x5d) << 16 | cmos(0x5c) << 8 | cmos(0x5b))
				       << 16;
}
