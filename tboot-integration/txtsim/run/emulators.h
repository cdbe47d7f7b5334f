/* Which of the two emulators this host has, in a version that can be used. */
#ifndef TXTSIM_EMULATORS_H
#define TXTSIM_EMULATORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The build id of a 64-bit ELF file, as hexadecimal digits; false if it has none. */
bool elf_build_id(const uint8_t *file, size_t size, char text[41]);

/* `txtsim platforms`: a line for each, "NAME usable" or "NAME missing: what to do"; exit status. */
int emulators_print(void);

#endif
