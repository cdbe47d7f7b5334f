/* sources: kernel/vtx/vlapic.c kernel/vtx/vlapic_timer.c */
/* The virtual local APIC: priorities, end of interrupt, destinations, timer, modes and their MSRs.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "vtx/vlapic.h"

#define X2(offset) (0x800u + ((offset) >> 4))

static uint64_t clock_now;
static struct apic_message sent;
static unsigned sent_count, ended_count;
static uint8_t ended;

static uint64_t now(void *context)
{
	return clock_now;
}

static void send(void *context, const struct apic_message *message)
{
	sent = *message;
	sent_count++;
}

static void eoi(void *context, uint8_t vector)
{
	ended = vector;
	ended_count++;
}

static const struct vlapic_ops ops = {now, send, eoi};

static struct vlapic enabled(uint32_t id)
{
	struct vlapic a;

	clock_now = 1000;
	sent_count = ended_count = 0;
	vlapic_init(&a, &ops, NULL, id, id == 0);
	vlapic_write(&a, 0xf0, 0x1ff);
	return a;
}

static struct vlapic enabled_x2(uint32_t id)
{
	struct vlapic a = enabled(id);

	assert_true(vlapic_write_msr(&a, 0x1b, a.base | APIC_BASE_X2APIC));
	return a;
}

static void test_priorities(void **state)
{
	struct vlapic a = enabled(0);

	assert_int_equal(vlapic_pending(&a), -1);
	vlapic_post(&a, 0x41, false);
	vlapic_post(&a, 0x62, false);
	vlapic_post(&a, 0x43, false);
	assert_int_equal(vlapic_pending(&a), 0x62);
	vlapic_accept(&a, 0x62);
	/* Lower and equal classes wait for the end of the one in service. */
	assert_int_equal(vlapic_pending(&a), -1);
	vlapic_post(&a, 0x6f, false);
	assert_int_equal(vlapic_pending(&a), -1);
	vlapic_post(&a, 0x71, false);
	assert_int_equal(vlapic_pending(&a), 0x71);
	vlapic_accept(&a, 0x71);
	assert_int_equal(vlapic_read(&a, 0xa0), 0x70);
	vlapic_write(&a, 0xb0, 0);
	assert_int_equal(vlapic_read(&a, 0xa0), 0x60);
	vlapic_write(&a, 0xb0, 0);
	assert_int_equal(vlapic_pending(&a), 0x6f);
	vlapic_set_tpr(&a, 6);
	assert_int_equal(vlapic_pending(&a), -1);
	assert_int_equal(vlapic_read(&a, 0x80), 0x60);
	vlapic_set_tpr(&a, 5);
	assert_int_equal(vlapic_pending(&a), 0x6f);
	assert_int_equal(ended_count, 0);
}

static void test_level_triggered_end(void **state)
{
	struct vlapic a = enabled(0);

	vlapic_post(&a, 0x50, true);
	assert_int_equal(vlapic_pending(&a), 0x50);
	vlapic_accept(&a, 0x50);
	assert_int_equal(vlapic_read(&a, 0x180 + 0x20), 1u << 16);
	assert_int_equal(vlapic_read(&a, 0x100 + 0x20), 1u << 16);
	vlapic_write(&a, 0xb0, 0);
	assert_int_equal(ended_count, 1);
	assert_int_equal(ended, 0x50);
	/* The same vector by edge is none of the I/O APIC's business. */
	vlapic_post(&a, 0x50, false);
	vlapic_accept(&a, (uint8_t)vlapic_pending(&a));
	vlapic_write(&a, 0xb0, 0);
	assert_int_equal(ended_count, 1);
}

static void test_disabled(void **state)
{
	struct vlapic a = enabled(0);

	vlapic_write(&a, 0x320, 0x30);
	vlapic_post(&a, 0x50, false);
	vlapic_write(&a, 0xf0, 0xff);
	assert_int_equal(vlapic_pending(&a), -1);
	assert_int_equal(vlapic_read(&a, 0x320), 0x10030);
	/* Entries cannot be unmasked while it is off. */
	vlapic_write(&a, 0x320, 0x31);
	assert_int_equal(vlapic_read(&a, 0x320), 0x10031);
}

static void test_low_vectors(void **state)
{
	struct vlapic a = enabled(0);

	vlapic_post(&a, 15, false);
	assert_int_equal(vlapic_pending(&a), -1);
	vlapic_write(&a, 0x370, 0x33);
	vlapic_write(&a, 0x300, 0x0000f); /* fixed, vector 15 */
	assert_int_equal(sent_count, 0);
	vlapic_write(&a, 0x280, 0);
	assert_int_equal(vlapic_read(&a, 0x280), 1u << 5);
	assert_int_equal(vlapic_pending(&a), 0x33);
}

