/* The IDT and the dispatch of everything that enters through it. */
#include "arch/x86/trap.h"
#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/fault.h"
#include "arch/x86/percpu.h"
#include "arch/x86/tables.h"
#include "boot/image.h"
#include "mem/gate.h"
#include "sched/world.h"

#define LOG_MODULE "Trap"
#define VECTORS    256
#define STUB_BYTES 16

/* SDM 3A, figure 6-8: 64-bit interrupt gate. */
struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};
STATIC_ASSERT_SIZE(struct gate, 16);
#define GATE_INTERRUPT 0x8e

extern char trap_stubs[];
void trap_dispatch(struct trap_frame *frame);

static SEALED struct gate idt[VECTORS] __attribute__((aligned(PAGE_SIZE)));
STATIC_ASSERT_SIZE(idt, PAGE_SIZE);
static void (*handlers[VECTORS])(struct trap_frame *frame);

static void load_idt(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = {sizeof(idt) - 1, (uint64_t)(uintptr_t)idt};

	__asm__ volatile("lidt %0" : : "m"(idtr));
}

static uint8_t ist_of(unsigned vector)
{
	switch (vector) {
	case VECTOR_NMI:
		return IST_NMI;
	case VECTOR_DOUBLE_FAULT:
		return IST_DOUBLE_FAULT;
	case VECTOR_MACHINE_CHECK:
		return IST_MACHINE_CHECK;
	case VECTOR_DEBUG:
		return IST_DEBUG;
	default:
		return 0;
	}
}

void trap_init(void)
{
	for (unsigned v = 0; v < VECTORS; v++) {
		uint64_t stub = (uint64_t)(uintptr_t)trap_stubs + v * STUB_BYTES;

		idt[v] = (struct gate){
			.offset_low = (uint16_t)stub,
			.selector = GDT_KERNEL_CODE,
			.ist = ist_of(v),
			.type = GATE_INTERRUPT,
			.offset_middle = (uint16_t)(stub >> 16),
			.offset_high = (uint32_t)(stub >> 32),
		};
	}
	percpu()->tables = tables_bootstrap();
	trap_init_cpu();
}

void trap_init_cpu(void)
{
	tables_load(percpu()->tables);
	load_idt();
}

void trap_restore_limits(void)
{
	tables_load_gdt(percpu()->tables);
	load_idt();
}

enum vmk_status trap_open_gate(void)
{
	const size_t bytes = (size_t)(__entry_end - __entry_start);
	enum vmk_status status = gate_add(idt, sizeof(idt), false); /* to be sealed later */

	return status == VMK_OK ? gate_add(__entry_start, bytes, false) : status;
}

void trap_set_handler(unsigned vector, void (*handler)(struct trap_frame *frame))
{
	__atomic_store_n(&handlers[vector], handler, __ATOMIC_RELEASE);
}

static void interrupt(struct trap_frame *frame)
{
	void (*handler)(struct trap_frame *) =
		__atomic_load_n(&handlers[frame->vector], __ATOMIC_ACQUIRE);
	struct percpu *self = percpu();

	if (frame->vector == VECTOR_SPURIOUS)
		return; /* SDM 3A, 10.9: not to be acknowledged */
	if (!self->irq_depth++)
		sched_interrupt_begins();
	if (handler)
		handler(frame);
	apic_eoi();
	if (!--self->irq_depth)
		sched_interrupt_ends();
}

void trap_leave_to_user(void)
{
	irq_disable();
	while (__atomic_load_n(&percpu()->reschedule, __ATOMIC_RELAXED))
		sched_preempt();
	if (world_killed(world_current())) {
		irq_enable();
		world_exit();
	}
}

void trap_dispatch(struct trap_frame *frame)
{
	bool from_user = frame->cs & 3;

	if (frame->vector >= 32)
		interrupt(frame);
	else
		fault(frame);
	if (from_user && frame->vector != VECTOR_NMI && frame->vector != VECTOR_MACHINE_CHECK)
		trap_leave_to_user();
}
