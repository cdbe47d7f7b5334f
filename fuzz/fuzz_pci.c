/* sources: kernel/vmkdev/pci.c kernel/vmkdev/msi.c kernel/vmkdev/pci_acs.c */
/* quiet: tests/unit/shim/panic.c */
/*
 * Configuration space that answers anything: every walk ends, a sized BAR makes sense, and so does
 * an MSI-X table. Where the first byte is 0xff, it is a bridge and a device that keep what is
 * written, changed by patches of six bytes: {u8 function and kind, u16 word, three of a value};
 * else each read takes four bytes of the input.
 */
#include <stdint.h>
#include <string.h>

#include "lib/panic.h"
#include "vmkdev/msi.h"

#define MACHINE     0xffu
#define DEVICES     2u /* 00:00.0 a bridge, 01:00.0 behind it */
#define FOUND_MAX   3u
#define SPACE_WORDS 1024u
#define REQUIRE(it) ((it) ? (void)0 : panic("pci: not so: %s", #it))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *input;
static size_t input_size, input_at;
static bool machine;
static struct {
	uint32_t words[SPACE_WORDS], fixed[SPACE_WORDS]; /* bits that nobody can change */
} devices[DEVICES];
static uint32_t table[MSIX_VECTORS_MAX * MSIX_ENTRY_BYTES / 4];

static int device_at(struct pci_address a)
{
	return a.slot || a.function || a.bus > 1 ? -1 : a.bus;
}

static uint32_t next_word(void)
{
	uint32_t word = 0;

	if (input_at >= input_size)
		return ~0u;
	for (unsigned i = 0; i < 4; i++)
		word = word << 8 | (input_at < input_size ? input[input_at++] : 0);
	return word;
}

static uint32_t read_word(void *context, struct pci_address address, unsigned offset)
{
	REQUIRE(address.slot < 32 && address.function < 8 && offset < 4096 && offset % 4 == 0);
	if (!machine)
		return next_word();
	return device_at(address) < 0 ? ~0u : devices[device_at(address)].words[offset / 4];
}

static void write_word(void *context, struct pci_address address, unsigned offset, uint32_t value)
{
	REQUIRE(address.slot < 32 && address.function < 8 && offset < 4096 && offset % 4 == 0);
	if (machine && device_at(address) >= 0) {
		uint32_t *word = &devices[device_at(address)].words[offset / 4];
		const uint32_t fixed = devices[device_at(address)].fixed[offset / 4];

		*word = (*word & fixed) | (value & ~fixed);
	}
}

static const struct pci_ops ops = {read_word, write_word};

/* --- */

static void check_msix(const struct pci_function *f)
{
	struct msix msix;

	msix_find(&ops, NULL, f, &msix);
	if (!msix.at)
		return;
	REQUIRE(msix.bar < PCI_BARS && msix.vectors <= MSIX_VECTORS_MAX);
	REQUIRE((uint64_t)msix.offset + msix.vectors * MSIX_ENTRY_BYTES <= f->bars[msix.bar].bytes);
	memset(table, 0, sizeof(table));
	msix_enable(&ops, NULL, f, &msix, table);
	for (unsigned i = 0; i < MSIX_VECTORS_MAX; i++)
		REQUIRE((table[4 * i + 3] & 1) == (i < msix.vectors));
	msix_set(table, msix.vectors - 1, 0x1fee00000, 0x31);
	REQUIRE(table[4 * msix.vectors - 4] == 0xfee00000 && table[4 * msix.vectors - 3] == 1);
	REQUIRE(table[4 * msix.vectors - 2] == 0x31 && table[4 * msix.vectors - 1] == 0);
	msix_disable(&ops, NULL, f, &msix);
}

