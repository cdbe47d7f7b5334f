#include "worlds/vmx/power.h"

#define PM1_TIMER      0x0001u
#define PM1_GLOBAL     0x0020u
#define PM1_BUTTON     0x0100u
#define PM1_WAKE       0x8000u
#define STATUS_BITS    (PM1_TIMER | PM1_GLOBAL | PM1_BUTTON | PM1_WAKE)
#define CONTROL_SCI    0x0001u
#define CONTROL_SLEEP  0x2000u
#define CONTROL_TYPE   0x1c00u
#define RESET_CPU      0x04u
#define KEYBOARD_PULSE 0xfeu
#define SECOND         1000000000ull

void power_init(struct power *power, struct host host)
{
	*power = (struct power){.host = host, .control = CONTROL_SCI};
}

static void update(struct power *power)
{
	bool level = power->status & power->enable & (PM1_BUTTON | PM1_GLOBAL);

	if (level != power->level)
		host_irq(&power->host, POWER_SCI_GSI, level);
	power->level = level;
}

void power_press_button(struct power *power)
{
	power->status |= PM1_BUTTON;
	update(power);
}

static uint32_t timer(const struct power *power)
{
	uint64_t now = power->host.ops->now(power->host.context);

	return (uint32_t)(now / SECOND * PM_TIMER_HZ + now % SECOND * PM_TIMER_HZ / SECOND);
}

static uint8_t pm_byte(const struct power *power, unsigned offset)
{
	if (offset >= 8)
		return (uint8_t)(offset < 12 ? timer(power) >> (8 * (offset - 8)) : 0);
	switch (offset / 2) {
	case 0:
		return (uint8_t)(power->status >> (8 * (offset & 1)));
	case 1:
		return (uint8_t)(power->enable >> (8 * (offset & 1)));
	case 2:
		return (uint8_t)(power->control >> (8 * (offset & 1)));
	default:
		return 0;
	}
}

static uint64_t pm_read(void *device, uint64_t offset, unsigned bytes)
{
	const struct power *power = device;
	uint64_t value = 0;

	/* One look at the timer: its bytes belong together. */
	if (offset == POWER_PM_TIMER - POWER_PM1_EVENT && bytes == 4)
		return timer(power);
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)pm_byte(power, (unsigned)offset + i) << (8 * i);
	return value;
}

static void write_control(struct power *power, uint16_t value)
{
	power->control = (value & ~CONTROL_SLEEP) | CONTROL_SCI;
	if ((value & CONTROL_SLEEP) && (value & CONTROL_TYPE) >> 10 == POWER_S5)
		power->host.ops->power_off(power->host.context);
}

static void pm_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
	struct power *power = device;

	if (bytes == 1)
		return; /* the registers are 16 bits wide; nothing writes half of one */
	switch (offset) {
	case 0:
		power->status &= (uint16_t)~(value & STATUS_BITS);
		if (bytes == 4)
			power->enable = (uint16_t)(value >> 16);
		break;
	case 2:
		power->enable = (uint16_t)value;
		break;
	case 4:
		write_control(power, (uint16_t)value);
		break;
	}
	update(power);
}

static uint64_t reset_read(void *device, uint64_t offset, unsigned bytes)
{
	return ((const struct power *)device)->reset_control;
}

static void reset_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
	struct power *power = device;

	power->reset_control = (uint8_t)value & ~RESET_CPU;
	if (value & RESET_CPU)
		power->host.ops->reset(power->host.context);
}

/* There is no keyboard: its controller is never busy and has nothing to say, but pulses reset. */
static uint64_t keyboard_read(void *device, uint64_t offset, unsigned bytes)
{
	return 0;
}

static void keyboard_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
	struct power *power = device;

	if (value == KEYBOARD_PULSE)
		power->host.ops->reset(power->host.context);
}

const struct bus_ops power_pm_bus = {pm_read, pm_write};
const struct bus_ops power_reset_bus = {reset_read, reset_write};
const struct bus_ops power_keyboard_bus = {keyboard_read, keyboard_write};
