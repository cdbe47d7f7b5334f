#include "vmkdev/ps2.h"
#include "arch/x86/cpu.h"
#include "arch/x86/irq.h"
#include "lib/log.h"
#include "vmkdev/keyboard.h"
#include "vmkdev/tty.h"

#define LOG_MODULE          "Keyboard"

#define PORT_DATA           0x60
#define PORT_COMMAND        0x64 /* when read: status */
#define STATUS_OUTPUT       0x01 /* a byte for us */
#define STATUS_INPUT        0x02 /* it has not taken our last one */
#define STATUS_AUXILIARY    0x20 /* the byte is the mouse's */
#define COMMAND_READ        0x20
#define COMMAND_WRITE       0x60
#define COMMAND_AUX_OFF     0xa7
#define COMMAND_KEYBOARD_ON 0xae
#define CONFIG_INTERRUPT    0x01
#define CONFIG_AUX_IRQ      0x02
#define CONFIG_CLOCK_OFF    0x10
#define CONFIG_TRANSLATE    0x40 /* set 2 into set 1 */
#define KEYBOARD_SCAN       0xf4
#define KEYBOARD_IRQ        1
#define NOBODY              0xff
#define TRIES               10000u
#define BYTES_MAX           64u /* in one go: a broken controller cannot keep us */

static struct keyboard keyboard; /* in interrupts of one CPU only */

static bool wait_for(uint8_t bit, uint8_t value)
{
	for (unsigned i = 0; i < TRIES; i++) {
		if ((inb(PORT_COMMAND) & bit) == value)
			return true;
		cpu_pause();
	}
	return false;
}

static bool send(uint16_t port, uint8_t byte)
{
	if (!wait_for(STATUS_INPUT, 0))
		return false;
	outb(port, byte);
	return true;
}

static void interrupt(void *argument)
{
	for (unsigned i = 0; i < BYTES_MAX; i++) {
		uint8_t status = inb(PORT_COMMAND), code;
		char typed[KEYBOARD_TEXT_MAX];

		if (!(status & STATUS_OUTPUT))
			return;
		code = inb(PORT_DATA);
		if (!(status & STATUS_AUXILIARY))
			tty_input(typed, keyboard_take(&keyboard, code, typed));
	}
}

/* What was typed at the firmware or the boot loader is not for us. */
static void drain(void)
{
	for (unsigned i = 0; i < BYTES_MAX && (inb(PORT_COMMAND) & STATUS_OUTPUT); i++)
		inb(PORT_DATA);
}

static bool configure(void)
{
	uint8_t config;

	if (!send(PORT_COMMAND, COMMAND_AUX_OFF))
		return false;
	drain();
	if (!send(PORT_COMMAND, COMMAND_READ) || !wait_for(STATUS_OUTPUT, STATUS_OUTPUT))
		return false;
	config = inb(PORT_DATA);
	config |= CONFIG_INTERRUPT | CONFIG_TRANSLATE;
	config &= (uint8_t)~(CONFIG_AUX_IRQ | CONFIG_CLOCK_OFF);
	return send(PORT_COMMAND, COMMAND_WRITE) && send(PORT_DATA, config) &&
	       send(PORT_COMMAND, COMMAND_KEYBOARD_ON) && send(PORT_DATA, KEYBOARD_SCAN);
}

void ps2_start(void)
{
	int level_triggered, active_low;
	uint32_t gsi;

	if (inb(PORT_COMMAND) == NOBODY)
		return;
	if (!configure()) {
		vmk_warn("the keyboard controller does not answer");
		return;
	}
	gsi = irq_isa_gsi(KEYBOARD_IRQ, &level_triggered, &active_low);
	if (irq_attach_gsi(gsi, level_triggered, active_low, interrupt, NULL) != VMK_OK) {
		vmk_warn("the keyboard cannot interrupt");
		return;
	}
	drain(); /* an edge from before the handler was there will not come again */
	vmk_log("PS/2 keyboard");
}
