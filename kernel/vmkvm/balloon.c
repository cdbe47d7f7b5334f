/* How much memory guests are asked to give up, and why. */
#include "arch/x86/time.h"
#include "mem/frames.h"
#include "vmkvm/pressure.h"
#include "vmkvm/state.h"

#define VMS_AT_ONCE 32u
/* How often it is looked whether memory is still short. */
#define TEND_NS 1000000000ull

static struct event changed;
static uint64_t room; /* frames that power-ons wait for; atomic */

uint64_t vm_balloon_target(const struct vm *vm)
{
	const struct vm_memory *m = &vm->memory;
	const uint64_t asked = __atomic_load_n(&vm->balloon.asked, __ATOMIC_RELAXED);
	const uint64_t pressed = __atomic_load_n(&vm->balloon.pressed, __ATOMIC_RELAXED);
	uint64_t most = m->policy.limit;

	most = asked ? MIN(most, asked) : most;
	most = pressed ? MIN(most, pressed) : most;
	return m->ram.pages - MIN(most, m->ram.pages);
}

void vm_balloon_info(const struct vm *vm, struct vm_balloon_info *info)
{
	info->target = vm_balloon_target(vm);
	info->pages = __atomic_load_n(&vm->balloon.reported, __ATOMIC_RELAXED);
}

static void set(struct vm *vm, uint64_t *what, uint64_t frames)
{
	if (__atomic_exchange_n(what, frames, __ATOMIC_RELAXED) != frames)
		vm_ask_for(vm, VMK_VM_REQUEST_BALLOON);
}

void vm_balloon_ask(struct vm *vm, uint64_t frames)
{
	set(vm, &vm->balloon.asked, frames);
}

void vm_balloon_report(struct vm *vm, uint64_t pages)
{
	__atomic_store_n(&vm->balloon.reported, MIN(pages, vm->memory.ram.pages), __ATOMIC_RELAXED);
}

static struct pressure pressure_of(struct vm *vm)
{
	struct vm_usage usage;

	vm_memory_usage(vm, &usage);
	return (struct pressure){.pages = vm->memory.ram.pages,
		.reservation = usage.reservation,
		.granted = usage.granted,
		.pressed = __atomic_load_n(&vm->balloon.pressed, __ATOMIC_RELAXED)};
}

static uint64_t excess_of_all(struct vm *const vms[], unsigned count)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct pressure p = pressure_of(vms[i]);

		all += pressure_excess(&p);
	}
	return all;
}

uint64_t vm_balloon_press(uint64_t wanted)
{
	struct vm *vms[VMS_AT_ONCE];
	const unsigned count = vm_collect(vms, VMS_AT_ONCE);
	const uint64_t all = excess_of_all(vms, count);

	for (unsigned i = 0; i < count; i++) {
		const struct pressure p = pressure_of(vms[i]);

		set(vms[i], &vms[i]->balloon.pressed, pressure_raise(&p, all, wanted));
		vm_put(vms[i]);
	}
	event_signal(&changed);
	return all;
}

void vm_balloon_make_room(uint64_t frames)
{
	const uint64_t end = time_ns() + VM_PATIENCE_NS;
	uint64_t spare;

	/* Who is killed does not sleep any more. */
	__atomic_add_fetch(&room, frames, __ATOMIC_RELAXED);
	while ((spare = frames_spare()) < frames && time_ns() < end &&
		!world_killed(world_current()) &&
		vm_balloon_press(frames - spare) >= frames - spare)
		world_sleep(VM_LOOK_NS);
	__atomic_sub_fetch(&room, frames, __ATOMIC_RELAXED);
}

struct event *vm_balloon_event(void)
{
	return &changed;
}

static unsigned pressed_among(struct vm *const vms[], unsigned count)
{
	unsigned pressed = 0;

	for (unsigned i = 0; i < count; i++)
		pressed += pressure_of(vms[i]).pressed != 0;
	return pressed;
}

uint64_t vm_balloon_tend(void)
{
	struct vm *vms[VMS_AT_ONCE];
	const unsigned count = vm_collect(vms, VMS_AT_ONCE);
	const unsigned pressed = pressed_among(vms, count);
	const uint64_t unused = frames_spare();
	const uint64_t awaited = __atomic_load_n(&room, __ATOMIC_RELAXED);
	/* What is waited for is not to spare. */
	const uint64_t spare = unused - MIN(unused, awaited);

	for (unsigned i = 0; i < count; i++) {
		const struct pressure p = pressure_of(vms[i]);

		set(vms[i], &vms[i]->balloon.pressed,
			pressure_lower(&p, spare, VM_KEEP_FREE, pressed));
		vm_put(vms[i]);
	}
	return pressed ? time_ns() + TEND_NS : 0;
}
