/* The machine under lib/log and lib/lock: serial port, clock, CPU and world numbers, interrupts. */
#ifndef BOOT_CONSOLE_H
#define BOOT_CONSOLE_H

void console_init(void);
/* What is typed on the serial port reaches the console, once there are interrupts. */
void console_listen(void);

#endif