static void check_interrupts(const struct pci_function *f)
{
	struct msi msi;

	check_msix(f);
	msi_find(&ops, NULL, f, &msi);
	if (msi.at) {
		REQUIRE((msi_enable(&ops, NULL, f, &msi, 0x1fee00000, 0x30) == VMK_OK) == msi.wide);
		msi_enable(&ops, NULL, f, &msi, 0xfee00000, 0x30);
	}
	pci_isolate(&ops, NULL, f);
}

static void check_bars(const struct pci_function *f)
{
	for (unsigned b = 0; b < PCI_BARS; b++) {
		const struct pci_bar *bar = &f->bars[b];

		REQUIRE(!(bar->bytes & (bar->bytes - 1)));
		REQUIRE(!bar->bytes || (bar->address % bar->bytes == 0 &&
					       bar->address + (bar->bytes - 1) >= bar->address));
	}
}

static void check_switches(const struct pci_function *f)
{
	char name[16];
	const bool on = pci_enable(&ops, NULL, f) == VMK_OK;

	if (machine)
		REQUIRE(!on || (devices[device_at(f->address)].words[1] & 6) == 6);
	pci_enable_ports(&ops, NULL, f);
	pci_disable(&ops, NULL, f);
	REQUIRE(pci_name(f->address, name, sizeof(name)) == 11);
}

static void examine(struct pci_function *f)
{
	check_switches(f);
	if (pci_size_bars(&ops, NULL, f) != VMK_OK)
		return;
	check_bars(f);
	check_interrupts(f);
}

/* --- */

static void set(unsigned device, unsigned offset, uint32_t word, uint32_t fixed)
{
	devices[device].words[offset / 4] = word;
	devices[device].fixed[offset / 4] = fixed;
}

/* Capabilities at 0x40 (MSI), 0x60 (MSI-X) and 0x80 (PCI Express), ACS at 0x100. */
static void make_machine(void)
{
	memset(devices, 0, sizeof(devices));
	for (unsigned i = 0; i < DEVICES; i++) {
		set(i, 0x00, 0x10d38086, ~0u);
		set(i, 0x04, 0x00100000, 0xfffff8f8);
		set(i, 0x0c, i ? 0 : 1u << 16, ~0u);
		set(i, 0x34, 0x40, ~0u);
		set(i, 0x40, 0x01806005, 0xff8effff);
		set(i, 0x60, 0x00048011, 0x3fffffff);
		set(i, 0x64, 0, ~0u);
		set(i, 0x80, 0x00020010, ~0u);
		set(i, 0x100, 0x0001000d, ~0u);
		set(i, 0x104, 0x0000001f, 0x0000ffff);
	}
	set(0, 0x18, 0x00010100, ~0u);
	set(1, 0x10, 0xfebc0000, 0x1ffff);
	set(1, 0x14, 0x0000c001, 0xffff001f);
	set(1, 0x18, 0xfebe000c, 0x3fff);
	set(1, 0x1c, 0x00000000, 0x0);
	set(1, 0x20, 0xfebd0000, 0x3fff);
}

/* The value goes to the upper or lower bytes of a word, or of what is fixed in it. */
static void patch(const uint8_t d[6])
{
	const unsigned device = d[0] & 1, word = (d[1] | d[2] << 8) % SPACE_WORDS;
	const uint32_t value = (uint32_t)(d[3] | d[4] << 8 | d[5] << 16) << (d[0] & 4 ? 8 : 0);

	if (d[0] & 2)
		devices[device].fixed[word] ^= value;
	else
		devices[device].words[word] ^= value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pci_function found[FOUND_MAX];
	unsigned count;

	machine = size && data[0] == MACHINE;
	input = data;
	input_size = size;
	input_at = 0;
	if (machine) {
		make_machine();
		for (size_t i = 1; i + 6 <= size; i += 6)
			patch(data + i);
	}
	count = pci_enumerate(&ops, NULL, found, ARRAY_SIZE(found));
	input_at = 0;
	for (unsigned i = 0; i < MIN(count, ARRAY_SIZE(found)); i++)
		examine(&found[i]);
	return 0;
}