static void test_one_shot(void **state)
{
	struct vlapic a = enabled(0);

	vlapic_write(&a, 0x320, 0x30);
	vlapic_write(&a, 0x3e0, 0x3); /* by 16 */
	vlapic_write(&a, 0x380, 100);
	assert_int_equal(vlapic_deadline(&a), 1000 + 1600);
	clock_now += 800;
	assert_int_equal(vlapic_read(&a, 0x390), 50);
	vlapic_tick(&a, clock_now);
	assert_int_equal(vlapic_pending(&a), -1);
	clock_now += 800;
	vlapic_tick(&a, clock_now);
	assert_int_equal(vlapic_pending(&a), 0x30);
	assert_true(vlapic_deadline(&a) == UINT64_MAX);
	assert_int_equal(vlapic_read(&a, 0x390), 0);
}

static void test_periodic(void **state)
{
	struct vlapic a = enabled(0);

	vlapic_write(&a, 0x320, 0x20030);
	vlapic_write(&a, 0x3e0, 0xb); /* by 1 */
	vlapic_write(&a, 0x380, 100);
	clock_now = 1000 + 350;
	vlapic_tick(&a, clock_now);
	assert_int_equal(vlapic_pending(&a), 0x30);
	/* Three periods went by: one interrupt, and the phase stays. */
	assert_int_equal(vlapic_deadline(&a), 1400);
	vlapic_write(&a, 0x380, 0);
	assert_true(vlapic_deadline(&a) == UINT64_MAX);
}

/* It goes on without anybody looking at it, and is no interrupt when it is unmasked. */
static void test_masked_periodic(void **state)
{
	struct vlapic a = enabled(0);

	vlapic_write(&a, 0x320, 0x30030);
	vlapic_write(&a, 0x3e0, 0xb); /* by 1 */
	vlapic_write(&a, 0x380, 100);
	assert_true(vlapic_deadline(&a) == UINT64_MAX);
	clock_now = 1000 + 12345;
	assert_int_equal(vlapic_read(&a, 0x390), 55);
	vlapic_write(&a, 0x320, 0x20030);
	assert_int_equal(vlapic_pending(&a), -1);
	assert_int_equal(vlapic_deadline(&a), 13400);
	vlapic_write(&a, 0x320, 0x30030);
	clock_now = 20050;
	vlapic_write(&a, 0x3e0, 0); /* by 2: from the next period on */
	vlapic_write(&a, 0x320, 0x20030);
	assert_int_equal(vlapic_deadline(&a), 20100);
	vlapic_tick(&a, 20100);
	assert_int_equal(vlapic_deadline(&a), 20300);
	/* Once, and it is over: with a deadline, too. */
	vlapic_write(&a, 0x320, 0x10030);
	clock_now = 30000;
	vlapic_write(&a, 0x320, 0x50030);
	assert_true(vlapic_write_msr(&a, 0x6e0, 30001));
	clock_now = 30002;
	assert_true(vlapic_read_msr(&a, 0x6e0, &clock_now));
	assert_int_equal(clock_now, 0);
}

static void move_tsc(struct vlapic *a, uint64_t by)
{
	clock_now += by;
	vlapic_tsc_moved(a, by);
}

/* A guest that writes its TSC moves its deadlines, not what counts down. */
static void test_tsc_moved(void **state)
{
	struct vlapic a = enabled(0);

	move_tsc(&a, 5);
	assert_true(vlapic_deadline(&a) == UINT64_MAX);
	vlapic_write(&a, 0x320, 0x20040); /* periodic */
	vlapic_write(&a, 0x3e0, 0xb);     /* by 1 */
	vlapic_write(&a, 0x380, 100);
	move_tsc(&a, 0 - clock_now);
	assert_int_equal(vlapic_deadline(&a), 100);
	assert_int_equal(vlapic_read(&a, 0x390), 100);
	clock_now = 100;
	vlapic_tick(&a, clock_now);
	assert_int_equal(vlapic_pending(&a), 0x40);
	move_tsc(&a, 0ull - 200); /* what would be 0 is armed all the same */
	assert_int_equal(vlapic_deadline(&a), 1);
	clock_now = 0;
	vlapic_write(&a, 0x320, 0x40040); /* TSC deadline */
	assert_true(vlapic_write_msr(&a, 0x6e0, 5000));
	move_tsc(&a, 7);
	assert_int_equal(vlapic_deadline(&a), 5000);
}

