/* Configuration mechanism 1: an address register and a data register, hence a lock. */
#include "arch/x86/cpu.h"
#include "lib/lock.h"
#include "vmkdev/pci.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  0x80000000u

static struct spinlock config_lock = SPINLOCK(LOCK_DEVICE);

static uint32_t config_address(struct pci_address a, unsigned offset)
{
	return CONFIG_ENABLE | (uint32_t)a.bus << 16 | (a.slot & 31u) << 11 |
	       (a.function & 7u) << 8 | (offset & 0xfc);
}

static uint32_t mechanism1_read(void *context, struct pci_address address, unsigned offset)
{
	uint64_t flags = spin_lock(&config_lock);
	uint32_t value;

	outl(CONFIG_ADDRESS, config_address(address, offset));
	value = inl(CONFIG_DATA);
	spin_unlock(&config_lock, flags);
	return value;
}

static void mechanism1_write(
	void *context, struct pci_address address, unsigned offset, uint32_t value)
{
	uint64_t flags = spin_lock(&config_lock);

	outl(CONFIG_ADDRESS, config_address(address, offset));
	outl(CONFIG_DATA, value);
	spin_unlock(&config_lock, flags);
}

const struct pci_ops pci_mechanism1 = {mechanism1_read, mechanism1_write};
