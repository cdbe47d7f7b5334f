/* sources: kernel/vmkuser/uworld.c kernel/vmkuser/supervise.c kernel/vmkuser/image.c */
/* sources: kernel/vmkuser/grant.c tests/unit/shim/panic.c */
/* sources: kernel/vmkuser/handle.c kernel/vmkuser/budget.c kernel/vmkmod/elf.c */
/* sources: kernel/vmkuser/call_memory.c tests/unit/shim/world_kernel.c */
/* sources: tests/unit/shim/vm_kernel.c kernel/vmkmod/domain.c */
/* needs: build/worlds/selftest.elf */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/fault.h"
#include "arch/x86/syscall.h"
#include "lib/lock.h"
#include "mem/heap.h"
#include "sched/world.h"
#include "sched/world_group.h"
#include "vmkuser/secdomain.h"
#include "tests/unit/shim/vm_kernel.h"
#include "tests/unit/shim/world_kernel.h"
#include "vmknet/switch.h"
#include "vmkuser/login.h"
#include "vmkuser/supervise.h"
#include "vmkuser/uworld.h"

#define SECOND 1000000000ull

/* The one user world that lives at a time, and the supervisor. */
struct world {
	void (*entry)(void *argument);
	void (*at_exit)(void *owner);
	void *argument, *owner;
	bool started, killed;
};
static struct world user, supervisor;
static struct world *current;
static bool urgent;
static unsigned spaces, ports, threads, allocations;
static bool out_of_spaces;
static uint64_t deadline; /* of the supervisor's last wait */
static jmp_buf waiting, left;
static bool checked, entered, ended; /* on the way to ring 3 */
static uint8_t elf[1 << 20];
static struct package package;

enum vmk_status world_create(
	const char *name, void (*entry)(void *argument), void *argument, struct world **world)
{
	struct world *w = strcmp(name, "supervisor") ? &user : &supervisor;

	*w = (struct world){.entry = entry, .argument = argument};
	*world = w;
	threads++;
	return VMK_OK;
}

uint64_t world_id(const struct world *world)
{
	return 42;
}

void world_start(struct world *world)
{
	world->started = true;
}

static bool no_place; /* in the pool */

void world_put(struct world *world)
{
	threads--;
	if (no_place) /* who kills by name finds no thread that is about to be freed */
		assert_int_equal(uworld_kill("probe"), VMK_NOT_FOUND);
}

void world_set_shadow_stack(struct world *world, uintptr_t end)
{
}
void world_set_space(struct world *world, struct space *space)
{
}

void world_set_owner(struct world *world, void *owner)
{
	world->owner = owner;
}

void world_set_at_exit(struct world *world, void (*function)(void *owner))
{
	world->at_exit = function;
}

void world_kill(struct world *world)
{
	world->killed = true;
}

struct world *world_current(void)
{
	return current;
}

void event_signal(struct event *event)
{
	event->count++;
}

enum vmk_status event_wait_any(struct event *const *events, const uint64_t *seen, unsigned count,
	uint64_t deadline_ns, unsigned *index)
{
	assert_int_equal(events[0]->count, seen[0]);
	deadline = deadline_ns;
	longjmp(waiting, 1);
}

uint64_t spin_lock(struct spinlock *lock)
{
	assert_int_equal(lock->serving, 0);
	lock->serving = 1;
	return 0;
}

void spin_unlock(struct spinlock *lock, uint64_t saved)
{
	lock->serving = 0;
}

enum vmk_status space_create(struct space **space)
{
	if (out_of_spaces)
		return VMK_NO_MEMORY;
	spaces++;
	*space = &sim.space;
	return VMK_OK;
}

void world_urgent(bool is)
{
	urgent = is;
}

void space_destroy(struct space *space, void (*give_way)(void))
{
	assert_true(urgent);
	assert_ptr_equal(give_way, sched_give_way);
	spaces--;
	for (unsigned i = 0; i < SIM_PAGES_MAX; i++)
		space->pages[i].address = 0;
	space->mapped = 0;
}

enum vmk_status world_join_pool(struct world *world, const char *path)
{
	return no_place ? VMK_NO_RESOURCES : VMK_OK;
}

void world_set_cpu(struct world *world, uint32_t shares, uint32_t limit)
{
}

struct secdomain {
	unsigned worlds;
};

