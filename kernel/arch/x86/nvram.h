/* The 128 bytes of memory behind the real-time clock (MC146818), battery-backed; its first 14 are
 * the clock's own. */
#ifndef ARCH_NVRAM_H
#define ARCH_NVRAM_H

#include <stdint.h>

/* index < 128 */
uint8_t nvram_read(uint8_t index);
void nvram_write(uint8_t index, uint8_t value);

#endif
