/* The guest's memory, which this process shares, and the few instructions that it is made to run.
 */
#ifndef TXTSIM_QEMU_GUEST_H
#define TXTSIM_QEMU_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gdb;

struct guest {
	uint8_t *ram; /* below_4g bytes from 0, then what lies above 4 GiB */
	uint64_t below_4g, above_4g;
	uint8_t *device; /* TXT_MEM_SIZE bytes at TXT_MEM_BASE */
};

/* Descriptors of shared memory, which QEMU inherits; ends the program on failure. */
void guest_make(struct guest *g, unsigned memory_mb, int *ram_fd, int *device_fd);
/* NULL where there is no RAM. */
uint8_t *guest_ram(const struct guest *g, uint64_t pa, size_t size);
/* As firmware does after a reset with secrets in memory. */
void guest_scrub(struct guest *g);

/*
 * Code in device memory, each piece at its own address and ending at an address where a breakpoint
 * belongs. It runs on the CPU that is stopped, in flat 32-bit mode, without interrupts.
 */
struct guest_code {
	uint32_t begin, end;
};
/* Makes the memory-mapped configuration space uncacheable, as tboot demands. EAX, ECX, EDX change.
 */
struct guest_code guest_code_mtrr(struct guest *g);
/* INIT and SIPI to all other CPUs; ends when `others` of them have counted themselves. ECX changes.
 */
struct guest_code guest_code_wake(struct guest *g, unsigned others);
/* An endless loop: where a CPU waits for the reset that was asked for. */
uint32_t guest_code_park(struct guest *g);

/* The page at which a woken CPU starts, in real mode. */
#define GUEST_TRAMPOLINE      0x70000u
#define GUEST_TRAMPOLINE_SIZE 0x60u
/* What takes it from there to the MLE JOIN state; counts itself. */
void guest_trampoline(uint8_t code[GUEST_TRAMPOLINE_SIZE], uint32_t gdt_limit, uint32_t gdt_base,
	uint32_t selector, uint32_t entry);

#endif
