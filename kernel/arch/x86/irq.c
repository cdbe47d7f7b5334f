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
#define HIGH_HANDLE(h) (((h) & 0x7fffu) << 17)
#define HIGH_REMAPPED  0x10000u

/* Messages: SDM 3A, 11.11; remappable format: VT-d 4.1, 5.1.2.2. */
#define MESSAGE_BASE       0xfee00000ull
#define MESSAGE_CPU(id)    (((id) & 0xffull) << 12)
#define MESSAGE_CPU_X2(id) ((uint64_t)((id) & 0xffffff00u) << 32)
#define MESSAGE_REMAPPED   0x10u
#define MESSAGE_HANDLE(h)  (((h) & 0x7fffu) << 5)

/* MPS INTI flags: ACPI 6.5, table 5.26. */
#define INTI_POLARITY 0x3
#define INTI_TRIGGER  0xc
#define INTI_LOW      0x3
#define INTI_LEVEL    0xc

#define HANDLERS_MAX  4u         /* that share one line */
#define MESSAGE       UINT32_MAX /* instead of a GSI */

static SEALED struct {
	volatile uint32_t *registers;
	uint32_t gsi_base, inputs;
	uint8_t id;
} ioapics[IOAPICS_MAX];
static SEALED unsigned ioapic_count;
static const struct irq_remap_ops *remap;

/* Guarded by `lock`. */
static struct slot {
	struct {
		irq_handler handler;
		void *argument;
	} handlers[HANDLERS_MAX];
	uint32_t gsi;
	bool used, level, low;
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
		ioapics[ioapic_count].id = boot_info->ioapics[i].id;
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

static bool find_input(uint32_t gsi, unsigned *ioapic, uint32_t *input)
{
	for (unsigned i = 0; i < ioapic_count; i++) {
		*input = gsi - ioapics[i].gsi_base;
		*ioapic = i;
		if (gsi >= ioapics[i].gsi_base && *input < ioapics[i].inputs)
			return true;
	}
	return false;
}

static void write_entry(uint32_t gsi, uint32_t low, uint32_t high)
{
	uint32_t input;
	unsigned i;

	if (!find_input(gsi, &i, &input))
		return;
	write_ioapic(i, IOAPIC_TABLE + 2 * input, ENTRY_MASKED);
	write_ioapic(i, IOAPIC_TABLE + 2 * input + 1, high);
	write_ioapic(i, IOAPIC_TABLE + 2 * input, low);
}

/* Of a copy: a slot that is given back meanwhile on another CPU must not pair a handler with no
 * argument, or with the next owner's. */
static void dispatch(struct trap_frame *frame)
{
	uint64_t saved = spin_lock(&lock);
	struct slot slot = slots[frame->vector - VECTOR_DEVICE_FIRST];

	spin_unlock(&lock, saved);
	for (unsigned i = 0; i < HANDLERS_MAX; i++) {
		if (slot.handlers[i].handler)
			slot.handlers[i].handler(slot.handlers[i].argument);
	}
}

static bool add_handler(struct slot *slot, irq_handler handler, void *argument)
{
	for (unsigned i = 0; i < HANDLERS_MAX; i++) {
		if (slot->handlers[i].handler)
			continue;
		slot->handlers[i].handler = handler;
		slot->handlers[i].argument = argument;
		return true;
	}
	return false;
}

/* A slot of its own for a message or a line's first handler. */
static struct slot *take_slot(
	uint32_t gsi, bool level, bool low, irq_handler handler, void *argument)
{
	for (unsigned i = 0; i < ARRAY_SIZE(slots); i++) {
		if (slots[i].used)
			continue;
		slots[i] = (struct slot){.gsi = gsi, .used = true, .level = level, .low = low};
		add_handler(&slots[i], handler, argument);
		trap_set_handler(VECTOR_DEVICE_FIRST + i, dispatch);
		return &slots[i];
	}
	return NULL;
}

static unsigned index_of(const struct slot *slot)
{
	return (unsigned)(slot - slots);
}

static struct slot *slot_of_gsi(uint32_t gsi)
{
	for (unsigned i = 0; i < ARRAY_SIZE(slots); i++) {
		if (slots[i].used && slots[i].gsi == gsi)
			return &slots[i];
	}
	return NULL;
}

/* The remapper's own lock is below ours in the order, so that it is asked without it. */
static enum vmk_status set_remapped(const struct slot *slot, uint16_t source)
{
	return remap->set(index_of(slot), source, VECTOR_DEVICE_FIRST + index_of(slot),
		percpu_of(0)->apic_id, slot->level);
}

static enum vmk_status route(const struct slot *slot)
{
	uint32_t low = (VECTOR_DEVICE_FIRST + index_of(slot)) | (slot->level ? ENTRY_LEVEL : 0) |
		       (slot->low ? ENTRY_LOW : 0);
	uint32_t high = percpu_of(0)->apic_id << 24, input;
	enum vmk_status status;
	uint16_t source;
	uint64_t saved;
	unsigned i;

