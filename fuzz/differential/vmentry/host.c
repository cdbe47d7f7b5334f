/* The host around the model: its state is the payload's own. The rest is what the kernel's set-up
 * of a vCPU may ask for. */
#include "fuzz/differential/vmentry/machine.h"
#include "vtx/vtx_ops.h"
#include <stdlib.h>

#define READ(instruction, value) __asm__ volatile(instruction : "=r"(value))

void vtx_host_state(struct vtx_host *h)
{
	extern const char machine_gdt[], machine_idt[];

	*h = (struct vtx_host){
		.rip = (uintptr_t)machine_exit,
		.gdtr_base = (uintptr_t)machine_gdt,
		.idtr_base = (uintptr_t)machine_idt,
		.cs = 8,
		.ss = 16,
		.tr = 24, /* nothing uses a task state segment here */
	};
	READ("mov %%cr0, %0", h->cr0);
	READ("mov %%cr3, %0", h->cr3);
	READ("mov %%cr4, %0", h->cr4);
	machine_rdmsr(0xc0000080, &h->efer);
	machine_rdmsr(0x277, &h->pat);
}

uint64_t vtx_rdmsr(uint32_t msr)
{
	uint64_t value = 0;

	machine_rdmsr(msr, &value);
	return value;
}

/* No guest runs long enough for these to matter. */
void vtx_wrmsr(uint32_t msr, uint64_t value)
{
}
void vtx_wrmsrs(const uint32_t *msrs, const uint64_t *values, uint32_t which)
{
}
void vtx_host_tables(void)
{
}
void vtx_host_interrupts(void)
{
}
void vtx_host_nmi(void)
{
}
void vtx_host_machine_check(void)
{
}
void vtx_debug_save(uint64_t dr[4], uint64_t *dr6)
{
}
void vtx_debug_load(const uint64_t dr[4], uint64_t dr6)
{
}
uint64_t vtx_rdtsc(void)
{
	return 0;
}
int64_t vtx_tsc_lag(void)
{
	return 0;
}
