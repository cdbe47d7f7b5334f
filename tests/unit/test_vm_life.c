/* sources: kernel/vmkvm/life.c kernel/vmkvm/console.c */
/* The table of a VM's life: what is possible where, and nothing else; and its console. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vmkvm/console.h"
#include "vmkvm/life.h"

/* Rows: states; columns: actions, in the order of VM_ACTIONS. "." is not possible. */
static const char *const expected[] = {
	[VMK_VM_OFF] = "C......O...",
	[VMK_VM_CREATED] = ".R......O..",
	[VMK_VM_RUNNING] = "..P.RRE..E.",
	[VMK_VM_PAUSED] = "...R..E..E.",
	[VMK_VM_ENDING] = ".........EO",
};
static const char letters[] = "OCRPE."; /* of states, and of none */

static void only_what_the_table_says(void **state)
{
	assert_int_equal(sizeof(expected) / sizeof(expected[0]), VMK_VM_STATES_END);
	for (unsigned from = 0; from < VMK_VM_STATES_END; from++) {
		assert_int_equal(strlen(expected[from]), VM_ACTION_COUNT);
		for (unsigned action = 0; action < VM_ACTION_COUNT; action++)
			assert_int_equal(
				letters[vm_life_next(from, action)], expected[from][action]);
	}
	assert_int_equal(vm_life_next(VMK_VM_STATES_END, VM_CREATE), VMK_VM_STATES_END);
	assert_int_equal(vm_life_next(VMK_VM_OFF, VM_ACTION_COUNT), VMK_VM_STATES_END);
}

static void everything_has_a_name(void **state)
{
	assert_string_equal(vm_state_name(VMK_VM_PAUSED), "paused");
	assert_string_equal(vm_state_name(VMK_VM_STATES_END), "?");
	assert_string_equal(vm_action_name(VM_HARD_STOP), "switched off");
	assert_string_equal(vm_action_name(VM_ACTION_COUNT), "?");
}

/* --- the console */

static struct vm_console console;
static char text[VM_CONSOLE_OUT + 10];
static size_t bytes;

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

/* Not under the lock: waking takes others. */
void event_signal(struct event *event)
{
	assert_int_equal(console.lock.serving, 0);
	event->count++;
}

static int fresh(void **state)
{
	vm_console_init(&console);
	vm_console_close(&console, false);
	return 0;
}

static void nobody_hears_unless_attached(void **state)
{
	assert_int_equal(vm_console_say(&console, "x", 1, &bytes), VMK_NOT_PRESENT);
	assert_int_equal(vm_console_hear(&console, text, 1, &bytes), VMK_NOT_PRESENT);
	assert_false(vm_console_readable(&console));
	assert_true(vm_console_attach(&console));
	assert_false(vm_console_attach(&console));
	vm_console_detach(&console);
	assert_true(vm_console_attach(&console));
}

static void both_ways(void **state)
{
	vm_console_attach(&console);
	assert_int_equal(vm_console_hear(&console, text, 8, &bytes), VMK_WOULD_BLOCK);
	assert_int_equal(vm_console_type(&console, "typed", 5), 5);
	assert_int_equal(vm_console_hear(&console, text, 2, &bytes), VMK_OK);
	assert_int_equal(bytes, 2);
	assert_int_equal(vm_console_hear(&console, text + 2, 8, &bytes), VMK_OK);
	assert_memory_equal(text, "typed", 5);
	assert_int_equal(vm_console_read(&console, text, 8, &bytes), VMK_WOULD_BLOCK);
	assert_int_equal(vm_console_say(&console, "said", 4, &bytes), VMK_OK);
	assert_int_equal(bytes, 4);
	assert_true(vm_console_readable(&console));
	assert_int_equal(vm_console_read(&console, text, 8, &bytes), VMK_OK);
	assert_int_equal(bytes, 4);
	assert_memory_equal(text, "said", 4);
	assert_false(vm_console_has_room_again(&console)); /* there always was */
}

/* What finds no room is not taken, and nothing is lost when there is room again; round the end. */
static void full_is_full(void **state)
{
	vm_console_attach(&console);
	for (unsigned round = 0; round < 3; round++) {
		memset(text, 'a' + (int)round, sizeof(text));
		assert_int_equal(vm_console_say(&console, text, sizeof(text), &bytes), VMK_OK);
		assert_int_equal(bytes, VM_CONSOLE_OUT);
		assert_int_equal(vm_console_say(&console, "z", 1, &bytes), VMK_OK);
		assert_int_equal(bytes, 0);
		assert_false(vm_console_has_room_again(&console));
		assert_int_equal(vm_console_read(&console, text, 7, &bytes), VMK_OK);
		assert_true(vm_console_has_room_again(&console));
		assert_false(vm_console_has_room_again(&console));
		assert_int_equal(vm_console_say(&console, "zzzzzzzz", 8, &bytes), VMK_OK);
		assert_int_equal(bytes, 7);
		assert_int_equal(vm_console_read(&console, text, sizeof(text), &bytes), VMK_OK);
		assert_int_equal(bytes, VM_CONSOLE_OUT);
		assert_int_equal(text[VM_CONSOLE_OUT - 8], 'a' + (int)round);
		assert_int_equal(text[VM_CONSOLE_OUT - 7], 'z');
	}
	assert_int_equal(vm_console_type(&console, text, sizeof(text)), VM_CONSOLE_IN);
	assert_int_equal(vm_console_type(&console, text, 1), 0);
}

/* Who comes later does not see what another typed or read. */
static void each_begins_anew(void **state)
{
	vm_console_attach(&console);
	vm_console_say(&console, "old", 3, &bytes);
	vm_console_type(&console, "old", 3);
	vm_console_detach(&console);
	vm_console_attach(&console);
	assert_int_equal(vm_console_hear(&console, text, 8, &bytes), VMK_WOULD_BLOCK);
	assert_int_equal(vm_console_read(&console, text, 8, &bytes), VMK_WOULD_BLOCK);
}

static void the_end_comes_after_the_last_word(void **state)
{
	uint64_t before = console.event.count;

	vm_console_attach(&console);
	vm_console_say(&console, "bye", 3, &bytes);
	vm_console_close(&console, true);
	assert_int_equal(console.event.count, before + 2);
	assert_int_equal(vm_console_read(&console, text, 8, &bytes), VMK_OK);
	assert_true(vm_console_readable(&console));
	assert_int_equal(vm_console_read(&console, text, 8, &bytes), VMK_NOT_PRESENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_the_table_says),
		cmocka_unit_test(everything_has_a_name),
		cmocka_unit_test_setup(nobody_hears_unless_attached, fresh),
		cmocka_unit_test_setup(both_ways, fresh),
		cmocka_unit_test_setup(full_is_full, fresh),
		cmocka_unit_test_setup(each_begins_anew, fresh),
		cmocka_unit_test_setup(the_end_comes_after_the_last_word, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
