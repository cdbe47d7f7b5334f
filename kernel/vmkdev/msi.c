#include "vmkdev/msi.h"

/* Message control is the upper half of a capability's first double word (6.8.1.3, 6.8.2.3). */
#define MSI_ENABLE          (1u << 16)
#define MSI_MULTIPLE        (7u << 20) /* how many vectors are enabled: 0 is one */
#define MSI_WIDE            (1u << 23)
#define MSI_MASKS           (1u << 24)
#define MSIX_ENABLE         (1u << 31)
#define MSIX_MASK_ALL       (1u << 30)
#define MSIX_COUNT(control) (((control) >> 16 & 0x7ffu) + 1u)
#define MSIX_BAR            7u

/* A table entry's double words (6.8.2.6 to 6.8.2.9). */
enum { ENTRY_ADDRESS, ENTRY_ADDRESS_HIGH, ENTRY_DATA, ENTRY_CONTROL, ENTRY_WORDS };
#define ENTRY_MASKED 1u

void msi_find(const struct pci_ops *ops, void *context, const struct pci_function *function,
	struct msi *msi)
{
	unsigned at = pci_capability(ops, context, function->address, PCI_CAP_MSI);
	uint32_t control;

	*msi = (struct msi){0};
	if (!at || at > PCI_CONFIG_BYTES - 24)
		return;
	control = ops->read(context, function->address, at);
	*msi = (struct msi){at, control & MSI_WIDE, control & MSI_MASKS};
}

void msix_find(const struct pci_ops *ops, void *context, const struct pci_function *function,
	struct msix *msix)
{
	unsigned at = pci_capability(ops, context, function->address, PCI_CAP_MSIX);
	const struct pci_bar *bar;
	uint32_t table;
	struct msix found;

	*msix = (struct msix){0};
	if (!at || at > PCI_CONFIG_BYTES - 12)
		return;
	table = ops->read(context, function->address, at + 4);
	found = (struct msix){at, MSIX_COUNT(ops->read(context, function->address, at)),
		table & MSIX_BAR, table & ~MSIX_BAR};
	if (found.bar >= PCI_BARS)
		return;
	bar = &function->bars[found.bar];
	if (bar->is_io || found.offset > bar->bytes ||
		found.vectors * MSIX_ENTRY_BYTES > bar->bytes - found.offset)
		return;
	*msix = found;
}

/* Sets and clears bits of a capability's control word. */
static void control(const struct pci_ops *ops, void *context, const struct pci_function *function,
	unsigned at, uint32_t set, uint32_t clear)
{
	uint32_t word = ops->read(context, function->address, at);

	ops->write(context, function->address, at, (word & ~clear) | set);
}

enum vmk_status msi_enable(const struct pci_ops *ops, void *context,
	const struct pci_function *function, const struct msi *msi, uint64_t address, uint32_t data)
{
	unsigned at = msi->at;

	if (!msi->wide && address >> 32)
		return VMK_UNSUPPORTED;
	msi_disable(ops, context, function, msi);
	ops->write(context, function->address, at + 4, (uint32_t)address);
	if (msi->wide)
		ops->write(context, function->address, at + 8, (uint32_t)(address >> 32));
	ops->write(context, function->address, at + (msi->wide ? 12 : 8), data & 0xffff);
	if (msi->masks)
		ops->write(context, function->address, at + (msi->wide ? 16 : 12), 0);
	pci_mask_intx(ops, context, function);
	control(ops, context, function, at, MSI_ENABLE, MSI_MULTIPLE);
	return VMK_OK;
}

void msi_disable(const struct pci_ops *ops, void *context, const struct pci_function *function,
	const struct msi *msi)
{
	control(ops, context, function, msi->at, 0, MSI_ENABLE | MSI_MULTIPLE);
}

/* The table can be written only while MSI-X is on; what firmware left in it is masked first. */
void msix_enable(const struct pci_ops *ops, void *context, const struct pci_function *function,
	const struct msix *msix, volatile uint32_t *table)
{
	control(ops, context, function, msix->at, MSIX_ENABLE | MSIX_MASK_ALL, 0);
	for (unsigned i = 0; i < msix->vectors; i++)
		table[i * ENTRY_WORDS + ENTRY_CONTROL] = ENTRY_MASKED;
	pci_mask_intx(ops, context, function);
	control(ops, context, function, msix->at, 0, MSIX_MASK_ALL);
}

void msix_set(volatile uint32_t *table, unsigned vector, uint64_t address, uint32_t data)
{
	volatile uint32_t *entry = table + vector * ENTRY_WORDS;

	entry[ENTRY_CONTROL] = ENTRY_MASKED;
	entry[ENTRY_ADDRESS] = (uint32_t)address;
	entry[ENTRY_ADDRESS_HIGH] = (uint32_t)(address >> 32);
	entry[ENTRY_DATA] = data;
	entry[ENTRY_CONTROL] = 0;
}

void msix_disable(const struct pci_ops *ops, void *context, const struct pci_function *function,
	const struct msix *msix)
{
	control(ops, context, function, msix->at, MSIX_MASK_ALL, MSIX_ENABLE);
}
