/* sources: kernel/vtx/vioapic.c */
/* The virtual I/O APIC: edges, levels that stay, masks, and the register interface. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "vtx/vioapic.h"

static struct apic_message sent;
static unsigned count;

static void send(void *context, const struct apic_message *message)
{
	sent = *message;
	count++;
}

static struct vioapic fresh(void)
{
	struct vioapic io;

	count = 0;
	vioapic_init(&io, send, NULL);
	return io;
}

static void write_index(struct vioapic *io, uint32_t index, uint32_t value)
{
	vioapic_write(io, 0x00, index);
	vioapic_write(io, 0x10, value);
}

static uint32_t read_index(struct vioapic *io, uint32_t index)
{
	vioapic_write(io, 0x00, index);
	return vioapic_read(io, 0x10);
}

static void route(struct vioapic *io, unsigned pin, uint32_t low, uint32_t high)
{
	write_index(io, 0x11 + 2 * pin, high);
	write_index(io, 0x10 + 2 * pin, low);
}

static void test_registers(void **state)
{
	struct vioapic io = fresh();

	assert_int_equal(read_index(&io, 1), 0x00170020);
	assert_int_equal(read_index(&io, 0x10), 0x10000);
	write_index(&io, 0, 0x0f000000);
	assert_int_equal(read_index(&io, 0), 0x0f000000);
	assert_int_equal(read_index(&io, 2), 0x0f000000);
	route(&io, 23, 0xffffffff, 0xffffffff);
	/* Status bits cannot be written. */
	assert_int_equal(read_index(&io, 0x10 + 46), 0x1afff);
	assert_int_equal(read_index(&io, 0x11 + 46), 0xff000000);
	assert_int_equal(read_index(&io, 0x40), 0xffffffff);
	assert_int_equal(vioapic_read(&io, 0x20), 0);
	write_index(&io, 0x40, 0);
}

static void test_edge(void **state)
{
	struct vioapic io = fresh();

	vioapic_set(&io, 4, true); /* masked */
	assert_int_equal(count, 0);
	vioapic_set(&io, 4, false);
	route(&io, 4, 0x34, 0x02000000);
	vioapic_set(&io, 4, true);
	assert_int_equal(count, 1);
	assert_int_equal(sent.vector, 0x34);
	assert_int_equal(sent.destination, 2);
	assert_false(sent.level_triggered);
	vioapic_set(&io, 4, true); /* no edge */
	assert_int_equal(count, 1);
	vioapic_set(&io, 4, false);
	vioapic_set(&io, 4, true);
	assert_int_equal(count, 2);
	vioapic_set(&io, 24, true);
	vioapic_set(&io, 1000, true);
	assert_int_equal(count, 2);
}

static void test_level(void **state)
{
	struct vioapic io = fresh();

	route(&io, 9, 0x8951, 0x03000000); /* level, logical, lowest priority */
	vioapic_set(&io, 9, true);
	assert_int_equal(count, 1);
	assert_true(sent.level_triggered && sent.logical);
	assert_int_equal(sent.delivery, DELIVER_LOWEST);
	vioapic_set(&io, 9, true); /* not again before its end */
	assert_int_equal(count, 1);
	assert_true(read_index(&io, 0x10 + 18) & 1u << 14);
	vioapic_eoi(&io, 0x52);
	assert_int_equal(count, 1);
	vioapic_eoi(&io, 0x51); /* the source still asserts */
	assert_int_equal(count, 2);
	vioapic_set(&io, 9, false);
	vioapic_eoi(&io, 0x51);
	assert_int_equal(count, 2);
	assert_false(read_index(&io, 0x10 + 18) & 1u << 14);
}

static void test_mask_holds_back_a_level(void **state)
{
	struct vioapic io = fresh();

	route(&io, 9, 0x18051, 0);
	vioapic_set(&io, 9, true);
	assert_int_equal(count, 0);
	route(&io, 9, 0x8051, 0);
	assert_int_equal(count, 1);
	/* To edge and back: systems end a stuck interrupt that way. */
	route(&io, 9, 0x10051, 0);
	assert_false(read_index(&io, 0x10 + 18) & 1u << 14);
	route(&io, 9, 0x8051, 0);
	assert_int_equal(count, 2);
}

static void test_eoi_register(void **state)
{
	struct vioapic io = fresh();

	route(&io, 9, 0x8051, 0);
	vioapic_set(&io, 9, true);
	vioapic_set(&io, 9, false);
	vioapic_write(&io, 0x40, 0x51);
	assert_false(read_index(&io, 0x10 + 18) & 1u << 14);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_edge),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_mask_holds_back_a_level),
		cmocka_unit_test(test_eoi_register),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
