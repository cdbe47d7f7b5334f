/* Names for addresses of the kernel's text, for backtraces. */
#ifndef BOOT_SYMBOLS_H
#define BOOT_SYMBOLS_H

#include "lib/types.h"

/* "function+0x1c" for an address of the text; "?" for any other. Always terminated. */
void symbols_describe(uintptr_t address, char *to, size_t size);

#endif
