/* A VM stands still: no vCPU in the guest, and its clocks stopped. */
#include "arch/x86/time.h"
#include "vmkvm/state.h"
#include "vtx/vtx_ops.h"

static bool anybody_runs(const struct vm *vm)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		if (__atomic_load_n(&vm->vcpus[i]->running_on, __ATOMIC_SEQ_CST) >= 0)
			return true;
	return false;
}

bool vm_is_paused(const struct vm *vm)
{
	return __atomic_load_n(&vm->held, __ATOMIC_SEQ_CST) & VM_HELD_PAUSED;
}

uint64_t vm_time_ns(const struct vm *vm)
{
	return guest_clock_ns(&vm->vtx.clock, time_ns());
}

/* Without interrupts. */
static uint64_t ticks_now(const struct vm *vm)
{
	return guest_clock_ticks(&vm->vtx.clock, vtx_rdtsc(), vtx_tsc_lag());
}

/* Before anybody enters the guest again. */
static void set_paused(struct vm *vm, bool paused)
{
	const uint64_t saved = spin_lock(&vm->lock);

	if (!paused) {
		guest_clock_hold(&vm->vtx.clock);
		guest_clock_go(&vm->vtx.clock, ticks_now(vm), time_ns());
	}
	vm_hold(vm, VM_HELD_PAUSED, paused);
	spin_unlock(&vm->lock, saved);
}

/* False: somebody is still in the guest. Nothing is to be done if somebody has resumed it. */
static bool stop_clock(struct vm *vm)
{
	const uint64_t saved = spin_lock(&vm->lock);
	const bool paused = vm_is_paused(vm), may = paused && !anybody_runs(vm);

	if (may) {
		guest_clock_hold(&vm->vtx.clock);
		guest_clock_stop(&vm->vtx.clock, ticks_now(vm), time_ns());
	}
	spin_unlock(&vm->lock, saved);
	return may || !paused;
}

void vm_pause(struct vm *vm, bool paused)
{
	set_paused(vm, paused);
	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		vm_kick(vm->vcpus[i]);
	/* Whoever takes a pCPU from now on sees that before it enters the guest (run.c). */
	while (!stop_clock(vm))
		world_yield();
	/* Its devices have waited for a time that does not come, or comes again. */
	event_signal(&vm->requests);
}
