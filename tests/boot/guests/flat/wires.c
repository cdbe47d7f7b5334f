/*
 * A guest with two 8259s and no other interrupt controller: the clock's periodic, update and alarm
 * interrupts come through them, and a virtio device's, whose line PCI says.
 */
#include "tests/boot/guests/flat/entropy.h"
#include "tests/boot/guests/flat/wires.h"

#define RTC_INDEX    0x70u
#define RTC_DATA     0x71u
#define REGISTER_A   0x0au
#define REGISTER_B   0x0bu
#define REGISTER_C   0x0cu
#define RATE_256     0x28u
#define HOURS_24     0x02u
#define PERIODIC     0x40u
#define ALARM        0x20u
#define UPDATE       0x10u
#define EVERY        0xffu /* of an alarm register: whatever it is */
#define TRIGGER      0x4d1u
#define CASCADE_MASK 0xfbu
#define OWN_PAGE     0x300000u

extern const char on_clock[], on_device[];
extern volatile uint32_t clock_interrupts, clock_flags, device_interrupts, device_flags;
void wires(void);

static struct gate idt[FIRST + 16];

static void set_clock(uint32_t index, uint32_t value)
{
	out8(RTC_INDEX, index);
	out8(RTC_DATA, value);
}

static uint8_t clock(uint32_t index)
{
	out8(RTC_INDEX, index);
	return in8(RTC_DATA);
}

/* Deaf but for the moment in which it halts, so that none is lost. */
static void wait(volatile const uint32_t *count, uint32_t until)
{
	while (*count < until)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
}

/* So many of these; then the clock is quiet again. */
static int clock_interrupts_come(uint32_t what, uint32_t count)
{
	clock(REGISTER_C);
	clock_interrupts = clock_flags = 0;
	set_clock(REGISTER_B, HOURS_24 | what);
	wait(&clock_interrupts, count);
	set_clock(REGISTER_B, HOURS_24);
	return clock_flags & what;
}

static void judge_clock(void)
{
	set_clock(REGISTER_A, RATE_256);
	judge(clock_interrupts_come(PERIODIC, 8), "the clock's periodic interrupts");
	judge(clock_interrupts_come(UPDATE, 1), "its update interrupt");
	for (uint32_t index = 1; index <= 5; index += 2)
		set_clock(index, EVERY);
	judge(clock_interrupts_come(ALARM, 1), "its alarm");
}

static void judge_device(void)
{
	static const struct ring good = {GOOD, OWN_PAGE, 16, CHAIN_WRITE, 0, 0, 1};

	out32(PCI_ADDRESS, LINE);
	judge((in32(PCI_DATA) & 0xff) == DEVICE && (in8(TRIGGER) >> (DEVICE - 8) & 1),
		"the device's line, level-triggered");
	let_master(COMMAND);
	start_queue(&good);
	wait(&device_interrupts, 1);
	judge((device_flags & 1) && get(USED + 8) == 16, "its interrupt");
	for (unsigned i = 0; i < 100; i++)
		__asm__ volatile("sti; nop; cli");
	judge(device_interrupts == 1, "and no other");
}

void wires(void)
{
	set_gate(&idt[FIRST + CLOCK], on_clock);
	set_gate(&idt[FIRST + DEVICE], on_device);
	load_gates(idt, FIRST + 16);
	set_8259s(FIRST, CASCADE_MASK, 0xff & ~(1u << (CLOCK - 8) | 1u << (DEVICE - 8)));
	judge_clock();
	judge_device();
}
