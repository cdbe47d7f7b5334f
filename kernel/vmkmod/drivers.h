/* Driver modules while the kernel runs: loading, unloading, parameters. */
#ifndef VMKMOD_DRIVERS_H
#define VMKMOD_DRIVERS_H

#include "lib/types.h"
#include <vmkapi/status.h>

struct catalog_entry;

/* Starts an admitted and measured driver, as `by` wanted (for the audit log). `entry` then says
 * what became of it. */
enum vmk_status drivers_start(struct catalog_entry *entry, const char *by);

/*
 * For whoever may: the driver of boot module number `index` (modules_describe()) is measured,
 * unless this boot has measured it before, and started. What was refused at boot stays refused,
 * with that status. VMK_NOT_FOUND: no such module, or none of its devices is there;
 * VMK_UNSUPPORTED: it is no driver; VMK_EXISTS: it runs; VMK_BUSY: another one is being loaded or
 * unloaded; VMK_BAD_STATE: a module that it requires does not run. modules_describe() has the
 * reason in words.
 */
enum vmk_status drivers_load(unsigned index, const char *by);
/*
 * Stops it and takes back all that it had. VMK_BAD_STATE: it does not run; VMK_BUSY: it is in use,
 * and modules_describe() says by whom.
 */
enum vmk_status drivers_unload(unsigned index, const char *by);
/* The value that parameter number `index` of all (modules_describe_parameter()) has from its
 * module's next start on, as `by` wanted. VMK_NOT_FOUND, VMK_BAD_PARAM; VMK_BUSY: a driver is being
 * loaded or unloaded. */
enum vmk_status drivers_set_parameter(unsigned index, uint64_t value, const char *by);
/* Where the image of a driver that runs lies, else 0. Not to be told to anyone. */
uintptr_t drivers_place(unsigned index);

#endif
