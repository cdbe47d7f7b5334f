/*
 * A guest's console between its VMX world and whoever is attached to it: what the guest says on its
 * way out, what is typed on its way in. Nobody waits for the other end: what finds no room stays
 * with who has it. One at most is attached. Pure but for its event.
 */
#ifndef VMKVM_CONSOLE_H
#define VMKVM_CONSOLE_H

#include "lib/lock.h"
#include "lib/types.h"
#include "sched/world.h"

#define VM_CONSOLE_OUT 4096u /* powers of two */
#define VM_CONSOLE_IN  256u

struct vm_console {
	struct spinlock lock;
	bool attached, closed;
	bool no_room; /* when something was said last: the VMX world may have more */
	uint32_t out_head, out_tail, in_head, in_tail; /* free-running */
	char out[VM_CONSOLE_OUT], in[VM_CONSOLE_IN];
	struct event event; /* there is something to read, or it was closed */
};

void vm_console_init(struct vm_console *console);
/* False: somebody is. Both ways begin empty. */
bool vm_console_attach(struct vm_console *console);
void vm_console_detach(struct vm_console *console);

/* For the VMX world. Bytes taken; VMK_NOT_PRESENT: nobody is attached. */
enum vmk_status vm_console_say(
	struct vm_console *console, const char *text, size_t bytes, size_t *taken);
/* Bytes that were typed; VMK_WOULD_BLOCK, VMK_NOT_PRESENT. */
enum vmk_status vm_console_hear(struct vm_console *console, char *to, size_t size, size_t *bytes);
/* The VM is gone, or there again. */
void vm_console_close(struct vm_console *console, bool closed);

/* For whoever is attached. What the guest said; VMK_WOULD_BLOCK; VMK_NOT_PRESENT: it is gone. */
enum vmk_status vm_console_read(struct vm_console *console, char *to, size_t size, size_t *bytes);
/* Bytes taken. */
size_t vm_console_type(struct vm_console *console, const char *text, size_t bytes);
bool vm_console_readable(struct vm_console *console);
/* There is room for what found none: once true, the VMX world is to be told (vms_wake()). */
bool vm_console_has_room_again(struct vm_console *console);

#endif