struct secdomain *secdomain_join(const struct package *p)
{
	static struct secdomain domain;

	domain.worlds++;
	return &domain;
}

void secdomain_leave(struct secdomain *domain)
{
	assert_true(domain->worlds--);
}

void secdomain_end_life(struct uworld *u)
{
}

enum vmk_status call_deny(struct uworld *u, enum vmk_action action)
{
	return VMK_DENIED;
}

enum vmk_status port_create(const char *name, bool guest, struct port **port)
{
	ports++;
	*port = (struct port *)&ports;
	return VMK_OK;
}

void port_destroy(struct port *port)
{
	ports--;
}

void *heap_alloc(size_t bytes)
{
	allocations++;
	return calloc(1, bytes);
}

void heap_free(void *memory)
{
	if (memory)
		allocations--;
	free(memory);
}

void trap_leave_to_user(void)
{
	checked = true;
	ended = user.killed;
	if (ended)
		longjmp(left, 1);
}

void cpu_enter_user(uint64_t rip, uint64_t rsp)
{
	assert_true(checked);
	entered = true;
	longjmp(left, 1);
}

void syscall_init_cpu(void)
{
}

/* Until the supervisor waits. */
static void supervise(void)
{
	current = &supervisor;
	if (!setjmp(waiting))
		supervisor.entry(supervisor.argument);
}

/* The world's thread comes to its end. */
static void end_world(void)
{
	assert_true(user.started);
	current = &user;
	user.started = false;
	user.at_exit(user.owner);
	assert_int_equal(spaces, 0);
	assert_int_equal(ports, 0);
}

static int setup(void **state)
{
	FILE *file = fopen("build/worlds/selftest.elf", "rb");

	assert_non_null(file);
	sim_reset();
	sim.now_ns = 10 * SECOND;
	package = (struct package){.name = "probe",
		.version = "1.0",
		.kind = PACKAGE_WORLD,
		.payload = elf,
		.grants.port = VMK_RIGHT_READ,
		.restart = true,
		.payload_bytes = fread(elf, 1, sizeof(elf), file)};
	fclose(file);
	out_of_spaces = false;
	threads = 0;
	uworld_init();
	return 0;
}

/* Let go of the world, so that the next test begins without any. */
static int teardown(void **state)
{
	struct uworld *u = user.owner;

	if (user.started) {
		u->package.restart = false;
		end_world();
		supervise();
	}
	assert_int_equal(allocations, 0);
	assert_int_equal(threads, 0);
	return 0;
}

static void test_restart_with_backoff(void **state)
{
	const unsigned delays[] = {1, 2, 4};

	assert_int_equal(uworld_start(&package), VMK_OK);
	for (unsigned i = 0; i < 3; i++) {
		end_world();
		supervise();
		assert_int_equal(deadline, sim.now_ns + delays[i] * SECOND);
		assert_false(user.started);
		sim.now_ns = deadline - 1;
		supervise();
		assert_false(user.started);
		sim.now_ns = deadline;
		supervise();
		assert_true(user.started);
		assert_int_equal(deadline, 0);
		assert_int_equal(spaces, 1);
	}
	sim.now_ns += 61 * SECOND; /* a long life: the delay begins anew */
	end_world();
	supervise();
	assert_int_equal(deadline, sim.now_ns + SECOND);
	sim.now_ns = deadline;
	supervise();
}

static void test_no_restart(void **state)
{
	package.restart = false;
	assert_int_equal(uworld_start(&package), VMK_OK);
	assert_int_equal(uworld_start(&package), VMK_EXISTS);
	end_world();
	supervise();
	assert_int_equal(deadline, 0);
	assert_int_equal(allocations, 0);
	assert_int_equal(uworld_kill("probe"), VMK_NOT_FOUND);
	assert_int_equal(uworld_start(&package), VMK_OK);
}

static void test_kill(void **state)
{
	assert_int_equal(uworld_kill("probe"), VMK_NOT_FOUND);
	assert_int_equal(uworld_start(&package), VMK_OK);
	assert_int_equal(uworld_kill("prob"), VMK_NOT_FOUND);
	assert_false(user.killed);
	assert_int_equal(uworld_kill("probe"), VMK_OK);
	assert_true(user.killed);
	end_world();
	assert_int_equal(uworld_kill("probe"), VMK_NOT_FOUND);
	supervise();
	assert_int_equal(uworld_kill("probe"), VMK_NOT_FOUND);
	sim.now_ns = deadline;
	supervise();
	assert_int_equal(uworld_kill("probe"), VMK_OK);
}

