/* sources: kernel/worlds/vmx/board.c kernel/worlds/vmx/bus.c kernel/worlds/vmx/gmem.c */
/* sources: kernel/worlds/vmx/uart.c kernel/worlds/vmx/pit.c kernel/worlds/vmx/pic.c */
/* sources: kernel/worlds/vmx/rtc.c kernel/worlds/vmx/power.c kernel/worlds/vmx/pci.c */
/* sources: kernel/worlds/vmx/virtio.c kernel/worlds/vmx/virtqueue.c kernel/worlds/vmx/net.c */
/* sources: kernel/worlds/vmx/disk.c kernel/worlds/vmx/entropy.c kernel/worlds/vmx/vconsole.c */
/* sources: kernel/worlds/vmx/balloon.c tests/unit/shim/panic.c */
/* sources: kernel/worlds/vmx/lines.c */
/* The board's ports: serial line, timers, clock, power, PCI; and the console's lines. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include "tests/unit/shim/panic.h"
#include "tests/unit/vmx_board.h"
#include "worlds/vmx/lines.h"

static void test_nobody(void **state)
{
	assert_int_equal(board_read(&board, true, 0x1234, 4), 0xffffffff);
	assert_int_equal(board_read(&board, false, 0xd0000000, 8), UINT64_MAX);
	/* Across the end of a range, and no size at all. */
	assert_int_equal(board_read(&board, true, UART_COM1 + 7, 2), 0xffff);
	assert_int_equal(board_read(&board, true, UART_COM1, 3), 0xffffff);
	board_write(&board, true, 0xffff, 8, 0);
}

static void test_memory_is_not_the_devices(void **state)
{
	const struct board_config config = {
		.host = vmx_host,
		.memory = {.low = memory, .low_bytes = PCI_WINDOW + 1},
	};

	assert_false(board_init(&board, &config));
}

static void test_uart_output(void **state)
{
	out(UART_COM1 + 3, 0x80);
	out(UART_COM1, 12);
	assert_int_equal(in(UART_COM1), 12);
	out(UART_COM1 + 3, 3);
	out(UART_COM1, 'h');
	out(0xe9, 'i');
	assert_memory_equal(vmx_seen.console, "hi", 2);
	assert_int_equal(in(UART_COM1 + 5), 0x60);
	assert_int_equal(in(0xe9), 0xe9);
}

static void test_uart_interrupts(void **state)
{
	out(UART_COM1 + 2, 1);
	out(UART_COM1 + 1, 3);
	assert_int_equal(vmx_seen.levels, 0); /* OUT2 is the gate */
	out(UART_COM1 + 4, 8);
	assert_int_equal(vmx_seen.levels, 1u << UART_GSI);
	assert_int_equal(in(UART_COM1 + 2), 0xc2);
	assert_int_equal(vmx_seen.levels, 0);
	assert_int_equal(in(UART_COM1 + 2), 0xc1);
	assert_true(uart_receive(&board.uart, 'x'));
	assert_int_equal(in(UART_COM1 + 2), 0xc4);
	assert_int_equal(vmx_seen.levels, 1u << UART_GSI);
	assert_int_equal(in(UART_COM1), 'x');
	assert_int_equal(vmx_seen.levels, 0);
	assert_int_equal(in(UART_COM1), 0);
}

static void test_uart_overrun_and_loopback(void **state)
{
	for (unsigned i = 0; i < UART_INPUT; i++)
		assert_true(uart_receive(&board.uart, (uint8_t)i));
	assert_false(uart_receive(&board.uart, 0));
	assert_int_equal(in(UART_COM1 + 5), 0x63);
	assert_int_equal(in(UART_COM1 + 5), 0x61);
	out(UART_COM1 + 2, 3);
	assert_int_equal(in(UART_COM1 + 5), 0x60);
	out(UART_COM1 + 4, 0x1a);
	assert_int_equal(in(UART_COM1 + 6), 0x90);
	out(UART_COM1, 'l');
	assert_int_equal(vmx_seen.console_bytes, 0);
	assert_int_equal(in(UART_COM1), 'l');
}

static void test_pit_interrupts(void **state)
{
	assert_int_equal(board_tick(&board), HOST_NEVER);
	out(0x43, 0x34); /* channel 0, both bytes, mode 2 */
	out(0x40, 0x9c);
	out(0x40, 0x2e); /* 11932: 10 ms */
	assert_in_range(board_tick(&board), 9999000, 10001000);
	vmx_seen.now = 10001000;
	assert_in_range(board_tick(&board), 19999000, 20002000);
	assert_int_equal(vmx_seen.edges, 1);
	/* What was missed is not made up for. */
	vmx_seen.now = 1000000000;
	assert_in_range(board_tick(&board), 1000000001, 1010001000);
	assert_int_equal(vmx_seen.edges, 2);
	/* One shot. */
	out(0x43, 0x30);
	out(0x40, 0);
	out(0x40, 1);
	vmx_seen.now += 1000000;
	assert_int_equal(board_tick(&board), HOST_NEVER);
	assert_int_equal(vmx_seen.edges, 3);
}

