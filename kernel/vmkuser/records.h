/* What the subsystems tell of themselves, as records of include/vmkuser/info.h. */
#ifndef VMKUSER_RECORDS_H
#define VMKUSER_RECORDS_H

#include "lib/types.h"
#include <vmkapi/status.h>

/*
 * Fills the record of that kind and index. `record` has `size` bytes, at least those of the largest
 * record, and is aligned for any; *bytes is the record's size. VMK_BAD_PARAM: no such kind;
 * VMK_NOT_FOUND: no such index.
 */
enum vmk_status records_read(
	uint64_t kind, uint64_t index, void *record, size_t size, size_t *bytes);

#endif
