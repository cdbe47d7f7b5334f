/* Driver modules: placing a verified package's ELF image in the kernel's half, starting and
 * stopping it. One is started or stopped at a time. */
#ifndef VMKMOD_MODULE_H
#define VMKMOD_MODULE_H

#include "lib/types.h"
#include <vmkapi/status.h>

struct module;
struct package;

/*
 * Places the image at random with every segment at its final protection (never writable and
 * executable), binds the PCI function that the manifest names, and calls the module's entry. On any
 * failure nothing of it stays, and *why (static text) says what was wrong: VMK_NOT_FOUND: none of
 * the devices that it drives is there. `parameters` are the values in force, in the manifest's
 * order; copied. The package must stay as long as the kernel.
 */
enum vmk_status module_start(const struct package *package, const uint32_t *parameters,
	struct module **module, const char **why);
/*
 * Stops it, takes back all that it was given, and frees its memory. VMK_BUSY: its network ports are
 * in use, by the world whose name is in `user`; then nothing has changed.
 */
enum vmk_status module_stop(struct module *module, char *user, size_t size);
uintptr_t module_base(const struct module *module);
/* Bytes of memory that its image takes. */
size_t module_bytes(const struct module *module);
/*
 * "e1000+0x1590" for an address in the code of a module, started or starting; the offset is the
 * address in its ELF file. False for any other address. From any context.
 */
bool module_describe(uintptr_t address, char *to, size_t size);

#endif
