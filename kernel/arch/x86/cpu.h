/* Instructions that C has no name for. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "lib/types.h"

#define RFLAGS_IF 0x200ull

static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}
static inline uint8_t inb(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline void outw(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}
static inline uint16_t inw(uint16_t port)
{
	uint16_t v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline void outl(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}
static inline uint32_t inl(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}
static inline void cpu_pause(void)
{
	__asm__ volatile("pause");
}
/* Interrupts off; returns whether they were on, for irq_restore(). */
static inline uint64_t irq_save(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	return flags & RFLAGS_IF;
}
static inline void irq_restore(uint64_t saved)
{
	if (saved)
		__asm__ volatile("sti" : : : "memory");
}
static inline void irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}
static inline void irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}
/* Enable interrupts and wait for one, without a gap in which one could be missed. */
static inline void cpu_wait(void)
{
	__asm__ volatile("sti; hlt" : : : "memory");
}
static inline void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t r[4])
{
	__asm__ volatile("cpuid"
		: "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
		: "a"(leaf), "c"(subleaf));
}
static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}
static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr"
		:
		: "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32))
		: "memory");
}
/* False, and *v = 0, for an MSR that the CPU does not have or refuses. */
bool rdmsr_safe(uint32_t msr, uint64_t *v);
bool wrmsr_safe(uint32_t msr, uint64_t v);

#define CPU_CONTROL_REGISTER(name)                                           \
	static inline uint64_t read_##name(void)                             \
	{                                                                    \
		uint64_t v;                                                  \
                                                                             \
		__asm__ volatile("movq %%" #name ", %0" : "=r"(v));          \
		return v;                                                    \
	}                                                                    \
	static inline void write_##name(uint64_t v)                          \
	{                                                                    \
		__asm__ volatile("movq %0, %%" #name : : "r"(v) : "memory"); \
	}
CPU_CONTROL_REGISTER(cr0)
CPU_CONTROL_REGISTER(cr4)
static inline uint64_t read_cr2(void)
{
	uint64_t v;

	__asm__ volatile("movq %%cr2, %0" : "=r"(v));
	return v;
}

/* SDM 4, table 2-2. */
#define MSR_APIC_BASE      0x1bu
#define MSR_SYSENTER_CS    0x174u
#define MSR_PAT            0x277u
#define MSR_TSC_DEADLINE   0x6e0u
#define MSR_X2APIC         0x800u
#define MSR_EFER           0xc0000080u
#define MSR_STAR           0xc0000081u
#define MSR_LSTAR          0xc0000082u
#define MSR_CSTAR          0xc0000083u
#define MSR_SFMASK         0xc0000084u
#define MSR_FS_BASE        0xc0000100u
#define MSR_GS_BASE        0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_PKRS           0x6e1u
#define MSR_S_CET          0x6a2u
#define MSR_U_CET          0x6a0u
#define MSR_PL3_SSP        0x6a7u
#define MSR_SSP_TABLE      0x6a8u

#define EFER_SCE           0x001ull
#define EFER_LME           0x100ull
#define EFER_NXE           0x800ull

#endif