/* Nobody has looked since it was due, and then the TSC goes back behind the deadline. */
static void test_tsc_moved_when_due(void **state)
{
	struct vlapic a = enabled(0);

	vlapic_write(&a, 0x320, 0x40); /* once */
	vlapic_write(&a, 0x3e0, 0xb);  /* by 1 */
	clock_now = 1000;
	vlapic_write(&a, 0x380, 100);
	clock_now = 2000;
	move_tsc(&a, 0 - clock_now);
	assert_int_equal(vlapic_pending(&a), 0x40);
	assert_true(vlapic_deadline(&a) == UINT64_MAX);

	vlapic_write(&a, 0x320, 0x30040); /* periodic, masked */
	clock_now = 1000;
	vlapic_write(&a, 0x380, 100);
	clock_now = 2050;
	move_tsc(&a, 0 - clock_now);
	assert_int_equal(vlapic_read(&a, 0x390), 50);
}

static void test_deadline(void **state)
{
	struct vlapic a = enabled(0);
	uint64_t value;

	assert_true(vlapic_write_msr(&a, 0x6e0, 5000));
	assert_true(vlapic_deadline(&a) == UINT64_MAX);
	vlapic_write(&a, 0x320, 0x40030);
	assert_true(vlapic_write_msr(&a, 0x6e0, 5000));
	assert_int_equal(vlapic_deadline(&a), 5000);
	assert_true(vlapic_read_msr(&a, 0x6e0, &value));
	assert_int_equal(value, 5000);
	vlapic_write(&a, 0x380, 100); /* has no effect in this mode */
	assert_int_equal(vlapic_deadline(&a), 5000);
	vlapic_tick(&a, 5000);
	assert_int_equal(vlapic_pending(&a), 0x30);
	assert_true(vlapic_read_msr(&a, 0x6e0, &value));
	assert_int_equal(value, 0);
	assert_true(vlapic_write_msr(&a, 0x6e0, 6000));
	vlapic_write(&a, 0x320, 0x30); /* leaving the mode disarms */
	assert_true(vlapic_deadline(&a) == UINT64_MAX);
}

static void test_sending(void **state)
{
	struct vlapic a = enabled(3);

	vlapic_write(&a, 0x310, 0x02000000);
	vlapic_write(&a, 0x300, 0x4500); /* INIT, assert */
	assert_int_equal(sent_count, 1);
	assert_int_equal(sent.delivery, DELIVER_INIT);
	assert_int_equal(sent.destination, 2);
	assert_false(sent.x2);
	vlapic_write(&a, 0x300, 0x8500); /* INIT level de-assert: nothing */
	assert_int_equal(sent_count, 1);
	vlapic_write(&a, 0x300, 0xc4608); /* SIPI to all but self */
	assert_int_equal(sent.delivery, DELIVER_STARTUP);
	assert_int_equal(sent.shorthand, TO_OTHERS);
	assert_int_equal(sent.vector, 8);
	a = enabled_x2(300);
	assert_true(vlapic_write_msr(&a, X2(0x300), 0x100000041ull << 0 | 0x12c00000000ull));
	assert_true(sent.x2);
	assert_int_equal(sent.destination, 0x12d);
	assert_int_equal(sent.vector, 0x41);
}

static void test_destinations(void **state)
{
	struct vlapic a = enabled(3), b = enabled_x2(0x23);
	struct apic_message m = {.destination = 3};

	assert_true(vlapic_is_addressed(&a, &m, false));
	m.destination = 2;
	assert_false(vlapic_is_addressed(&a, &m, false));
	m.destination = 0xff;
	assert_true(vlapic_is_addressed(&a, &m, false));
	/* Flat: a bit each. */
	vlapic_write(&a, 0xd0, 0x08000000);
	m = (struct apic_message){.destination = 0x0c, .logical = true};
	assert_true(vlapic_is_addressed(&a, &m, false));
	m.destination = 0x04;
	assert_false(vlapic_is_addressed(&a, &m, false));
	/* Cluster. */
	vlapic_write(&a, 0xe0, 0x0fffffff);
	vlapic_write(&a, 0xd0, 0x28000000);
	m.destination = 0x2c;
	assert_true(vlapic_is_addressed(&a, &m, false));
	m.destination = 0x1c;
	assert_false(vlapic_is_addressed(&a, &m, false));
	/* x2APIC: cluster 2, bit 3. */
	m = (struct apic_message){.destination = 0x00020008, .logical = true, .x2 = true};
	assert_true(vlapic_is_addressed(&b, &m, false));
	m.destination = 0x00020004;
	assert_false(vlapic_is_addressed(&b, &m, false));
	m.destination = 0x00010008;
	assert_false(vlapic_is_addressed(&b, &m, false));
	/* Shorthands. */
	m = (struct apic_message){.shorthand = TO_OTHERS};
	assert_true(vlapic_is_addressed(&b, &m, false));
	assert_false(vlapic_is_addressed(&b, &m, true));
	m.shorthand = TO_SELF;
	assert_true(vlapic_is_addressed(&b, &m, true));
	assert_false(vlapic_is_addressed(&b, &m, false));
	m.shorthand = TO_ALL;
	assert_true(vlapic_is_addressed(&b, &m, true));
}