static uint64_t idles_ns; /* when a session in it is over; 0: there is none */

bool login_idles(struct uworld *u, uint64_t now_ns, uint64_t *when_ns)
{
	const bool over = idles_ns && idles_ns <= now_ns;

	*when_ns = over ? 0 : idles_ns;
	idles_ns = over ? 0 : idles_ns;
	return over;
}

/* Also one that asks for nothing more: the supervisor waits for that time, and kills it. */
static void test_idle_session(void **state)
{
	assert_int_equal(uworld_start(&package), VMK_OK);
	supervise();
	assert_int_equal(deadline, 0);
	idles_ns = sim.now_ns + 7 * SECOND;
	supervise_look();
	supervise();
	assert_int_equal(deadline, idles_ns);
	assert_false(user.killed);
	sim.now_ns = deadline;
	supervise();
	assert_true(user.killed);
	assert_int_equal(deadline, 0);
}

/* One VM's world is not killed in place of another's that had its name before. */
static void test_kill_is_of_one_vm(void **state)
{
	static struct vm first, second;

	assert_int_equal(uworld_start_vmx(&package, &package, &first), VMK_OK);
	assert_int_equal(uworld_kill_vmx(&second), VMK_NOT_FOUND);
	assert_false(user.killed);
	end_world();
	assert_int_equal(uworld_kill_vmx(&first), VMK_NOT_FOUND);
	supervise();
	assert_int_equal(uworld_start_vmx(&package, &package, &second), VMK_OK);
	assert_int_equal(uworld_kill_vmx(&first), VMK_NOT_FOUND);
	assert_false(user.killed);
	assert_int_equal(uworld_kill_vmx(&second), VMK_OK);
	assert_true(user.killed);
}

static void enter_ring_3(void)
{
	checked = entered = ended = false;
	if (!setjmp(left))
		user.entry(user.argument);
}

/* A world that is killed before its first instruction never executes it. */
static void test_entry_is_a_return_to_ring_3(void **state)
{
	assert_int_equal(uworld_start(&package), VMK_OK);
	enter_ring_3();
	assert_true(entered);
	assert_int_equal(uworld_kill("probe"), VMK_OK);
	enter_ring_3();
	assert_true(ended);
	assert_false(entered);
}

static void test_restart_that_fails_is_tried_again(void **state)
{
	assert_int_equal(uworld_start(&package), VMK_OK);
	end_world();
	supervise();
	out_of_spaces = true;
	sim.now_ns = deadline;
	supervise();
	assert_false(user.started);
	assert_int_equal(deadline, sim.now_ns + 2 * SECOND);
	out_of_spaces = false;
	sim.now_ns = deadline;
	supervise();
	assert_true(user.started);
}

static void test_a_thread_without_a_place_is_not_found(void **state)
{
	const unsigned before = threads;

	no_place = true;
	assert_int_equal(uworld_start(&package), VMK_NO_RESOURCES);
	no_place = false;
	assert_int_equal(threads, before);
	assert_int_equal(spaces + ports + allocations, 0);
}

static void test_failed_start_leaves_nothing(void **state)
{
	elf[0] = 0;
	assert_int_equal(uworld_start(&package), VMK_BAD_FORMAT);
	assert_string_equal(sim.log, "World probe: not started: not a 64-bit little-endian ELF "
				     "file (bad-format)");
	assert_int_equal(spaces + ports + threads + allocations, 0);
	package.kind = PACKAGE_DRIVER;
	assert_int_equal(uworld_start(&package), VMK_BAD_PARAM);
}

int main(void)
{
#define LIFE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		LIFE(test_restart_with_backoff),
		LIFE(test_no_restart),
		LIFE(test_kill),
		LIFE(test_idle_session),
		LIFE(test_kill_is_of_one_vm),
		LIFE(test_entry_is_a_return_to_ring_3),
		LIFE(test_restart_that_fails_is_tried_again),
		LIFE(test_a_thread_without_a_place_is_not_found),
		LIFE(test_failed_start_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
