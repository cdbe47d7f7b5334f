/*
 * The virtual machines that there are, and their lives (vmkvm/life.h): each is made of a package,
 * when the boot loads it or when somebody asks, runs with a VMX world of its own, can be powered on
 * again once it is gone, and destroyed while it is off. Thread-safe.
 */
#ifndef VMKUSER_VMS_H
#define VMKUSER_VMS_H

#include "vmkmod/package.h"
#include "vmkvm/console.h"
#include "vmkvm/life.h"

#define VMS_MAX 1024u

/*
 * One more, off, made of a verified and measured package, which must stay; its settings are the
 * package's, its name is what this VM, its VMX world and its group of the scheduler are called.
 * VMK_BAD_PARAM: that is too long. VMK_EXISTS: there is a VM of that
 * name. VMK_NO_RESOURCES: there are VMS_MAX. VMK_NO_MEMORY.
 */
enum vmk_status vms_create(const struct package *image, const char *name);
/* One that is off ends to be: its name is free, its id never used again, the package stays.
 * VMK_NOT_FOUND, VMK_BAD_STATE. Whoever is attached to its console keeps that alone. */
enum vmk_status vms_destroy(uint32_t id);
/* While the boot goes on: the package of VMX worlds, of which the first counts. It stays. */
void vms_set_vmx(const struct package *vmx);

unsigned vms_count(void);
/* The VM number `index` of those there are, in the order of their making; `info` is zeroed. False
 * beyond the last. */
bool vms_describe(unsigned index, struct vmk_info_vm *info);
/* Its id, 0: there is none of that name. */
uint32_t vms_find(const char *name);
/* False: there is none of that id. */
bool vms_name(uint32_t id, char name[PACKAGE_NAME_MAX]);

/* Creates it, and powers it on. VMK_NOT_FOUND, VMK_BAD_STATE, or why it could not be (also in its
 * record and in the log). */
enum vmk_status vms_start(uint32_t id);
/* VM_PAUSE, VM_RESUME, VM_RESET, VM_STOP or VM_HARD_STOP: VMK_NOT_FOUND, VMK_BAD_STATE. What it
 * leads to comes soon, not at once. */
enum vmk_status vms_act(uint32_t id, enum vm_action action);

/* VMK_NOT_FOUND; VMK_BUSY: somebody else is at its console. */
enum vmk_status vms_attach(uint32_t id, struct vm_console **console);
void vms_detach(struct vm_console *console);
/* For who is attached. Its VMX world looks at the console: something was typed, or read. */
void vms_wake(struct vm_console *console);

/* The VM's balloon is to leave it so much RAM at most, until it is powered off; 0: its limit.
 * VMK_NOT_FOUND; VMK_BAD_STATE: it is off. */
enum vmk_status vms_set_memory(uint32_t id, uint32_t kib);

#endif