static void test_modes(void **state)
{
	const uint64_t enable = APIC_BASE_ENABLE, x2 = APIC_BASE_X2APIC;
	static const struct {
		uint64_t from, to;
		bool allowed;
	} cases[] = {
		{APIC_BASE_ENABLE, APIC_BASE_ENABLE | APIC_BASE_X2APIC, true},
		{APIC_BASE_ENABLE, 0, true},
		{APIC_BASE_ENABLE, APIC_BASE_X2APIC, false},
		{APIC_BASE_ENABLE | APIC_BASE_X2APIC, APIC_BASE_ENABLE, false},
		{APIC_BASE_ENABLE | APIC_BASE_X2APIC, APIC_BASE_X2APIC, false},
		{APIC_BASE_ENABLE | APIC_BASE_X2APIC, 0, true},
		{0, APIC_BASE_ENABLE | APIC_BASE_X2APIC, false},
		{0, APIC_BASE_ENABLE, true},
	};
	struct vlapic a = enabled(0);
	uint64_t value;

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		a = enabled(0);
		a.base = (a.base & ~(enable | x2)) | cases[i].from;
		assert_int_equal(vlapic_write_msr(&a, 0x1b, APIC_DEFAULT_BASE | cases[i].to),
			cases[i].allowed);
		assert_int_equal(
			a.base & (enable | x2), cases[i].allowed ? cases[i].to : cases[i].from);
		assert_true(a.base & APIC_BASE_BOOTSTRAP);
	}
	a = enabled(0);
	assert_false(vlapic_write_msr(&a, 0x1b, 0xfed00000 | enable));
	assert_false(vlapic_write_msr(&a, 0x1b, APIC_DEFAULT_BASE | enable | 1));
	assert_false(vlapic_read_msr(&a, X2(0x20), &value));
	assert_false(vlapic_write_msr(&a, X2(0x80), 0));
}

static void test_x2_registers(void **state)
{
	struct vlapic a = enabled_x2(0x12345);
	uint64_t value;

	assert_true(vlapic_read_msr(&a, X2(0x20), &value));
	assert_int_equal(value, 0x12345);
	assert_true(vlapic_read_msr(&a, X2(0xd0), &value));
	assert_int_equal(value, 0x12340u << 12 | 1u << 5);
	assert_false(vlapic_write_msr(&a, X2(0x20), 1));
	assert_false(vlapic_write_msr(&a, X2(0xd0), 1));
	assert_false(vlapic_read_msr(&a, X2(0xe0), &value));
	assert_false(vlapic_read_msr(&a, X2(0xb0), &value));
	assert_false(vlapic_write_msr(&a, X2(0xb0), 1));
	assert_true(vlapic_write_msr(&a, X2(0xb0), 0));
	assert_false(vlapic_write_msr(&a, X2(0x80), 0x100));
	assert_false(vlapic_write_msr(&a, X2(0x80), 1ull << 32));
	assert_false(vlapic_write_msr(&a, X2(0x300), 1u << 20));
	assert_false(vlapic_write_msr(&a, X2(0x400), 0));
	assert_false(vlapic_read_msr(&a, 0x8ff, &value));
	assert_true(vlapic_write_msr(&a, X2(0x3f0), 0x44));
	assert_int_equal(vlapic_pending(&a), 0x44);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_priorities),
		cmocka_unit_test(test_level_triggered_end),
		cmocka_unit_test(test_disabled),
		cmocka_unit_test(test_low_vectors),
		cmocka_unit_test(test_one_shot),
		cmocka_unit_test(test_periodic),
		cmocka_unit_test(test_masked_periodic),
		cmocka_unit_test(test_tsc_moved),
		cmocka_unit_test(test_tsc_moved_when_due),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_sending),
		cmocka_unit_test(test_destinations),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_x2_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
