/* sources: kernel/worlds/vmx/board.c kernel/worlds/vmx/bus.c kernel/worlds/vmx/gmem.c */
/* sources: kernel/worlds/vmx/uart.c kernel/worlds/vmx/pit.c kernel/worlds/vmx/pic.c */
/* sources: kernel/worlds/vmx/rtc.c kernel/worlds/vmx/power.c kernel/worlds/vmx/pci.c */
/* sources: kernel/worlds/vmx/virtio.c kernel/worlds/vmx/virtqueue.c kernel/worlds/vmx/net.c */
/* sources: kernel/worlds/vmx/disk.c kernel/worlds/vmx/entropy.c kernel/worlds/vmx/vconsole.c */
/* sources: kernel/worlds/vmx/balloon.c tests/unit/shim/panic.c */
/* The board's clock: time, update, alarm, periodic interrupt. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "tests/unit/vmx_board.h"

static uint8_t cmos(uint8_t index)
{
	out(0x70, index);
	return in(0x71);
}

static void test_rtc(void **state)
{
	vmx_seen.wall = 1790000000ull * 1000000000; /* 2026-09-21 14:13:20, a Monday */
	assert_int_equal(cmos(0), 0x20);
	assert_int_equal(cmos(2), 0x13);
	assert_int_equal(cmos(4), 0x14);
	assert_int_equal(cmos(6), 2);
	assert_int_equal(cmos(7), 0x21);
	assert_int_equal(cmos(8), 0x09);
	assert_int_equal(cmos(9), 0x26);
	assert_int_equal(cmos(0x32), 0x20);
	assert_int_equal(cmos(0x0d), 0x80);
	cmos(0x0b);
	out(0x71, 0x0d); /* binary, 12 hours, and two bits that do not stick */
	assert_int_equal(cmos(0x0b), 4);
	assert_int_equal(cmos(4), 0x82);
	vmx_seen.wall += 999900000;
	assert_int_equal(cmos(10) & 0x80, 0x80);
	cmos(0x40);
	out(0x71, 0x99);
	assert_int_equal(cmos(0x40), 0x99);
}

static void set_cmos(uint8_t index, uint8_t value)
{
	out(0x70, index);
	out(0x71, value);
}

#define SECOND 1000000000ull

static void pass(uint64_t ns)
{
	vmx_seen.now += ns;
	vmx_seen.wall += ns;
	board_tick(&board);
}

static bool rtc_asks(void)
{
	return vmx_seen.levels >> RTC_GSI & 1;
}

static void test_rtc_update(void **state)
{
	vmx_seen.wall = SECOND / 2;
	set_cmos(10, 0x20); /* no periods */
	assert_int_equal(cmos(0x0c), 0);
	pass(SECOND);
	assert_int_equal(cmos(0x0c), 0x10); /* the flag comes without the interrupt, too */
	assert_int_equal(cmos(0x0c), 0);
	assert_int_equal(board_tick(&board), HOST_NEVER);
	set_cmos(0x0b, 0x12);
	assert_int_equal(board_tick(&board), vmx_seen.now + SECOND / 2);
	pass(SECOND / 2 - 1);
	assert_false(rtc_asks());
	pass(1);
	assert_true(rtc_asks());
	/* Until it is acknowledged there is nothing to wait for. */
	assert_int_equal(board_tick(&board), HOST_NEVER);
	pass(5 * SECOND);
	assert_int_equal(vmx_seen.edges, 1);
	assert_int_equal(cmos(0x0c), 0x90);
	assert_false(rtc_asks());
	assert_int_equal(board_tick(&board), vmx_seen.now + SECOND);
	/* While software sets the time, nothing is updated, and the interrupt is switched off. */
	set_cmos(0x0b, 0x92);
	assert_int_equal(cmos(0x0b), 0x82);
	pass(SECOND);
	assert_int_equal(cmos(0x0c), 0);
	vmx_seen.wall += 999900000;
	assert_int_equal(cmos(10) & 0x80, 0);
}

static void test_rtc_alarm(void **state)
{
	vmx_seen.wall = 1790000000ull * SECOND; /* 14:13:20 */
	set_cmos(10, 0x20);
	cmos(0x0c);
	set_cmos(1, 0x19);
	set_cmos(3, 0x14);
	set_cmos(5, 0x14);
	set_cmos(0x0b, 0x22);
	assert_int_equal(cmos(3), 0x14);
	for (unsigned i = 0; i < 58; i++)
		pass(SECOND);
	assert_false(rtc_asks());
	pass(SECOND);
	assert_true(rtc_asks());
	assert_int_equal(cmos(0x0c), 0xb0);
	/* Each hour, at this minute and second; in 12 hours, binary; across what went by unseen. */
	set_cmos(0x0b, 0x24);
	set_cmos(1, 19);
	set_cmos(3, 14);
	set_cmos(5, 0xff);
	pass(3599 * SECOND);
	assert_false(rtc_asks());
	pass(2 * SECOND);
	assert_int_equal(cmos(0x0c), 0xb0);
	set_cmos(5, 0x84); /* 4 in the afternoon */
	pass(3598 * SECOND);
	assert_false(rtc_asks());
	pass(SECOND);
	assert_true(rtc_asks());
	cmos(0x0c);
	/* What no clock shows never comes. */
	set_cmos(3, 60);
	for (unsigned i = 0; i < 50; i++)
		pass(3600 * SECOND);
	assert_int_equal(cmos(0x0c), 0x10);
	/* The host's clock is set back: no flag. */
	vmx_seen.wall -= 100 * SECOND;
	assert_int_equal(cmos(0x0c), 0);
	pass(SECOND);
	assert_int_equal(cmos(0x0c), 0x10);
}

static void test_rtc_periodic(void **state)
{
	assert_int_equal(cmos(10), 0x26);
	set_cmos(10, 0x0f); /* 2 Hz */
	assert_int_equal(cmos(10), 0x2f);
	set_cmos(0x0b, 0x42);
	assert_int_equal(board_tick(&board), SECOND / 2);
	pass(SECOND / 2);
	assert_true(rtc_asks());
	assert_int_equal(cmos(0x0c), 0xc0);
	assert_int_equal(board_tick(&board), SECOND);
	/* Those that nobody saw are one. */
	pass(10 * SECOND);
	assert_int_equal(vmx_seen.edges, 2);
	assert_int_equal(cmos(0x0c), 0xd0);
	assert_int_equal(board_tick(&board), 11 * SECOND);
	set_cmos(10, 0x01); /* 256 Hz */
	assert_int_equal(board_tick(&board), vmx_seen.now + SECOND / 256);
	set_cmos(10, 0x03); /* 8192 Hz */
	assert_int_equal(board_tick(&board), vmx_seen.now + SECOND / 8192 + 1);
	set_cmos(10, 0x20);
	assert_int_equal(board_tick(&board), HOST_NEVER);
	pass(SECOND);
	assert_int_equal(cmos(0x0c), 0x10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_rtc, set_up),
		cmocka_unit_test_setup(test_rtc_update, set_up),
		cmocka_unit_test_setup(test_rtc_alarm, set_up),
		cmocka_unit_test_setup(test_rtc_periodic, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
