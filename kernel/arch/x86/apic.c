/* The local APIC. */
#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/trap.h"
#include "boot/image.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "mem/space.h"

#define LOG_MODULE "Apic"

/* Register offsets of xAPIC; x2APIC has MSR 0x800 + offset / 16 (SDM 3A, table 10-6). */
#define APIC_ID            0x020
#define APIC_TPR           0x080
#define APIC_EOI           0x0b0
#define APIC_SVR           0x0f0
#define APIC_IRR           0x200
#define APIC_ICR           0x300
#define APIC_ICR_HIGH      0x310
#define APIC_LVT_TIMER     0x320
#define APIC_LVT_THERMAL   0x330
#define APIC_LVT_PERF      0x340
#define APIC_LVT_LINT0     0x350
#define APIC_LVT_LINT1     0x360
#define APIC_LVT_ERROR     0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE  0x3e0

#define SVR_ENABLE         0x100
#define LVT_MASKED         0x10000
#define LVT_NMI            0x400
#define ICR_NMI            0x400
#define ICR_INIT           0x500
#define ICR_STARTUP        0x600
#define ICR_PENDING        0x1000
#define ICR_ASSERT         0x4000

#define BASE_ENABLE        0x800ull
#define BASE_X2            0x400ull
#define BASE_ADDRESS       0x000ffffffffff000ull
#define CPUID1_ECX_X2APIC  (1u << 21)

static SEALED bool x2;
static SEALED volatile uint32_t *registers;

static uint32_t read_register(unsigned offset)
{
	return x2 ? (uint32_t)rdmsr(MSR_X2APIC + offset / 16) : registers[offset / 4];
}

static void write_register(unsigned offset, uint32_t v)
{
	if (x2)
		wrmsr(MSR_X2APIC + offset / 16, v);
	else
		registers[offset / 4] = v;
}

void apic_init(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);
	volatile void *mapped;
	uint32_t r[4];

	cpuid(1, 0, r);
	x2 = r[2] & CPUID1_ECX_X2APIC;
	if (!x2) {
		if (space_map_device(hpa(base & BASE_ADDRESS), PAGE_SIZE, &mapped) != VMK_OK)
			panic("cannot map the local APIC");
		registers = mapped;
	}
	vmk_log("local APIC in %s mode", x2 ? "x2APIC" : "xAPIC");
}

void apic_init_cpu(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE) | BASE_ENABLE;

	/* From off to x2APIC only by way of xAPIC (SDM 3A, 10.12.5). */
	wrmsr(MSR_APIC_BASE, base);
	if (x2)
		wrmsr(MSR_APIC_BASE, base | BASE_X2);
	write_register(APIC_TPR, 0);
	write_register(APIC_LVT_TIMER, LVT_MASKED);
	write_register(APIC_LVT_LINT0, LVT_MASKED);
	write_register(APIC_LVT_LINT1, LVT_NMI);
	write_register(APIC_LVT_ERROR, LVT_MASKED);
	write_register(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	apic_eoi();
}

bool apic_is_x2(void)
{
	return x2;
}

uint32_t apic_id(void)
{
	return x2 ? read_register(APIC_ID) : read_register(APIC_ID) >> 24;
}

void apic_eoi(void)
{
	write_register(APIC_EOI, 0);
}

static void send(uint32_t id, uint32_t command)
{
	uint64_t saved;

	if (x2) {
		__asm__ volatile("mfence; lfence" : : : "memory"); /* SDM 3A, 10.12.3 */
		wrmsr(MSR_X2APIC + APIC_ICR / 16, (uint64_t)id << 32 | command);
		return;
	}
	saved = irq_save();
	while (read_register(APIC_ICR) & ICR_PENDING)
		cpu_pause();
	write_register(APIC_ICR_HIGH, id << 24);
	write_register(APIC_ICR, command);
	irq_restore(saved);
}

void apic_send(uint32_t id, unsigned vector)
{
	send(id, ICR_ASSERT | vector);
}

void apic_send_nmi(uint32_t id)
{
	send(id, ICR_ASSERT | ICR_NMI);
}

void apic_send_init(uint32_t id)
{
	send(id, ICR_ASSERT | ICR_INIT);
}

void apic_send_startup(uint32_t id, uint8_t page)
{
	send(id, ICR_ASSERT | ICR_STARTUP | page);
}

void apic_quiesce(void)
{
	if (!x2 && !registers)
		return;
	write_register(APIC_LVT_TIMER, LVT_MASKED);
	write_register(APIC_TIMER_INITIAL, 0);
	write_register(APIC_LVT_LINT1, LVT_MASKED);
}

void apic_timer_program(uint32_t lvt, uint32_t divide, uint32_t count)
{
	write_register(APIC_TIMER_DIVIDE, divide);
	write_register(APIC_LVT_TIMER, lvt);
	write_register(APIC_TIMER_INITIAL, count);
}

bool apic_pending(unsigned vector)
{
	return read_register(APIC_IRR + vector / 32 * 16) >> vector % 32 & 1;
}

uint32_t apic_timer_count(void)
{
	return read_register(APIC_TIMER_CURRENT);
}
