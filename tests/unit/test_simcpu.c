/* sources: fuzz/models/simcpu.c fuzz/models/simcpu_memory.c */
/* Simulated processors: what each sees of the others' stores, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fuzz/models/simcpu.h"
#include "fuzz/models/simcpu_memory.h"

#define BUFFER 16u /* stores that may wait */

/* As clang calls them. */
uint8_t __tsan_atomic8_load(const volatile uint8_t *at, int order);
uint32_t __tsan_atomic32_load(const volatile uint32_t *at, int order);
void __tsan_atomic8_store(volatile uint8_t *at, uint8_t value, int order);
void __tsan_atomic32_store(volatile uint32_t *at, uint32_t value, int order);
void __tsan_atomic64_store(volatile uint64_t *at, uint64_t value, int order);
uint32_t __tsan_atomic32_fetch_add(volatile uint32_t *at, uint32_t value, int order);
void __tsan_atomic_thread_fence(int order);

static uint32_t x, y, others[BUFFER];

static void begin(bool tso)
{
	x = y = 0;
	simcpu_memory_reset(tso);
	simcpu_memory_is(0);
}

static void store(uint32_t *at, uint32_t value)
{
	__tsan_atomic32_store(at, value, __ATOMIC_RELEASE);
}

static uint32_t seen_by(unsigned cpu, const uint32_t *at)
{
	simcpu_memory_is(cpu);
	return __tsan_atomic32_load(at, __ATOMIC_ACQUIRE);
}

static void test_a_store_waits(void **state)
{
	begin(true);
	store(&x, 1);
	assert_int_equal(x, 1);
	assert_int_equal(seen_by(1, &x), 0);
	assert_int_equal(seen_by(0, &x), 1);
	simcpu_memory_drain(0, 1);
	assert_int_equal(seen_by(0, &x), 1);
	assert_int_equal(seen_by(1, &x), 1);
	assert_int_equal(seen_by(SIMCPU_CPUS, &x), 1);
}

static void test_in_order(void **state)
{
	begin(true);
	store(&x, 1);
	store(&y, 2);
	store(&x, 3);
	assert_int_equal(seen_by(1, &x), 0);
	simcpu_memory_drain(0, 1);
	assert_int_equal(x, 1);
	assert_int_equal(y, 0);
	simcpu_memory_drain(0, 1);
	assert_int_equal(x, 1);
	assert_int_equal(y, 2);
	assert_int_equal(seen_by(0, &x), 3);
	simcpu_memory_drain(0, 5);
	assert_int_equal(seen_by(1, &x), 3);
}

static void test_without_buffers(void **state)
{
	begin(false);
	store(&x, 1);
	assert_int_equal(seen_by(1, &x), 1);
}

static void test_what_empties(void **state)
{
	begin(true);
	store(&x, 1);
	__tsan_atomic_thread_fence(__ATOMIC_RELEASE);
	assert_int_equal(seen_by(1, &x), 0);
	simcpu_memory_is(0);
	__tsan_atomic_thread_fence(__ATOMIC_SEQ_CST);
	assert_int_equal(seen_by(1, &x), 1);
	simcpu_memory_is(0);
	store(&x, 2);
	assert_int_equal(__tsan_atomic32_fetch_add(&y, 1, __ATOMIC_RELAXED), 0);
	assert_int_equal(seen_by(1, &x), 2);
	simcpu_memory_is(0);
	store(&x, 3);
	__tsan_atomic32_store(&y, 7, __ATOMIC_SEQ_CST);
	assert_int_equal(seen_by(1, &x), 3);
	assert_int_equal(y, 7);
}

static void test_a_full_buffer(void **state)
{
	begin(true);
	store(&x, 1);
	for (unsigned i = 0; i < BUFFER; i++) {
		others[i] = 0;
		assert_int_equal(seen_by(1, &x), 0);
		simcpu_memory_is(0);
		store(&others[i], 1);
	}
	assert_int_equal(seen_by(1, &x), 1);
	assert_int_equal(others[0], 0);
}

/* A plain store to what waits is seen at once, and with it all that is older. */
static void test_plain_on_top(void **state)
{
	begin(true);
	store(&y, 1);
	store(&x, 2);
	store(&others[0], 3);
	x = 4;
	assert_int_equal(seen_by(1, &x), 4);
	assert_int_equal(y, 1);
	assert_int_equal(others[0], 3);
	y = 9;
	assert_int_equal(seen_by(0, &y), 9);
}

