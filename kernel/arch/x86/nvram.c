#include "arch/x86/nvram.h"
#include "arch/x86/cpu.h"
#include "lib/lock.h"

#define NVRAM_INDEX 0x70
#define NVRAM_DATA  0x71
#define NMI_OFF     0x80
#define CLOCK_D     0x0d /* the index is left at a register that reading does not change */

static struct spinlock lock = SPINLOCK(LOCK_DEVICE);

uint8_t nvram_read(uint8_t index)
{
	uint64_t saved = spin_lock(&lock);
	uint8_t value;

	outb(NVRAM_INDEX, index | NMI_OFF);
	value = inb(NVRAM_DATA);
	outb(NVRAM_INDEX, CLOCK_D);
	spin_unlock(&lock, saved);
	return value;
}

void nvram_write(uint8_t index, uint8_t value)
{
	uint64_t saved = spin_lock(&lock);

	outb(NVRAM_INDEX, index | NMI_OFF);
	outb(NVRAM_DATA, value);
	outb(NVRAM_INDEX, CLOCK_D);
	spin_unlock(&lock, saved);
}
