/* sources: kernel/vmkdev/pci.c kernel/vmkdev/msi.c kernel/vmkdev/pci_acs.c */
/* Configuration space that answers anything: every walk ends, a sized BAR makes sense, and so does
 * an MSI-X table. */
#include <stdint.h>
#include <stdlib.h>

#include "vmkdev/msi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *input;
static size_t input_size, input_at;

static uint32_t read_word(void *context, struct pci_address address, unsigned offset)
{
	uint32_t word = 0;

	if (address.slot >= 32 || address.function >= 8 || offset >= 4096 || offset % 4)
		abort();
	if (input_at >= input_size)
		return ~0u;
	for (unsigned i = 0; i < 4; i++)
		word = word << 8 | (input_at < input_size ? input[input_at++] : 0);
	return word;
}

static void write_word(void *context, struct pci_address address, unsigned offset, uint32_t value)
{
}

static void check_interrupts(const struct pci_ops *ops, const struct pci_function *f)
{
	struct msix msix;
	struct msi msi;

	msix_find(ops, NULL, f, &msix);
	if (msix.at && (msix.bar >= PCI_BARS || msix.vectors > MSIX_VECTORS_MAX ||
			       (uint64_t)msix.offset + msix.vectors * MSIX_ENTRY_BYTES >
				       f->bars[msix.bar].bytes))
		abort();
	if (msix.at)
		msix_disable(ops, NULL, f, &msix);
	msi_find(ops, NULL, f, &msi);
	if (msi.at)
		msi_enable(ops, NULL, f, &msi, 0xfee00000, 0x30);
	pci_isolate(ops, NULL, f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pci_ops ops = {read_word, write_word};
	static struct pci_function found[64];
	unsigned count;

	input = data;
	input_size = size;
	input_at = 0;
	count = pci_enumerate(&ops, NULL, found, ARRAY_SIZE(found));
	input_at = 0;
	for (unsigned i = 0; i < MIN(count, ARRAY_SIZE(found)); i++) {
		if (pci_size_bars(&ops, NULL, &found[i]) != VMK_OK)
			continue;
		for (unsigned b = 0; b < PCI_BARS; b++) {
			const struct pci_bar *bar = &found[i].bars[b];

			if (bar->bytes & (bar->bytes - 1))
				abort();
			if (bar->bytes && (bar->address % bar->bytes ||
						  bar->address + (bar->bytes - 1) < bar->address))
				abort();
		}
		check_interrupts(&ops, &found[i]);
	}
	return 0;
}
