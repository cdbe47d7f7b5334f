/*
 * The board's power management: ACPI's fixed hardware (ACPI 6.5, 4.8.3: PM1 event and control
 * blocks, PM timer), the reset register, and the keyboard controller's reset line.
 */
#ifndef VMX_POWER_H
#define VMX_POWER_H

#include "worlds/vmx/bus.h"
#include "worlds/vmx/host.h"

#define POWER_PM1_EVENT   0x600u /* status and enable, 4 bytes */
#define POWER_PM1_CONTROL 0x604u /* 2 bytes */
#define POWER_PM_TIMER    0x608u /* 4 bytes, 32 bits wide */
#define POWER_RESET       0xcf9u
#define POWER_RESET_VALUE 0x06u
#define POWER_KEYBOARD    0x64u
#define POWER_SCI_GSI     9u
#define POWER_S5          5u /* SLP_TYP of \_S5 */
#define PM_TIMER_HZ       3579545ull

struct power {
	struct host host;
	uint16_t status, enable, control;
	uint8_t reset_control;
	bool level; /* of the SCI */
};

extern const struct bus_ops power_pm_bus, power_reset_bus, power_keyboard_bus;
void power_init(struct power *power, struct host host);
/* Somebody presses the power button: an orderly stop is asked for. */
void power_press_button(struct power *power);

#endif
