/* The console on the screen that firmware and boot loader left: VGA text or a linear framebuffer.
 */
#ifndef VMKDEV_DISPLAY_H
#define VMKDEV_DISPLAY_H

/*
 * The log so far goes there, and from then on all that tty.h's sinks are given. Each once: the text
 * screen as soon as devices can be mapped; a framebuffer after device_init(), as it must lie in
 * memory of a display controller. What cannot be used is logged.
 */
void display_start_text(void);
void display_start_pixels(void);

#endif
