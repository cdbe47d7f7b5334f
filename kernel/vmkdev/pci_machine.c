/* Configuration space: mechanism 1, an address register and a data register, hence a lock; and for
 * what lies beyond its 256 bytes, memory-mapped (PCI Express 3.0, section 7.2.2). */
#include "arch/x86/cpu.h"
#include "boot/boot_info.h"
#include "lib/lock.h"
#include "mem/space.h"
#include "vmkdev/pci.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  0x80000000u

#define BUSES          256u
#define BUS_BYTES      (1ul << 20)
#define EXTENDED_BYTES 4096u

static struct spinlock config_lock = SPINLOCK(LOCK_DEVICE);
/* A bus is mapped when something of it is first asked for. */
static volatile void *buses[BUSES];

static uint32_t config_address(struct pci_address a, unsigned offset)
{
	return CONFIG_ENABLE | (uint32_t)a.bus << 16 | (a.slot & 31u) << 11 |
	       (a.function & 7u) << 8 | (offset & 0xfc);
}

static volatile uint32_t *extended(struct pci_address a, unsigned offset)
{
	volatile void *bus = __atomic_load_n(&buses[a.bus], __ATOMIC_ACQUIRE);

	if (offset >= EXTENDED_BYTES || !boot_info->ecam.v || a.bus < boot_info->ecam_first_bus ||
		a.bus > boot_info->ecam_last_bus)
		return NULL;
	if (!bus) {
		uint64_t at = boot_info->ecam.v + a.bus * BUS_BYTES;

		if (space_map_device(hpa(at), BUS_BYTES, &bus) != VMK_OK)
			return NULL;
		__atomic_store_n(&buses[a.bus], bus, __ATOMIC_RELEASE);
	}
	return (volatile uint32_t *)((volatile uint8_t *)bus + ((a.slot & 31u) << 15) +
				     ((a.function & 7u) << 12) + (offset & 0xffc));
}

static uint32_t machine_read(void *context, struct pci_address address, unsigned offset)
{
	uint64_t flags = spin_lock(&config_lock);
	volatile uint32_t *at;
	uint32_t value = ~0u;

	if (offset >= PCI_CONFIG_BYTES) {
		at = extended(address, offset);
		value = at ? *at : value;
	} else {
		outl(CONFIG_ADDRESS, config_address(address, offset));
		value = inl(CONFIG_DATA);
	}
	spin_unlock(&config_lock, flags);
	return value;
}

static void machine_write(
	void *context, struct pci_address address, unsigned offset, uint32_t value)
{
	uint64_t flags = spin_lock(&config_lock);
	volatile uint32_t *at;

	if (offset >= PCI_CONFIG_BYTES) {
		at = extended(address, offset);
		if (at)
			*at = value;
	} else {
		outl(CONFIG_ADDRESS, config_address(address, offset));
		outl(CONFIG_DATA, value);
	}
	spin_unlock(&config_lock, flags);
}

const struct pci_ops pci_machine = {machine_read, machine_write};
