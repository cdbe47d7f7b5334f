/* Borrowing vector registers: what was in them goes back before interrupts come on again. */
#include "arch/x86/vector.h"
#include "arch/x86/cpu.h"

#define REGISTERS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10)

uint64_t vector_begin(struct vector_registers *saved)
{
	uint64_t interrupts = irq_save();

#define X(n) __asm__ volatile("movups %%xmm" #n ", %0" : "=m"(saved->xmm[n]));
	REGISTERS(X)
#undef X
	return interrupts;
}

void vector_end(const struct vector_registers *saved, uint64_t interrupts)
{
#define X(n) __asm__ volatile("movups %0, %%xmm" #n : : "m"(saved->xmm[n]));
	REGISTERS(X)
#undef X
	irq_restore(interrupts);
}
