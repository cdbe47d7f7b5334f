/* Driver modules: placing a verified package's ELF image in the kernel's half, and starting it. */
#ifndef VMKMOD_MODULE_H
#define VMKMOD_MODULE_H

#include "lib/types.h"
#include <vmkapi/status.h>

struct package;

/*
 * Places the image at random with every segment at its final protection (never writable and
 * executable), binds the PCI function that the manifest names, and calls the module's entry. On any
 * failure nothing of it stays. A driver none of whose devices is there is no failure. *why (static
 * text) says what was wrong. The package's name must stay as long as the kernel.
 */
enum vmk_status module_start(const struct package *package, const char **why);
/*
 * "e1000+0x1590" for an address in the code of a module, started or starting; the offset is the
 * address in its ELF file. False for any other address. From any context.
 */
bool module_describe(uintptr_t address, char *to, size_t size);

#endif
