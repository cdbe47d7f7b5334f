/*
 * A PC keyboard's scan codes, set 1 (what an 8042 makes of set 2), into what a terminal sends. US
 * layout. Pure; any bytes in any order are allowed. Scan codes: IBM PS/2 Hardware Interface
 * Technical Reference, Keyboards, "Scan Codes".
 */
#ifndef VMKDEV_KEYBOARD_H
#define VMKDEV_KEYBOARD_H

#include "lib/types.h"

#define KEYBOARD_TEXT_MAX 4u

struct keyboard { /* all zero at first */
	bool left_shift, right_shift, left_control, right_control, caps;
	bool extended;     /* 0xe0 was seen */
	uint8_t skip;      /* bytes left of the Pause key, which begins with 0xe1 */
	bool caps_is_down; /* a held key repeats, its lock does not */
};

/* Takes one byte; writes what it types to `to` and returns how many characters that are. */
size_t keyboard_take(struct keyboard *k, uint8_t code, char to[KEYBOARD_TEXT_MAX]);

#endif