/* A period of one tick would be a million interrupts a second. */
static void test_pit_storm(void **state)
{
	out(0x43, 0x14);
	out(0x40, 1);
	assert_true(board_tick(&board) >= 40000);
}

/* As systems calibrate their TSC: gate up, and wait for the output. */
static void test_pit_gate(void **state)
{
	out(0x61, 0);
	out(0x43, 0xb0);
	out(0x42, 0xff);
	out(0x42, 0xff);
	assert_int_equal(in(0x61) & 0x20, 0);
	vmx_seen.now = 1000000000;
	assert_int_equal(in(0x61) & 0x20, 0);
	out(0x61, 1);
	vmx_seen.now += 54000000;
	assert_int_equal(in(0x61) & 0x20, 0);
	vmx_seen.now += 2000000;
	assert_int_equal(in(0x61) & 0x21, 0x21);
}

static void test_pit_latch(void **state)
{
	out(0x43, 0x34);
	out(0x40, 0x00);
	out(0x40, 0x10);
	vmx_seen.now = 1000000; /* 1193 ticks */
	out(0x43, 0x00);
	vmx_seen.now = 2000000;
	assert_int_equal(in(0x40) | in(0x40) << 8, 0x1000 - 1193);
	assert_int_equal(in(0x40) | in(0x40) << 8, 0x1000 - 2386);
	out(0x43, 0xe2); /* read back the status of channel 0 */
	assert_int_equal(in(0x40), 0xb4);
}

static void test_pic(void **state)
{
	out(0x21, 0xfb);
	assert_int_equal(in(0x21), 0xfb);
	out(0x20, 0x11);
	out(0x21, 0x30);
	out(0x21, 0x04);
	out(0x21, 0x01);
	assert_int_equal(in(0x21), 0);
	out(0x21, 0xaa);
	assert_int_equal(in(0x21), 0xaa);
	assert_int_equal(in(0x20), 0);
	out(0x4d1, 0x0c);
	assert_int_equal(in(0x4d1), 0x0c);
	out(0x4d0, 0xff); /* the timer, the keyboard and the cascade stay edges */
	assert_int_equal(in(0x4d0), 0xf8);
}

/* Vectors 0x20 and 0x28, everything unmasked. */
static void set_up_pics(uint8_t icw4)
{
	static const uint8_t first[] = {0x20, 0x04}, second[] = {0x28, 0x02};

	for (unsigned i = 0; i < 2; i++) {
		const uint16_t port = i ? 0xa0 : 0x20;

		out(port, 0x11);
		out(port + 1, i ? second[0] : first[0]);
		out(port + 1, i ? second[1] : first[1]);
		out(port + 1, icw4);
		out(port + 1, 0);
	}
}

static void edge(unsigned gsi)
{
	host_irq(&board.host, gsi, true);
	host_irq(&board.host, gsi, false);
}

static void test_pic_priorities(void **state)
{
	set_up_pics(1);
	assert_false(vmx_seen.intr);
	edge(4);
	edge(2); /* the timer's: input 0 */
	assert_true(vmx_seen.intr);
	assert_int_equal(in(0x20), 0x11);
	assert_int_equal(pic_acknowledge(&board.pic), 0x20);
	assert_false(vmx_seen.intr); /* 4 waits for the end of 0 */
	out(0x20, 0x0b);
	assert_int_equal(in(0x20), 0x01);
	out(0x20, 0x20);
	assert_true(vmx_seen.intr);
	assert_int_equal(pic_acknowledge(&board.pic), 0x24);
	out(0x20, 0x64);
	assert_false(vmx_seen.intr);
	/* Rotation: what was served last comes last. */
	edge(3);
	assert_int_equal(pic_acknowledge(&board.pic), 0x23);
	out(0x20, 0xa0);
	edge(3);
	edge(5);
	assert_int_equal(pic_acknowledge(&board.pic), 0x25);
}

static void test_pic_cascade(void **state)
{
	set_up_pics(1);
	edge(12);
	edge(8);
	assert_int_equal(pic_acknowledge(&board.pic), 0x28);
	assert_false(vmx_seen.intr);
	out(0xa0, 0x20);
	assert_false(vmx_seen.intr); /* the first one still serves its input 2 */
	out(0x20, 0x20);
	assert_true(vmx_seen.intr);
	assert_int_equal(pic_acknowledge(&board.pic), 0x2c);
	/* By themselves, each at once after the other. */
	set_up_pics(3);
	edge(12);
	edge(8);
	assert_int_equal(pic_acknowledge(&board.pic), 0x28);
	assert_true(vmx_seen.intr);
	assert_int_equal(pic_acknowledge(&board.pic), 0x2c);
	assert_false(vmx_seen.intr);
}

