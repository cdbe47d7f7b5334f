/* Bounds of the running image (image.ld): use the addresses only. */
#ifndef BOOT_IMAGE_H
#define BOOT_IMAGE_H

#include "lib/types.h"

#define IMAGE_LINK_ADDRESS 0x4000000ull

/* Text: R-X. Relro: written while booting, then read-only. Data and bss: RW-. Rodata: R--. */
extern char __image_start[], __image_end[];
extern char __text_start[], __text_end[], __relro_start[], __relro_end[];
/* entry.S: what ring 3's own page tables hold of the image (mem/gate.h). */
extern char __entry_start[], __entry_end[];
extern char __data_start[], __data_end[], __rodata_start[], __rodata_end[];

/* For what is written during boot and never again. */
#define SEALED __attribute__((section(".bss.sealed")))

static inline bool image_contains_text(uintptr_t address)
{
	return address >= (uintptr_t)__text_start && address < (uintptr_t)__text_end;
}

#endif
