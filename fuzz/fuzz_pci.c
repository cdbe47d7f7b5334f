/* sources: kernel/vmkdev/pci.c */
/* Configuration space that answers anything: the walk ends, and a sized BAR makes sense. */
#include <stdint.h>
#include <stdlib.h>

#include "vmkdev/pci.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *input;
static size_t input_size, input_at;

static uint32_t read_word(void *context, struct pci_address address, unsigned offset)
{
	uint32_t word = 0;

	if (address.slot >= 32 || address.function >= 8 || offset >= 256 || offset % 4)
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
	}
	return 0;
}