static void test_stores_over_each_other(void **state)
{
	union {
		uint64_t all;
		uint32_t half[2];
		uint8_t bytes[8];
	} *u = calloc(1, sizeof(*u));

	assert_non_null(u);
	begin(true);
	__tsan_atomic64_store(&u->all, 0x1111111111111111, __ATOMIC_RELAXED);
	__tsan_atomic32_store(&u->half[1], 0x22222222, __ATOMIC_RELAXED);
	__tsan_atomic8_store(&u->bytes[7], 0x33, __ATOMIC_RELAXED);
	assert_int_equal(u->all, 0x3322222211111111);
	simcpu_memory_is(1);
	assert_int_equal(u->all, 0);
	simcpu_memory_drain(0, 2);
	assert_int_equal(u->all, 0x2222222211111111);
	simcpu_memory_is(0);
	assert_int_equal(__tsan_atomic8_load(&u->bytes[7], __ATOMIC_RELAXED), 0x33);
	free(u);
}

static void test_two_write_the_same(void **state)
{
	begin(true);
	store(&x, 1);
	simcpu_memory_is(1);
	store(&x, 2);
	simcpu_memory_drain(0, 1);
	assert_int_equal(x, 2);
	assert_int_equal(seen_by(2, &x), 1);
	assert_int_equal(seen_by(1, &x), 2);
	simcpu_memory_drain(1, 1);
	assert_int_equal(seen_by(0, &x), 2);
}

/* --- runs: two processors write one word each and read the other's; or, where one passes on, it
 * writes both and the other reads them the other way round */

static uint32_t read[2];
static bool passes_on;

static void rest(void)
{
	for (;;)
		simcpu_halt();
}

static void first(void *argument)
{
	store(&x, 1);
	if (passes_on)
		store(&y, 1);
	else
		read[0] = __tsan_atomic32_load(&y, __ATOMIC_ACQUIRE);
	rest();
}

static void second(void *argument)
{
	if (passes_on) {
		read[0] = __tsan_atomic32_load(&y, __ATOMIC_ACQUIRE);
		read[1] = __tsan_atomic32_load(&x, __ATOMIC_ACQUIRE);
	} else {
		store(&y, 1);
		read[1] = __tsan_atomic32_load(&x, __ATOMIC_ACQUIRE);
	}
	rest();
}

static void interrupt(unsigned cpu)
{
}

static void failed(const char *what)
{
	fail_msg("%s", what);
}

/* How many of all seeds end so. */
static unsigned runs_that_read(uint32_t of_first, uint32_t of_second, bool tso, unsigned changes)
{
	static const struct simcpu_ops ops = {.interrupt = interrupt, .fail = failed};
	unsigned count = 0;

	for (unsigned seed = 0; seed < 2000; seed++) {
		const struct simcpu_config config = {.cpus = 2,
			.seed = seed * 0x9e3779b97f4a7c15,
			.tso = tso,
			.change_points = changes,
			.change_within = 8};

		simcpu_start(&config, &ops);
		x = y = read[0] = read[1] = 0;
		simcpu_thread(0, first, NULL);
		simcpu_thread(1, second, NULL);
		simcpu_boot(0, 0);
		simcpu_boot(1, 1);
		assert_false(simcpu_run(1000));
		count += read[0] == of_first && read[1] == of_second;
	}
	return count;
}

static void test_both_look_too_early(void **state)
{
	passes_on = false;
	assert_true(runs_that_read(0, 0, true, 0) > 0);
	assert_true(runs_that_read(0, 0, true, 2) > 0);
	assert_int_equal(runs_that_read(0, 0, false, 0), 0);
	assert_int_equal(runs_that_read(0, 0, false, 2), 0);
	assert_true(runs_that_read(1, 1, false, 0) > 0);
	assert_true(runs_that_read(1, 1, false, 2) > 0);
}

static void test_stores_keep_their_order(void **state)
{
	passes_on = true;
	assert_int_equal(runs_that_read(1, 0, true, 0), 0);
	assert_int_equal(runs_that_read(1, 0, true, 2), 0);
	assert_true(runs_that_read(0, 1, true, 0) > 0);
	assert_true(runs_that_read(1, 1, true, 0) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_store_waits),
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_without_buffers),
		cmocka_unit_test(test_what_empties),
		cmocka_unit_test(test_a_full_buffer),
		cmocka_unit_test(test_plain_on_top),
		cmocka_unit_test(test_stores_over_each_other),
		cmocka_unit_test(test_two_write_the_same),
		cmocka_unit_test(test_both_look_too_early),
		cmocka_unit_test(test_stores_keep_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
