/* The machine under lib/log and lib/lock: serial port, clock, CPU and world numbers, interrupts. */
#ifndef BOOT_CONSOLE_H
#define BOOT_CONSOLE_H

void console_init(void);
/* The serial port that ACPI names is a console too, and what is typed reaches it, once there are
 * interrupts. */
void console_listen(void);

#endif
