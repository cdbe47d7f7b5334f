/* sources: kernel/sched/world_canaries.c kernel/arch/x86/context.c kernel/lib/random.c */
/* sources: kernel/lib/blake2s.c kernel/lib/chacha.c kernel/lib/lock.c tests/unit/shim/panic.c */
/* Each world has a stack canary of its own, and the audit of them sees each that has not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "arch/x86/features.h"
#include "arch/x86/shadow.h"
#include "lib/random.h"
#include "sched/world_state.h"

#define WORLDS 64u

struct list worlds = {&worlds, &worlds};
static struct world world[WORLDS];
static struct world_canaries found;

/* What context.c needs of the machine: nobody switches here. */
char context_first[1];

enum vmk_status shadow_create_context(struct context *context, uint64_t first)
{
	return VMK_OK;
}

enum vmk_status shadow_create(uint64_t *token)
{
	return VMK_UNSUPPORTED;
}

void shadow_free(uint64_t end)
{
}

void features_split_cpu(void)
{
}

uint64_t cet_kernel_flags(void)
{
	return 0;
}

_Noreturn void stack_continue(void *top, void (*entry)(void), uint64_t token, uint64_t s_cet);
_Noreturn void stack_continue(void *top, void (*entry)(void), uint64_t token, uint64_t s_cet)
{
	fail();
	__builtin_unreachable();
}

static void entry(void *argument)
{
}

/* As world_create() does. */
static int fresh(void **state)
{
	static uint8_t stack[256] __attribute__((aligned(16)));

	random_seed("canaries", 8);
	list_init(&worlds);
	memset(world, 0, sizeof(world));
	for (unsigned i = 0; i < WORLDS; i++) {
		world[i].stack_top = stack + sizeof(stack);
		world[i].task.state = TASK_READY;
		list_append(&worlds, &world[i].all);
		if (context_init(&world[i].context, world[i].stack_top, entry, NULL) != VMK_OK)
			return 1;
	}
	return 0;
}

static void all_differ(void **state)
{
	for (unsigned i = 0; i < WORLDS; i++) {
		assert_int_equal(world[i].context.canary & 0xff, 0);
		assert_int_not_equal(world[i].context.canary, 0);
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(world[i].context.canary, world[j].context.canary);
	}
	world_audit_canaries(&worlds, &found);
	assert_int_equal(found.worlds, WORLDS);
	assert_int_equal(found.shared + found.weak, 0);
}

static void one_that_is_not_its_own_is_seen(void **state)
{
	world[9].context.canary = world[3].context.canary;
	world[60].context.canary = world[3].context.canary;
	world_audit_canaries(&worlds, &found);
	assert_int_equal(found.shared, 2);
	assert_int_equal(found.weak, 0);
}

static void a_weak_one_is_seen(void **state)
{
	world[9].context.canary |= 0x41;
	world_audit_canaries(&worlds, &found);
	assert_int_equal(found.weak, 1);
	world[10].context.canary = 0;
	world_audit_canaries(&worlds, &found);
	assert_int_equal(found.weak, 2);
	assert_int_equal(found.shared, 0);
}

/* The stack of a CPU's start has the canary in the CPU's area until its world first waits; a world
 * that is being made has none yet. */
static void those_that_have_none_yet_are_left_out(void **state)
{
	world[0].stack_top = NULL;
	world[0].context.canary = 0;
	world[1].task.state = TASK_NEW;
	world[1].context.canary = 0;
	world_audit_canaries(&worlds, &found);
	assert_int_equal(found.worlds, WORLDS - 2);
	assert_int_equal(found.weak, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_differ, fresh),
		cmocka_unit_test_setup(one_that_is_not_its_own_is_seen, fresh),
		cmocka_unit_test_setup(a_weak_one_is_seen, fresh),
		cmocka_unit_test_setup(those_that_have_none_yet_are_left_out, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
