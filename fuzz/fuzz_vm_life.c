/* sources: kernel/vmkvm/life.c */
/* coverage: edges */
/*
 * What is done with a VM, in any order: a bit of a naive account says whether it has memory, runs,
 * or stands still, and the table agrees.
 */
#include <stdlib.h>

#include "lib/types.h"
#include "vmkvm/life.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ACTIONS ((unsigned)VM_ACTION_COUNT)

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Whether it may be done at all. */
static bool allows(enum vmk_vm_state state, enum vm_action action)
{
	const bool lives = state == VMK_VM_RUNNING || state == VMK_VM_PAUSED;

	switch (action) {
	case VM_CREATE:
	case VM_DESTROY:
		return state == VMK_VM_OFF;
	case VM_POWER_ON:
	case VM_FAILED:
		return state == VMK_VM_CREATED;
	case VM_PAUSE:
	case VM_RESET:
	case VM_STOP:
		return state == VMK_VM_RUNNING;
	case VM_RESUME:
		return state == VMK_VM_PAUSED;
	case VM_HARD_STOP:
		return lives;
	case VM_ENDED:
		return lives || state == VMK_VM_ENDING;
	case VM_GONE:
		return state == VMK_VM_ENDING;
	case VM_ACTION_COUNT:
		break;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum vmk_vm_state state = VMK_VM_OFF;

	for (size_t i = 0; i < size; i++) {
		const enum vm_action action = data[i] % (ACTIONS + 1);
		const enum vmk_vm_state next = vm_life_next(state, action);

		require(*vm_action_name(action) && *vm_state_name(next));
		require((next != VMK_VM_STATES_END) == allows(state, action));
		if (next == VMK_VM_STATES_END)
			continue;
		/* Only who ends, or fails to begin, is off, or stays so when destroyed. */
		require(next != VMK_VM_OFF || action == VM_GONE || action == VM_FAILED ||
			action == VM_DESTROY);
		require(state != VMK_VM_ENDING || next == VMK_VM_ENDING || next == VMK_VM_OFF);
		state = next;
	}
	return 0;
}
