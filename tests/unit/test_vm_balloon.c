/* sources: kernel/vmkvm/balloon.c kernel/vmkvm/pressure.c kernel/lib/lock.c */
/* sources: tests/unit/shim/panic.c */
/* Who is asked to give up memory when it is short, who waits for that, and when it is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/time.h"
#include "lib/log.h"
#include "mem/frames.h"
#include "vmkvm/pressure.h"
#include "vmkvm/state.h"

#define MIB(n) ((uint64_t)(n) << (20 - PAGE_SHIFT))
#define VMS    3u
#define MANY   100u

static struct vm vms[MANY];
static unsigned vm_number, asked[MANY], references;
static uint64_t spare, now, signals, promised;
static uint64_t rival; /* takes so much, once, of what is given */
static unsigned logged;
static bool killed;
static bool obedient; /* guests give up what they are asked for while somebody sleeps */

/* --- the rest of the kernel */

struct vm *vm_after(struct vm *vm)
{
	const unsigned next = vm ? (unsigned)(vm - vms) + 1 : 0;

	references -= vm != NULL;
	if (next == vm_number)
		return NULL;
	references++;
	return &vms[next];
}

void vm_ask_for(struct vm *vm, enum vmk_vm_request_kind kind)
{
	assert_int_equal(kind, VMK_VM_REQUEST_BALLOON);
	asked[vm - vms]++;
}

void vm_memory_usage(struct vm *vm, struct vm_usage *usage)
{
	*usage = (struct vm_usage){.reservation = vm->memory.policy.reservation,
		.limit = vm->memory.policy.limit,
		.granted = vm->memory.granted};
}

uint64_t frames_spare(enum frame_side side, uint64_t keep)
{
	assert_int_equal(side, FRAME_PRIVATE);
	return spare - MIN(spare, keep);
}

enum vmk_status frames_promise(
	enum frame_side side, uint64_t frames, uint64_t keep, struct frame_shortage *shortage)
{
	if (frames_spare(side, keep) < frames) {
		*shortage = (struct frame_shortage){side, frames, frames_spare(side, keep)};
		return VMK_NO_MEMORY;
	}
	spare -= frames;
	promised += frames;
	return VMK_OK;
}

uint64_t time_ns(void)
{
	return now;
}

void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
{
	logged++;
}

static void obey(struct vm *vm)
{
	const uint64_t most = vm->memory.ram.pages - vm_balloon_target(vm);

	if (vm->memory.granted > most) {
		spare += vm->memory.granted - most;
		vm->memory.granted = most;
	}
}

struct world *world_current(void)
{
	return NULL;
}

bool world_killed(const struct world *world)
{
	return killed;
}

void world_sleep(uint64_t nanoseconds)
{
	assert_false(killed);
	now += nanoseconds;
	/* Memory is not short, but for whoever waits: the supervisor takes nothing back. */
	vm_balloon_tend();
	for (unsigned i = 0; obedient && i < VMS; i++)
		obey(&vms[i]);
	if (spare >= rival) {
		spare -= rival;
		rival = 0;
	}
}

void event_signal(struct event *event)
{
	signals += event == vm_balloon_event();
}

static void make(unsigned i, uint64_t pages, uint64_t reservation, uint64_t granted)
{
	struct vm_memory *m = &vms[i].memory;

	memset(&vms[i], 0, sizeof(vms[i]));
	m->ram.pages = m->policy.limit = pages;
	m->policy.reservation = reservation;
	m->granted = granted;
}

static int set_up(void **state)
{
	make(0, MIB(64), 0, MIB(64));
	make(1, MIB(64), MIB(32), MIB(64));
	make(2, MIB(64), MIB(64), MIB(64));
	memset(asked, 0, sizeof(asked));
	vm_number = VMS;
	references = 0;
	signals = spare = promised = rival = 0;
	now = 1;
	obedient = killed = false;
	return 0;
}

static int nobody_keeps_a_reference(void **state)
{
	return references ? -1 : 0;
}

/* --- one VM */

static uint64_t raise(uint64_t pages, uint64_t reservation, uint64_t granted, uint64_t pressed)
{
	const struct pressure p = {pages, reservation, granted, pressed};

	return pressure_raise(&p, pressure_excess(&p), MIB(8));
}

static void a_vm_keeps_what_it_cannot_be_without(void **state)
{
	assert_int_equal(raise(MIB(64), 0, MIB(64), 0), MIB(56));
	assert_int_equal(raise(MIB(64), MIB(60), MIB(64), 0), MIB(60));
	assert_int_equal(raise(MIB(64), MIB(64), MIB(64), 0), 0);
	/* Nothing promised and little there: an eighth stays. */
	assert_int_equal(raise(MIB(8), 0, MIB(8), 0), MIB(1));
	assert_int_equal(raise(MIB(8), 0, MIB(1), 0), 0);
	assert_int_equal(raise(3, 0, 3, 0), 1);
	assert_int_equal(raise(3, 0, 1, 1), 1);
}

