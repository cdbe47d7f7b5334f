/* What must hold of all of a VM's RAM at any time (kernel/vmkvm/memory.h), on the machine of
 * ram_machine.h: found by ways of its own through the frame pool, the record of pages and the EPT.
 */
#ifndef MODELS_RAM_ORACLE_H
#define MODELS_RAM_ORACLE_H

#include "vmkvm/state.h"

/* NULL, or what does not hold. `said` is the byte that each page holds. */
const char *ram_oracle_fault(const struct vm *vm, const uint8_t *said);

#endif
