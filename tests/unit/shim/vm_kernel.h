/* A virtual machine as the system calls see it: what they ask for is noted. */
#ifndef TESTS_SHIM_VM_KERNEL_H
#define TESTS_SHIM_VM_KERNEL_H

#include "sched/world.h"
#include "vmkvm/image.h"
#include "vmkvm/vm.h"
#include "vmkuser/vms.h"

struct vm {
	struct event event;
	struct vmk_vm_exchange next, answered; /* next.kind 0: nothing waits */
	struct vmk_vm_entry entry;
	unsigned starts, resets, releases, irqs, messages, adoptions, puts, wakes;
	unsigned given;
	uint64_t ballooned, now_ns;
	struct vmk_vm_stats stats;
	bool paused;
	enum vm_action action; /* the last that was asked for */
	char made[PACKAGE_NAME_MAX];
	enum vmk_status map_status;
};
/* What was asked of driver modules. */
struct sim_modules {
	unsigned loads, unloads;
	uint64_t parameter;
};
extern struct sim_modules sim_modules;
/* What was last set of resource pool 1, or of group 3, which is VM 1. */
struct sim_pool {
	unsigned setting; /* enum group_setting */
	uint32_t value;
};
extern struct sim_pool sim_pool;
extern struct vm sim_vm;
extern struct vm_console sim_console;
extern const uint8_t sim_vm_file[16];

#endif
