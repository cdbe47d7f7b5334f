/*
 * The virtual machines that were loaded at boot, and their lives (vmkvm/life.h): each is made of
 * its image, runs with a VMX world of its own, and can be powered on again once it is gone.
 */
#ifndef VMKUSER_VMS_H
#define VMKUSER_VMS_H

#include "vmkvm/console.h"
#include "vmkvm/life.h"

struct package;

/* While the boot goes on: a verified image, or the package of VMX worlds, of which the first
 * counts. Both stay. */
enum vmk_status vms_add(const struct package *image);
void vms_set_vmx(const struct package *vmx);

unsigned vms_count(void);
/* The VM number `index`, in the order of loading; `info` is zeroed. False beyond the last. */
bool vms_describe(unsigned index, struct vmk_info_vm *info);
/* Its id, 0: there is none of that name. */
uint32_t vms_find(const char *name);
/* The name of that id, NULL: there is none. It stays. */
const char *vms_name(uint32_t id);

/* Creates it, and powers it on. VMK_NOT_FOUND, VMK_BAD_STATE, or why it could not be (also in its
 * record and in the log). */
enum vmk_status vms_start(uint32_t id);
/* VM_PAUSE, VM_RESUME, VM_RESET, VM_STOP or VM_HARD_STOP: VMK_NOT_FOUND, VMK_BAD_STATE. What it
 * leads to comes soon, not at once. */
enum vmk_status vms_act(uint32_t id, enum vm_action action);

/* VMK_NOT_FOUND; VMK_BUSY: somebody else is at its console. */
enum vmk_status vms_attach(uint32_t id, struct vm_console **console);
void vms_detach(uint32_t id);
/* Its VMX world looks at the console: something was typed, or read. */
void vms_wake(uint32_t id);

/* The VM's balloon is to leave it so much RAM at most, until it is powered off; 0: its limit.
 * VMK_NOT_FOUND; VMK_BAD_STATE: it is off. */
enum vmk_status vms_set_memory(uint32_t id, uint32_t kib);

#endif