static void nothing_more_is_asked_before_it_has_obeyed(void **state)
{
	assert_int_equal(raise(MIB(64), 0, MIB(60), MIB(56)), MIB(56));
	assert_int_equal(raise(MIB(64), 0, MIB(56), MIB(56)), MIB(48));
}

static uint64_t lower(uint64_t pressed, uint64_t free, unsigned count)
{
	const struct pressure p = {MIB(64), 0, pressed, pressed};

	return pressure_lower(&p, free, MIB(16), count);
}

static void pressure_ends_in_steps_and_late(void **state)
{
	assert_int_equal(lower(0, MIB(500), 1), 0);
	assert_int_equal(lower(MIB(32), MIB(16), 1), MIB(32));
	assert_int_equal(lower(MIB(32), MIB(64), 1), MIB(32));
	assert_int_equal(lower(MIB(32), MIB(68), 1), MIB(36));
	assert_int_equal(lower(MIB(32), MIB(72), 1), MIB(40));
	assert_int_equal(lower(MIB(32), MIB(104), 1), MIB(52));
	assert_int_equal(lower(MIB(32), MIB(104), 2), MIB(42));
	assert_int_equal(lower(MIB(32), MIB(500), 1), 0);
	assert_int_equal(lower(MIB(60), MIB(72), 1), 0);
}

/* --- all of them */

/* Between the sum and its own part a guest touches more. */
static void what_has_come_since_the_sum_does_no_harm(void **state)
{
	const struct pressure p = {MIB(64), 0, MIB(10), 0};

	assert_int_equal(pressure_raise(&p, 0, MIB(8)), MIB(8));
	assert_int_equal(pressure_raise(&p, 1, MIB(8)), MIB(8));
}

static void each_gives_the_same_part(void **state)
{
	/* 56 and 32 MiB could go. */
	assert_int_equal(vm_balloon_press(MIB(22)), MIB(88));
	assert_int_equal(vm_balloon_target(&vms[0]), MIB(14));
	assert_int_equal(vm_balloon_target(&vms[1]), MIB(8));
	assert_int_equal(vm_balloon_target(&vms[2]), 0);
	assert_int_equal(asked[0], 1);
	assert_int_equal(asked[1], 1);
	assert_int_equal(asked[2], 0);
	assert_int_equal(signals, 1);
	vm_balloon_press(MIB(22));
	assert_int_equal(asked[0], 1);
	assert_int_equal(vm_balloon_press(MIB(1000)), MIB(88));
}

static void an_administrator_and_the_limit_count_too(void **state)
{
	struct vm_balloon_info info;

	vms[0].memory.policy.limit = MIB(60);
	assert_int_equal(vm_balloon_target(&vms[0]), MIB(4));
	vm_balloon_ask(&vms[0], MIB(32));
	vm_balloon_press(MIB(8));
	assert_int_equal(vm_balloon_target(&vms[0]), MIB(32));
	vm_balloon_report(&vms[0], MIB(70));
	vm_balloon_info(&vms[0], &info);
	assert_int_equal(info.pages, MIB(64));
	assert_int_equal(info.target, MIB(32));
	vm_balloon_ask(&vms[0], 0);
	assert_true(vm_balloon_target(&vms[0]) < MIB(32));
}

static void many_are_all_asked(void **state)
{
	vm_number = MANY;
	for (unsigned i = 0; i < MANY; i++)
		make(i, MIB(64), 0, MIB(64));
	assert_int_equal(vm_balloon_press(MIB(MANY)), MANY * MIB(56));
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(vm_balloon_target(&vms[i]), MIB(1));
	spare = MIB(10000);
	assert_true(vm_balloon_tend() > now);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(vm_balloon_target(&vms[i]), 0);
	assert_int_equal(vm_balloon_tend(), 0);
}

