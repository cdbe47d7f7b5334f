/* A program on a host owns its vector registers, as far as its compiler knows what a call changes.
 */
#include "arch/x86/vector.h"

uint64_t vector_begin(struct vector_registers *saved)
{
	return 0;
}

void vector_end(const struct vector_registers *saved, uint64_t interrupts)
{
}
