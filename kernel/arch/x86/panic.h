/* Panics with a register frame, and what they print. */
#ifndef ARCH_PANIC_H
#define ARCH_PANIC_H

#include "arch/x86/trap.h"

/*
 * Names code outside the image (driver modules) for backtraces: "name+0x..." and true, or false.
 * Called from any context. Set once, before the first CPU but this one starts.
 */
typedef bool (*panic_namer)(uintptr_t address, char *to, size_t size);
void panic_set_namer(panic_namer namer);
/* Is it code of the image or of a module? Callable in any context. */
bool panic_is_code(uint64_t address);

/* As panic(), for an exception: dumps its registers. `address`: CR2, 0 for none. */
_Noreturn void panic_frame(const struct trap_frame *frame, uint64_t address, const char *format,
	...) __attribute__((format(printf, 3, 4)));
/* A world whose entry to ring 3 or system call is to be traced: logs the frames from `rbp` on as
 * symbol+offset; no raw address is shown. */
void backtrace_log(uint64_t rip, uint64_t rbp);

#endif
