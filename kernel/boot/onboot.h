/* What the kernel does by itself once everything runs, because a test asked for it. */
#ifndef BOOT_ONBOOT_H
#define BOOT_ONBOOT_H

/* The option `onboot` (boot/options.h), if it is there. Need not return. */
void onboot(void);

#endif
