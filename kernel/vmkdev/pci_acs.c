#include "vmkdev/pci.h"

/* PCI Express 3.0, sections 7.9.2 (extended capabilities) and 7.16 (access control services). */
#define EXTENDED_FIRST  0x100u
#define EXTENDED_END    0x1000u
#define EXTENDED_MAX    480u   /* as many as fit: 8 bytes is the least */
#define EXTENDED_NEXT   0xffcu /* bits of the offset of the next one */
#define CAPABILITY_ACS  0x000du
#define ACS_SOURCE      (1u << 0) /* validation: a request carries its own bus */
#define ACS_REDIRECT    (1u << 2) /* requests go up to the remapping unit, */
#define ACS_COMPLETIONS (1u << 3) /* and completions too */
#define ACS_UPSTREAM    (1u << 4)
#define ACS_WANTED      (ACS_SOURCE | ACS_REDIRECT | ACS_COMPLETIONS | ACS_UPSTREAM)

_Static_assert(EXTENDED_NEXT < EXTENDED_END, "what a device says stays within its registers");
static unsigned extended_capability(
	const struct pci_ops *ops, void *context, struct pci_address address, uint16_t id)
{
	unsigned at = EXTENDED_FIRST;

	for (unsigned i = 0; i < EXTENDED_MAX && at >= EXTENDED_FIRST; i++) {
		uint32_t header = ops->read(context, address, at);

		if (header == 0 || header == ~0u)
			return 0;
		if ((uint16_t)header == id)
			return at;
		at = header >> 20 & EXTENDED_NEXT;
	}
	return 0;
}

bool pci_isolate(const struct pci_ops *ops, void *context, const struct pci_function *function)
{
	unsigned at;
	uint32_t word;

	if (function->express == PCI_CONVENTIONAL)
		return false;
	at = extended_capability(ops, context, function->address, CAPABILITY_ACS);
	if (!at || at + 4 >= EXTENDED_END)
		return false;
	/* Capabilities in the lower half, control in the upper: only what it has can be set. */
	word = ops->read(context, function->address, at + 4);
	ops->write(context, function->address, at + 4, word | (word & ACS_WANTED) << 16);
	return true;
}