static void test_pic_levels_and_spurious(void **state)
{
	set_up_pics(1);
	out(0x4d1, 0x02);
	host_irq(&board.host, 9, true);
	assert_int_equal(pic_acknowledge(&board.pic), 0x29);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	assert_true(vmx_seen.intr); /* it is still there */
	host_irq(&board.host, 9, false);
	assert_false(vmx_seen.intr);
	/* Asked for, and gone before it is taken. */
	assert_int_equal(pic_acknowledge(&board.pic), 0x27);
	edge(4);
	out(0x21, 0x10);
	assert_false(vmx_seen.intr);
	out(0x21, 0x00);
	assert_true(vmx_seen.intr);
	out(0x20, 0x0c); /* by polling */
	assert_int_equal(in(0x20), 0x84);
	assert_false(vmx_seen.intr);
	/* What feeds the cascade is no input, nor is what lies beyond PCI's. */
	out(0x20, 0x20);
	edge(24);
	edge(0);
	assert_false(vmx_seen.intr);
}

/* Slots share inputs, as wires; firmware leaves them level-triggered. */
static void test_pic_pci(void **state)
{
	assert_int_equal(in(0x4d1), 0x0e);
	set_up_pics(1);
	host_irq(&board.host, 17, true);
	host_irq(&board.host, 19, true);
	assert_int_equal(pic_acknowledge(&board.pic), 0x2b);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	host_irq(&board.host, 17, false);
	assert_true(vmx_seen.intr); /* the other one still asks */
	host_irq(&board.host, 19, false);
	assert_false(vmx_seen.intr);
	host_irq(&board.host, 18, true);
	assert_int_equal(pic_acknowledge(&board.pic), 0x2a);
	/* As an edge it has been served; as a level it asks again. */
	out(0x4d1, 0x0a);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	assert_false(vmx_seen.intr);
	out(0x4d1, 0x0e);
	assert_true(vmx_seen.intr);
	host_irq(&board.host, 18, false);
	assert_false(vmx_seen.intr);
	/* Each function says where its own arrives. */
	for (uint32_t slot = 1; slot < 4; slot++) {
		board_write(&board, true, 0xcf8, 4, 0x80000000u | slot << 11 | 0x3c);
		assert_int_equal(board_read(&board, true, 0xcfc, 1), 10 + slot % 2);
	}
}

static void test_power(void **state)
{
	assert_int_equal(board_read(&board, true, POWER_PM1_CONTROL, 2), 1);
	board_write(&board, true, POWER_PM1_CONTROL, 2, 0x2000);
	assert_int_equal(vmx_seen.offs, 0);
	board_write(&board, true, POWER_PM1_CONTROL, 2, 0x2000 | POWER_S5 << 10);
	assert_int_equal(vmx_seen.offs, 1);
	vmx_seen.now = 1000000000;
	assert_int_equal(board_read(&board, true, POWER_PM_TIMER, 4), PM_TIMER_HZ);
	board_write(&board, true, POWER_PM1_EVENT + 2, 2, 0x100);
	power_press_button(&board.power);
	assert_int_equal(vmx_seen.levels, 1u << POWER_SCI_GSI);
	assert_int_equal(board_read(&board, true, POWER_PM1_EVENT, 2), 0x100);
	board_write(&board, true, POWER_PM1_EVENT, 2, 0x100);
	assert_int_equal(vmx_seen.levels, 0);
	out(POWER_RESET, 2);
	assert_int_equal(vmx_seen.resets, 0);
	out(POWER_RESET, 6);
	out(POWER_KEYBOARD, 0xfe);
	assert_int_equal(vmx_seen.resets, 2);
}

static uint32_t config_read(unsigned slot, unsigned offset, unsigned bytes)
{
	board_write(&board, true, 0xcf8, 4, 0x80000000u | slot << 11 | (offset & 0xfc));
	return (uint32_t)board_read(&board, true, 0xcfc + (offset & 3), bytes);
}
static void config_write(unsigned slot, unsigned offset, unsigned bytes, uint32_t value)
{
	board_write(&board, true, 0xcf8, 4, 0x80000000u | slot << 11 | (offset & 0xfc));
	board_write(&board, true, 0xcfc + (offset & 3), bytes, value);
}

