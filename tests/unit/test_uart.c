/* A serial port that does not drain, is gone, or works: over simulated I/O ports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/types.h"

/* The processor's port instructions, in place of arch/x86/cpu.h. */
#define ARCH_CPU_H

#define PORT 0x3f8
#define LSR_ 5

static struct {
	unsigned asked;   /* how often the line status was read */
	unsigned empties; /* it drains at that question */
	uint8_t status;   /* besides */
	bool gone;
	char sent[64];
	size_t sent_bytes;
} line;

static uint8_t inb(uint16_t port)
{
	assert_true(port >= PORT && port < PORT + 8);
	if (line.gone)
		return 0xff;
	if (port != PORT + LSR_)
		return 'k';
	line.asked++;
	return (uint8_t)(line.status | (line.asked >= line.empties ? 0x60 : 0));
}

static void outb(uint16_t port, uint8_t value)
{
	if (port == PORT && line.sent_bytes < sizeof(line.sent))
		line.sent[line.sent_bytes++] = (char)value;
}

static void cpu_pause(void)
{
}

#include "arch/x86/uart.c"

static int setup(void **state)
{
	memset(&line, 0, sizeof(line));
	return 0;
}

static void test_text(void **state)
{
	line.empties = 5000;
	assert_true(uart_write(PORT, "ab\nc", 4, false));
	assert_int_equal(line.sent_bytes, 5);
	assert_memory_equal(line.sent, "ab\r\nc", 5);
}

/* The wait for a dead port is long, as a live one may be slow: it comes once. */
static void test_stuck(void **state)
{
	line.empties = UINT32_MAX;
	assert_false(uart_write(PORT, "a line of some length\n", 22, false));
	assert_int_equal(line.asked, TRIES);
	line.asked = 0;
	assert_false(uart_write(PORT, "and another\n", 12, true));
	assert_false(uart_write(PORT, "\n", 1, true));
	assert_int_equal(line.asked, 2);
	assert_int_equal(line.sent_bytes, 0);
}

static void test_works_again(void **state)
{
	assert_true(uart_write(PORT, "\nab", 3, true));
	assert_int_equal(line.sent_bytes, 4);
	assert_memory_equal(line.sent, "\r\nab", 4);
}

/* Who answers nothing has received nothing. */
static void test_gone(void **state)
{
	char typed[16];

	line.gone = true;
	assert_int_equal(uart_read(PORT, typed, sizeof(typed)), 0);
	assert_true(uart_write(PORT, "into the void", 13, false));
	line.gone = false;
	line.status = 1;
	assert_int_equal(uart_read(PORT, typed, 3), 3);
	assert_memory_equal(typed, "kkk", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_text, setup),
		cmocka_unit_test_setup(test_stuck, setup),
		cmocka_unit_test_setup(test_works_again, setup),
		cmocka_unit_test_setup(test_gone, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
