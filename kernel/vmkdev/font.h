/* Merlon's own letters: 5 dots by 7, of the printable ASCII characters. Pure. */
#ifndef VMKDEV_FONT_H
#define VMKDEV_FONT_H

#include <stdint.h>

#define FONT_FIRST ' '
#define FONT_LAST  '~'
#define FONT_DOTS  5u
#define FONT_LINES 7u

/* Line by line from the top; the leftmost dot is bit 4. */
extern const uint8_t font[FONT_LAST - FONT_FIRST + 1][FONT_LINES];

#endif