static void test_pci(void **state)
{
	uint32_t bar = config_read(1, 0x10, 4);

	assert_int_equal(config_read(0, 0, 4), 0x12378086);
	assert_int_equal(config_read(1, 0, 4), 0x10431af4);
	assert_int_equal(config_read(2, 2, 2), 0x1044);
	assert_int_equal(config_read(3, 2, 2), 0x1041);
	assert_int_equal(config_read(4, 2, 2), 0x1045);
	assert_int_equal(config_read(5, 0, 4), 0xffffffff);
	config_write(1, 0, 4, 0);
	assert_int_equal(config_read(1, 0, 4), 0x10431af4);
	config_write(1, 0x10, 4, 0xffffffff);
	assert_int_equal(config_read(1, 0x10, 4), 0xffff8000);
	/* It moves, and answers only where it is. */
	config_write(1, 0x10, 4, 0xe7000000);
	assert_int_equal(board_read(&board, false, 0xe7000012, 2), 2);
	assert_int_equal(board_read(&board, false, bar + 0x12, 2), 0xffff);
	config_write(1, 4, 2, 0);
	assert_int_equal(board_read(&board, false, 0xe7000012, 2), 0xffff);
	/* A register at the very end, and a bus that is not there. */
	assert_int_equal(config_read(1, 0xff, 1), 0);
	board_write(&board, true, 0xcf8, 4, 0x80010000);
	assert_int_equal(board_read(&board, true, 0xcfc, 4), 0xffffffff);
}

static void add_range(void)
{
	bus_add(&board.ports, UART_COM1, UART_COM1, board.ports.range[0].ops, NULL);
}
static void fill_bus(void)
{
	for (unsigned i = 0; i <= BUS_RANGES; i++)
		bus_add(&board.ports, 0x2000 + i, 0x2000 + i, board.ports.range[0].ops, NULL);
}
static void fill_slots(void)
{
	unsigned slot;

	for (unsigned i = 0; i <= PCI_SLOTS; i++)
		pci_add(&board.pci, 0x1af4, 0x1000, 0, 0, &slot);
}

static void assert_panics(void (*act)(void), const char *why)
{
	if (!setjmp(panic_trap)) {
		panic_trapped = true;
		act();
		fail();
	}
	panic_trapped = false;
	assert_non_null(strstr(panic_text, why));
}

/* A board of ours that has no room for a device, or two in one place, ends instead of running. */
static void test_device_too_many(void **state)
{
	assert_panics(add_range, "is_free");
	assert_panics(fill_bus, "BUS_RANGES");
	assert_panics(fill_slots, "PCI_SLOTS");
}

static char shown[4][LINES_MAX + 1];
static unsigned shown_count;

static void show(void *context, const char *text)
{
	strcpy(shown[shown_count++ % 4], text);
}

static void test_lines(void **state)
{
	struct lines l;
	uint8_t many[LINES_MAX + 1];

	shown_count = 0;
	lines_init(&l, show, NULL);
	lines_add(&l, 0, (const uint8_t *)"\033[1;31mred\033[m \x80z\r\nab\b", 21);
	assert_int_equal(shown_count, 1);
	assert_string_equal(shown[0], "red ?z");
	lines_tick(&l, LINES_WAIT - 1);
	assert_int_equal(shown_count, 1);
	lines_tick(&l, LINES_WAIT);
	assert_string_equal(shown[1], "a");
	assert_int_equal(l.deadline, LINES_NEVER);
	memset(many, 'm', sizeof(many));
	lines_add(&l, 0, many, sizeof(many));
	assert_int_equal(strlen(shown[2]), LINES_MAX);
	lines_flush(&l);
	assert_string_equal(shown[3], "m");
	lines_flush(&l);
	assert_int_equal(shown_count, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_nobody, set_up),
		cmocka_unit_test_setup(test_memory_is_not_the_devices, set_up),
		cmocka_unit_test_setup(test_uart_output, set_up),
		cmocka_unit_test_setup(test_uart_interrupts, set_up),
		cmocka_unit_test_setup(test_uart_overrun_and_loopback, set_up),
		cmocka_unit_test_setup(test_pit_interrupts, set_up),
		cmocka_unit_test_setup(test_pit_storm, set_up),
		cmocka_unit_test_setup(test_pit_gate, set_up),
		cmocka_unit_test_setup(test_pit_latch, set_up),
		cmocka_unit_test_setup(test_pic, set_up),
		cmocka_unit_test_setup(test_pic_priorities, set_up),
		cmocka_unit_test_setup(test_pic_cascade, set_up),
		cmocka_unit_test_setup(test_pic_levels_and_spurious, set_up),
		cmocka_unit_test_setup(test_pic_pci, set_up),
		cmocka_unit_test_setup(test_power, set_up),
		cmocka_unit_test_setup(test_pci, set_up),
		cmocka_unit_test_setup(test_device_too_many, set_up),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
