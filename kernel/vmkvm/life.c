#include "vmkvm/life.h"

#include "lib/types.h"

/* Creation takes memory, so it is a state of its own: nobody else begins meanwhile. A paused VM is
 * deaf to a power button. */
static const struct {
	enum vmk_vm_state from;
	enum vm_action action;
	enum vmk_vm_state to;
} rows[] = {
	{VMK_VM_OFF, VM_CREATE, VMK_VM_CREATED},
	{VMK_VM_OFF, VM_DESTROY, VMK_VM_OFF}, /* its last one (vmkuser/vms.c) */
	{VMK_VM_CREATED, VM_POWER_ON, VMK_VM_RUNNING},
	{VMK_VM_CREATED, VM_FAILED, VMK_VM_OFF},
	{VMK_VM_RUNNING, VM_PAUSE, VMK_VM_PAUSED},
	{VMK_VM_RUNNING, VM_RESET, VMK_VM_RUNNING},
	{VMK_VM_RUNNING, VM_STOP, VMK_VM_RUNNING},
	{VMK_VM_RUNNING, VM_HARD_STOP, VMK_VM_ENDING},
	{VMK_VM_RUNNING, VM_ENDED, VMK_VM_ENDING},
	{VMK_VM_PAUSED, VM_RESUME, VMK_VM_RUNNING},
	{VMK_VM_PAUSED, VM_HARD_STOP, VMK_VM_ENDING},
	{VMK_VM_PAUSED, VM_ENDED, VMK_VM_ENDING},
	{VMK_VM_ENDING, VM_ENDED, VMK_VM_ENDING},
	{VMK_VM_ENDING, VM_GONE, VMK_VM_OFF},
};

enum vmk_vm_state vm_life_next(enum vmk_vm_state state, enum vm_action action)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].from == state && rows[i].action == action)
			return rows[i].to;
	return VMK_VM_STATES_END;
}

const char *vm_state_name(enum vmk_vm_state state)
{
	static const char *const names[] = {
#define X(symbol, name) [symbol] = name,
		VMK_VM_STATES(X)
#undef X
	};

	return (unsigned)state < ARRAY_SIZE(names) ? names[state] : "?";
}

const char *vm_action_name(enum vm_action action)
{
	static const char *const names[] = {
#define X(symbol, name) [symbol] = name,
		VM_ACTIONS(X)
#undef X
	};

	return (unsigned)action < ARRAY_SIZE(names) ? names[action] : "?";
}
