/* How much memory guests are asked to give up, and why. */
#include "arch/x86/time.h"
#include "lib/log.h"
#include "mem/frames.h"
#include "vmkvm/pressure.h"
#include "vmkvm/state.h"

#define LOG_MODULE "Vm"

/* How often it is looked whether memory is still short. */
#define TEND_NS 1000000000ull

/* How often a guest is asked how its memory is, at most. */
#define STATS_NS 1000000000ull

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

void vm_balloon_told(struct vm *vm, const struct vmk_vm_stats *stats)
{
	const uint64_t saved = spin_lock(&vm->lock);

	vm->balloon.stats = *stats;
	vm->balloon.stats.known &= (1u << VMK_VM_STAT_COUNT) - 1;
	vm->balloon.stats.reserved = 0;
	spin_unlock(&vm->lock, saved);
}

static bool take_stats(struct vm *vm, struct vmk_vm_stats *stats)
{
	const uint64_t now = time_ns(), saved = spin_lock(&vm->lock);
	struct vm_balloon *b = &vm->balloon;
	const bool due = !b->stats_asked_ns || now - b->stats_asked_ns >= STATS_NS;

	*stats = b->stats;
	if (due)
		b->stats_asked_ns = now;
	spin_unlock(&vm->lock, saved);
	return due;
}

void vm_balloon_stats(struct vm *vm, struct vmk_vm_stats *stats)
{
	if (take_stats(vm, stats))
		vm_ask_for(vm, VMK_VM_REQUEST_BALLOON);
}

void vm_balloon_log(struct vm *vm)
{
	const uint32_t told = 1u << VMK_VM_STAT_TOTAL | 1u << VMK_VM_STAT_FREE;
	struct vmk_vm_stats stats;

	take_stats(vm, &stats);
	if ((stats.known & told) == told)
		vmk_log("VM %s: its guest said that of %llu KiB %llu are free", vm->name,
			(unsigned long long)(stats.value[VMK_VM_STAT_TOTAL] >> 10),
			(unsigned long long)(stats.value[VMK_VM_STAT_FREE] >> 10));
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

static uint64_t excess_of_all(void)
{
	uint64_t all = 0;

	for (struct vm *vm = vm_after(NULL); vm; vm = vm_after(vm)) {
		const struct pressure p = pressure_of(vm);

		all += pressure_excess(&p);
	}
	return all;
}

uint64_t vm_balloon_press(uint64_t wanted)
{
	const uint64_t all = excess_of_all();

	for (struct vm *vm = vm_after(NULL); vm; vm = vm_after(vm)) {
		const struct pressure p = pressure_of(vm);

		set(vm, &vm->balloon.pressed, pressure_raise(&p, all, wanted));
	}
	event_signal(&changed);
	return all;
}

/* Is it worth another look: could balloons give what is missing? */
static bool may_come(const struct frame_shortage *shortage, uint64_t end)
{
	const uint64_t missing = shortage->needed - shortage->available;

	/* Who is killed does not sleep any more. */
	return time_ns() < end && !world_killed(world_current()) &&
	       vm_balloon_press(missing) >= missing;
}

enum vmk_status vm_balloon_promise(
	enum frame_side side, uint64_t frames, uint64_t keep, struct frame_shortage *shortage)
{
	const uint64_t end = time_ns() + VM_PATIENCE_NS;
	enum vmk_status status;

	__atomic_add_fetch(&room, frames + keep, __ATOMIC_RELAXED);
	while ((status = frames_promise(side, frames, keep, shortage)) == VMK_NO_MEMORY &&
		may_come(shortage, end))
		world_sleep(VM_LOOK_NS);
	__atomic_sub_fetch(&room, frames + keep, __ATOMIC_RELAXED);
	return status;
}

struct event *vm_balloon_event(void)
{
	return &changed;
}

static unsigned count_pressed(void)
{
	unsigned pressed = 0;

	for (struct vm *vm = vm_after(NULL); vm; vm = vm_after(vm))
		pressed += pressure_of(vm).pressed != 0;
	return pressed;
}

uint64_t vm_balloon_tend(void)
{
	const unsigned pressed = count_pressed();
	const uint64_t unused = frames_spare(FRAME_PRIVATE, 0);
	const uint64_t awaited = __atomic_load_n(&room, __ATOMIC_RELAXED);
	/* What is waited for is not to spare. */
	const uint64_t spare = unused - MIN(unused, awaited);

	for (struct vm *vm = vm_after(NULL); vm; vm = vm_after(vm)) {
		const struct pressure p = pressure_of(vm);

		set(vm, &vm->balloon.pressed, pressure_lower(&p, spare, VM_KEEP_FREE, pressed));
	}
	return pressed ? time_ns() + TEND_NS : 0;
}