	if (!find_input(slot->gsi, &i, &input))
		return VMK_NOT_FOUND;
	if (remap) {
		if (!remap->ioapic_source(ioapics[i].id, &source))
			return VMK_UNSUPPORTED;
		status = set_remapped(slot, source);
		if (status != VMK_OK)
			return status;
		high = HIGH_HANDLE(index_of(slot)) | HIGH_REMAPPED;
	}
	saved = spin_lock(&lock);
	write_entry(slot->gsi, low, high);
	spin_unlock(&lock, saved);
	return VMK_OK;
}

static void give_back(struct slot *slot)
{
	uint64_t saved = spin_lock(&lock);

	*slot = (struct slot){0};
	spin_unlock(&lock, saved);
}

/* VMK_NOT_FOUND: nobody has the line yet. */
static enum vmk_status share(uint32_t gsi, bool level, irq_handler handler, void *argument)
{
	struct slot *slot = slot_of_gsi(gsi);

	if (!slot)
		return VMK_NOT_FOUND;
	if (!slot->level || !level)
		return VMK_EXISTS;
	return add_handler(slot, handler, argument) ? VMK_OK : VMK_NO_RESOURCES;
}

enum vmk_status irq_attach_gsi(
	uint32_t gsi, int level_triggered, int active_low, irq_handler handler, void *argument)
{
	uint64_t saved = spin_lock(&lock);
	enum vmk_status status = share(gsi, level_triggered, handler, argument);
	struct slot *slot = NULL;

	if (status == VMK_NOT_FOUND)
		slot = take_slot(gsi, level_triggered, active_low, handler, argument);
	spin_unlock(&lock, saved);
	if (status != VMK_NOT_FOUND)
		return status;
	if (!slot)
		return VMK_NO_RESOURCES;
	status = route(slot);
	if (status != VMK_OK)
		give_back(slot);
	return status;
}

void irq_detach_gsi(uint32_t gsi, const void *argument)
{
	uint64_t saved = spin_lock(&lock);
	struct slot *slot = slot_of_gsi(gsi);
	bool last = slot != NULL;

	for (unsigned i = 0; slot && i < HANDLERS_MAX; i++) {
		if (slot->handlers[i].handler && slot->handlers[i].argument == argument)
			slot->handlers[i].handler = NULL;
		last &= !slot->handlers[i].handler;
	}
	if (last)
		write_entry(gsi, ENTRY_MASKED, 0);
	spin_unlock(&lock, saved);
	if (last && remap)
		remap->clear(index_of(slot));
	if (last)
		give_back(slot);
}

static struct irq_message direct_message(const struct slot *slot)
{
	uint32_t id = percpu_of(0)->apic_id;

	return (struct irq_message){MESSAGE_BASE | MESSAGE_CPU(id) | MESSAGE_CPU_X2(id),
		VECTOR_DEVICE_FIRST + index_of(slot)};
}

static struct slot *take_message_slot(irq_handler handler, void *argument)
{
	uint64_t saved = spin_lock(&lock);
	struct slot *slot = take_slot(MESSAGE, false, false, handler, argument);

	spin_unlock(&lock, saved);
	return slot;
}

enum vmk_status irq_attach_message(uint16_t source, irq_handler handler, void *argument,
	struct irq_message *message, unsigned *slot)
{
	struct slot *taken = take_message_slot(handler, argument);
	enum vmk_status status = VMK_OK;

	if (!taken)
		return VMK_NO_RESOURCES;
	*slot = index_of(taken);
	*message = direct_message(taken);
	if (!remap)
		return VMK_OK;
	status = set_remapped(taken, source);
	if (status != VMK_OK)
		give_back(taken);
	*message = (struct irq_message){
		MESSAGE_BASE | MESSAGE_REMAPPED | MESSAGE_HANDLE(index_of(taken)), 0};
	return status;
}

enum vmk_status irq_attach_direct(irq_handler handler, void *argument, struct irq_message *message)
{
	struct slot *taken = take_message_slot(handler, argument);

	if (!taken)
		return VMK_NO_RESOURCES;
	*message = direct_message(taken);
	return VMK_OK;
}

void irq_detach_message(unsigned slot)
{
	if (remap)
		remap->clear(slot);
	give_back(&slots[slot]);
}

unsigned irq_slots_used(void)
{
	uint64_t saved = spin_lock(&lock);
	unsigned count = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(slots); i++)
		count += slots[i].used;
	spin_unlock(&lock, saved);
	return count;
}

void irq_remap(const struct irq_remap_ops *ops)
{
	remap = ops;
	for (unsigned i = 0; i < ARRAY_SIZE(slots); i++) {
		if (slots[i].used && slots[i].gsi != MESSAGE && route(&slots[i]) != VMK_OK)
			vmk_error(
				"GSI %u is behind no remapping unit: it is blocked", slots[i].gsi);
	}
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
