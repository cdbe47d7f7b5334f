/* Device interrupts: IOAPIC routing (82093AA data sheet; ACPI 6.5, 5.2.12). */
#include "arch/x86/irq.h"
#include "arch/x86/cpu.h"
#include "arch/x86/ioapic.h"
#include "arch/x86/percpu.h"
#include "arch/x86/trap.h"
#include "boot/image.h"
#include "boot/boot_info.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "mem/space.h"

#define LOG_MODULE  "Irq"
#define IOAPICS_MAX 16

/* Indirect registers. */
#define IOREGSEL       0
#define IOWIN          4 /* in 32-bit words: byte offset 0x10 */
#define IOAPIC_VERSION 1
#define IOAPIC_TABLE   0x10
#define ENTRY_MASKED   0x10000u
#define ENTRY_LEVEL    0x8000u
#define ENTRY_LOW      0x2000u

/* MPS INTI flags: ACPI 6.5, table 5.26. */
#define INTI_POLARITY 0x3
#define INTI_TRIGGER  0xc
#define INTI_LOW      0x3
#define INTI_LEVEL    0xc

static SEALED struct {
	volatile uint32_t *registers;
	uint32_t gsi_base, inputs;
} ioapics[IOAPICS_MAX];
static SEALED unsigned ioapic_count;

/* Guarded by `lock`, but read by the dispatcher: a slot is filled before its vector is routed. */
static struct {
	irq_handler handler;
	void *argument;
	uint32_t gsi;
} slots[VECTOR_DEVICE_LAST - VECTOR_DEVICE_FIRST + 1];
static struct spinlock lock = SPINLOCK(LOCK_IRQ);

static uint32_t read_ioapic(unsigned i, uint32_t index)
{
	ioapics[i].registers[IOREGSEL] = index;
	return ioapics[i].registers[IOWIN];
}

static void write_ioapic(unsigned i, uint32_t index, uint32_t v)
{
	ioapics[i].registers[IOREGSEL] = index;
	ioapics[i].registers[IOWIN] = v;
}

/* The old interrupt controllers: out of the way of exceptions, then silent. */
static void mask_8259(void)
{
	outb(0x20, 0x11);
	outb(0xa0, 0x11);
	outb(0x21, 0x20);
	outb(0xa1, 0x28);
	outb(0x21, 4);
	outb(0xa1, 2);
	outb(0x21, 1);
	outb(0xa1, 1);
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
}

void ioapic_init(void)
{
	mask_8259();
	for (unsigned i = 0; i < boot_info->ioapic_count && i < IOAPICS_MAX; i++) {
		volatile void *mapped;

		if (space_map_device(boot_info->ioapics[i].base, PAGE_SIZE, &mapped) != VMK_OK) {
			vmk_error("cannot map IOAPIC %u", i);
			continue;
		}
		ioapics[ioapic_count].registers = mapped;
		ioapics[ioapic_count].gsi_base = boot_info->ioapics[i].gsi_base;
		ioapics[ioapic_count].inputs =
			(read_ioapic(ioapic_count, IOAPIC_VERSION) >> 16 & 0xff) + 1;
		for (uint32_t n = 0; n < ioapics[ioapic_count].inputs; n++)
			write_ioapic(ioapic_count, IOAPIC_TABLE + 2 * n, ENTRY_MASKED);
		vmk_log("IOAPIC %u: GSI %u to %u", ioapic_count, ioapics[ioapic_count].gsi_base,
			ioapics[ioapic_count].gsi_base + ioapics[ioapic_count].inputs - 1);
		ioapic_count++;
	}
	if (!ioapic_count)
		vmk_warn("no IOAPIC: devices cannot interrupt");
}

static bool route(uint32_t gsi, uint32_t low, uint32_t high)
{
	for (unsigned i = 0; i < ioapic_count; i++) {
		uint32_t input = gsi - ioapics[i].gsi_base;

		if (gsi < ioapics[i].gsi_base || input >= ioapics[i].inputs)
			continue;
		write_ioapic(i, IOAPIC_TABLE + 2 * input, ENTRY_MASKED);
		write_ioapic(i, IOAPIC_TABLE + 2 * input + 1, high);
		write_ioapic(i, IOAPIC_TABLE + 2 * input, low);
		return true;
	}
	return false;
}

static void dispatch(struct trap_frame *frame)
{
	unsigned slot = (unsigned)frame->vector - VECTOR_DEVICE_FIRST;
	irq_handler handler = __atomic_load_n(&slots[slot].handler, __ATOMIC_ACQUIRE);

	if (handler)
		handler(slots[slot].argument);
}

enum vmk_status irq_attach_gsi(
	uint32_t gsi, int level_triggered, int active_low, irq_handler handler, void *argument)
{
	uint64_t saved = spin_lock(&lock);
	enum vmk_status status = VMK_NO_RESOURCES;
	unsigned slot, free = ARRAY_SIZE(slots);

	for (slot = 0; slot < ARRAY_SIZE(slots); slot++) {
		if (slots[slot].handler && slots[slot].gsi == gsi)
			status = VMK_EXISTS;
		if (!slots[slot].handler && slot < free)
			free = slot;
	}
	if (status == VMK_NO_RESOURCES && free < ARRAY_SIZE(slots)) {
		unsigned vector = VECTOR_DEVICE_FIRST + free;

		slots[free].argument = argument;
		slots[free].gsi = gsi;
		__atomic_store_n(&slots[free].handler, handler, __ATOMIC_RELEASE);
		trap_set_handler(vector, dispatch);
		status = route(gsi,
				 vector | (level_triggered ? ENTRY_LEVEL : 0) |
					 (active_low ? ENTRY_LOW : 0),
				 percpu_of(0)->apic_id << 24)
				 ? VMK_OK
				 : VMK_NOT_FOUND;
		if (status != VMK_OK)
			__atomic_store_n(&slots[free].handler, NULL, __ATOMIC_RELEASE);
	}
	spin_unlock(&lock, saved);
	return status;
}

void irq_detach_gsi(uint32_t gsi)
{
	uint64_t saved = spin_lock(&lock);

	route(gsi, ENTRY_MASKED, 0);
	for (unsigned slot = 0; slot < ARRAY_SIZE(slots); slot++)
		if (slots[slot].handler && slots[slot].gsi == gsi)
			__atomic_store_n(&slots[slot].handler, NULL, __ATOMIC_RELEASE);
	spin_unlock(&lock, saved);
}

uint32_t irq_isa_gsi(unsigned irq, int *level_triggered, int *active_low)
{
	*level_triggered = *active_low = 0; /* the ISA bus: edge, high */
	for (unsigned i = 0; i < boot_info->override_count; i++) {
		const struct boot_irq_override *o = &boot_info->overrides[i];

		if (o->irq != irq)
			continue;
		*level_triggered = (o->flags & INTI_TRIGGER) == INTI_LEVEL;
		*active_low = (o->flags & INTI_POLARITY) == INTI_LOW;
		return o->gsi;
	}
	return irq;
}