/* It may say what it likes; nothing follows from it. */
static void a_guest_is_asked_how_its_memory_is_once_a_second(void **state)
{
	struct vmk_vm_stats stats = {.known = UINT32_MAX, .reserved = 7, .value = {1, 2}}, heard;

	logged = 0;
	vm_balloon_log(&vms[0]);
	assert_int_equal(logged, 0);
	vm_balloon_stats(&vms[0], &heard);
	assert_int_equal(heard.known, 0);
	assert_int_equal(asked[0], 0); /* the log has just looked */
	now += 1000000000;
	vm_balloon_stats(&vms[0], &heard);
	assert_int_equal(asked[0], 1);
	vm_balloon_told(&vms[0], &stats);
	now += 999999999;
	vm_balloon_stats(&vms[0], &heard);
	assert_int_equal(asked[0], 1);
	assert_int_equal(heard.known, (1u << VMK_VM_STAT_COUNT) - 1);
	assert_int_equal(heard.reserved, 0);
	assert_int_equal(heard.value[1], 2);
	now++;
	vm_balloon_stats(&vms[0], &heard);
	assert_int_equal(asked[0], 2);
	vm_balloon_log(&vms[0]);
	assert_int_equal(logged, 1);
}

static void promise(uint64_t frames, enum vmk_status status)
{
	struct frame_shortage shortage = {0};

	assert_int_equal(vm_balloon_promise(FRAME_PRIVATE, frames, 0, &shortage), status);
	assert_int_equal(promised, status == VMK_OK ? frames : 0);
}

static void room_is_made_where_balloons_can_make_it(void **state)
{
	obedient = true;
	promise(MIB(40), VMK_OK);
	assert_true(spare < MIB(20));
	assert_true(now < VM_PATIENCE_NS);

	/* Enough is there: nobody is asked. */
	spare = MIB(40);
	promised = 0;
	memset(asked, 0, sizeof(asked));
	promise(MIB(40), VMK_OK);
	assert_int_equal(asked[0], 0);
}

static void room_is_made_where_much_is_free_but_more_is_wanted(void **state)
{
	obedient = true;
	spare = MIB(200);
	promise(MIB(240), VMK_OK);
	assert_true(now < VM_PATIENCE_NS);
}

static void what_is_kept_stays(void **state)
{
	struct frame_shortage shortage;

	obedient = true;
	assert_int_equal(vm_balloon_promise(FRAME_PRIVATE, MIB(30), MIB(10), &shortage), VMK_OK);
	assert_true(spare >= MIB(10));
	assert_int_equal(promised, MIB(30));
}

/* Somebody else was faster: it is asked for again. */
static void what_another_takes_is_waited_for_again(void **state)
{
	obedient = true;
	rival = MIB(20);
	promise(MIB(40), VMK_OK);
	assert_int_equal(rival, 0);
	assert_true(now < VM_PATIENCE_NS);
}

static void nobody_waits_for_what_cannot_come(void **state)
{
	promise(MIB(89), VMK_NO_MEMORY);
	assert_int_equal(now, 1);
}

static void who_does_not_obey_is_not_waited_for_long(void **state)
{
	promise(MIB(40), VMK_NO_MEMORY);
	assert_in_range(now, VM_PATIENCE_NS, VM_PATIENCE_NS + VM_LOOK_NS + 1);
}

static void who_is_killed_does_not_wait(void **state)
{
	killed = true;
	promise(MIB(40), VMK_NO_MEMORY);
	assert_int_equal(now, 1);
}

static void it_is_over_when_memory_is_there_again(void **state)
{
	assert_int_equal(vm_balloon_tend(), 0);
	vm_balloon_press(MIB(22));
	assert_true(vm_balloon_tend() > now);
	assert_int_equal(vm_balloon_target(&vms[0]), MIB(14));
	spare = PRESSURE_OVER * VM_KEEP_FREE + MIB(8);
	assert_true(vm_balloon_tend() > now);
	assert_int_equal(vm_balloon_target(&vms[0]), MIB(6));
	assert_int_equal(vm_balloon_target(&vms[1]), 0);
	assert_true(vm_balloon_tend() > now);
	assert_int_equal(vm_balloon_target(&vms[0]), 0);
	assert_int_equal(vm_balloon_tend(), 0);
	assert_int_equal(asked[0], 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, nobody_keeps_a_reference)
		TEST(a_vm_keeps_what_it_cannot_be_without),
		TEST(nothing_more_is_asked_before_it_has_obeyed),
		TEST(pressure_ends_in_steps_and_late),
		TEST(what_has_come_since_the_sum_does_no_harm),
		TEST(each_gives_the_same_part),
		TEST(an_administrator_and_the_limit_count_too),
		TEST(many_are_all_asked),
		TEST(a_guest_is_asked_how_its_memory_is_once_a_second),
		TEST(room_is_made_where_balloons_can_make_it),
		TEST(room_is_made_where_much_is_free_but_more_is_wanted),
		TEST(what_is_kept_stays),
		TEST(what_another_takes_is_waited_for_again),
		TEST(nobody_waits_for_what_cannot_come),
		TEST(who_does_not_obey_is_not_waited_for_long),
		TEST(who_is_killed_does_not_wait),
		TEST(it_is_over_when_memory_is_there_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
