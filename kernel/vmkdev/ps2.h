/* The keyboard at the 8042 (IBM PS/2 Hardware Interface Technical Reference, keyboard controller).
 */
#ifndef VMKDEV_PS2_H
#define VMKDEV_PS2_H

/* What is typed goes to tty_input() from now on. After device interrupts can be attached; without a
 * controller nothing happens. */
void ps2_start(void);

#endif
