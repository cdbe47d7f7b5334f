/*
 * The life of a virtual machine as one table: what may be done with it in which state, and what
 * happens to it. Whoever wants something that the state does not allow is told so by name. Pure.
 */
#ifndef VMKVM_LIFE_H
#define VMKVM_LIFE_H

#include <vmkuser/info.h>

/* X(symbol, name): asked for, but for the last three, which happen. */
#define VM_ACTIONS(X)                           \
	X(VM_CREATE, "created")                 \
	X(VM_POWER_ON, "powered on")            \
	X(VM_PAUSE, "paused")                   \
	X(VM_RESUME, "resumed")                 \
	X(VM_RESET, "reset")                    \
	X(VM_STOP, "asked to stop")             \
	X(VM_HARD_STOP, "switched off")         \
	X(VM_DESTROY, "destroyed")              \
	X(VM_FAILED, "given up")                \
	X(VM_ENDED, "ended with its VMX world") \
	X(VM_GONE, "freed with its last thread")
enum vm_action {
#define X(symbol, name) symbol,
	VM_ACTIONS(X)
#undef X
		VM_ACTION_COUNT
};

/* Static text; "?" for a number that is none. */
const char *vm_state_name(enum vmk_vm_state state);
const char *vm_action_name(enum vm_action action);
/* The state that follows, or VMK_VM_STATES_END: not possible in this one. */
enum vmk_vm_state vm_life_next(enum vmk_vm_state state, enum vm_action action);

#endif
