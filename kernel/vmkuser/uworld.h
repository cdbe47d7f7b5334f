/* User worlds: ring-3 programs from signed packages, each in its own address space. */
#ifndef VMKUSER_UWORLD_H
#define VMKUSER_UWORLD_H

#include "lib/types.h"
#include <vmkapi/status.h>

struct package;
struct vm;

void uworld_init(void); /* SYSCALL MSRs are set per CPU by uworld_cpu_init() */
void uworld_cpu_init(void);
/*
 * Start the world of a verified package: ELF image, stack and heap at random places. The package's
 * memory must stay (it is used again when the world is restarted). With `restart`, a world that
 * ends or faults is started again after a growing delay (1 s to 60 s).
 */
enum vmk_status uworld_start(const struct package *package);
/*
 * The same for the VMX world of a VM, which it takes over: the VM ends with the world, or here if
 * that cannot be started. The world has the image's name, and a port only if the image wants one.
 */
enum vmk_status uworld_start_vmx(
	const struct package *package, const struct package *image, struct vm *vm);
/* Called by the trap handler for a fault in ring 3: logs it and ends the world. Returns only where
 * a page that comes when it is touched has come. */
void uworld_fault(unsigned vector, uint64_t error, uint64_t address, uint64_t rip);
/* Stop the world of that name; VMK_NOT_FOUND. It is restarted if its package says so. */
enum vmk_status uworld_kill(const char *name);
/* Stop the VMX world of that VM, of which the caller has a reference: whoever has its name by now
 * is left alone. VMK_NOT_FOUND: it has not begun, or has ended. */
enum vmk_status uworld_kill_vmx(const struct vm *vm);

#endif
