/*
 * Security domains: what the signed package of a world grants it. What is not granted is denied:
 * the world gets VMK_DENIED, and the denial is counted, logged and audited.
 */
#ifndef VMKUSER_SECPOLICY_H
#define VMKUSER_SECPOLICY_H

#include <stdint.h>

/* What can be denied. X(symbol, number, name) */
#define VMK_ACTIONS(X)                                                                \
	X(VMK_ACTION_SYSCALL, 0, "syscall") /* object: VMK_SYS_* */                   \
	X(VMK_ACTION_INFO, 1, "info")       /* VMK_INFO_* */                          \
	X(VMK_ACTION_CONTROL, 2, "control") /* VMK_CONTROL_* */                       \
	X(VMK_ACTION_LOG, 3, "log")         /* VMK_LOG_*, by its trust handle */      \
	X(VMK_ACTION_VM, 4, "vm")           /* a virtual machine, by its name */      \
	X(VMK_ACTION_HANDLE, 5, "handle")   /* a right that the handle lacks */       \
	X(VMK_ACTION_MEMORY, 6, "memory")   /* image, stacks and guest RAM stay */    \
	X(VMK_ACTION_SOURCE, 7, "source")   /* a frame not from the port's address */ \
	X(VMK_ACTION_OTHER, 8, "other")                                               \
	X(VMK_ACTION_EXECUTE, 9, "execute") /* what no package brought: execInstalledOnly */
enum vmk_action {
#define X(symbol, number, name) symbol = number,
	VMK_ACTIONS(X)
#undef X
};
#define VMK_ACTIONS_MAX 12 /* room in records */

#define VMK_GRANT_VMS   4
/* All zero: nothing is granted, and limits are the defaults. */
struct vmk_grants {
	uint64_t syscalls;              /* bit n: system call n; exit needs none */
	uint64_t info, control, logs;   /* bit n: VMK_INFO_, VMK_CONTROL_, VMK_LOG_ number n */
	uint8_t port, tty, config;      /* VMK_RIGHT_* of the start handle; 0: it has none */
	uint8_t all_vms, reserved[4];   /* it may act on every VM */
	char vms[VMK_GRANT_VMS][32];    /* or on these; empty: none */
	uint32_t memory_limit_kib;      /* each limit: 0 is the default */
	uint32_t handles;               /* that live at once */
	uint32_t log_rate;              /* units of 128 bytes in a second */
	uint32_t cpu_shares, cpu_limit; /* limit: percent of one pCPU, 0: none */
	uint32_t reserved2;
};

#endif
