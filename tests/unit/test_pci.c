/* sources: kernel/vmkdev/pci.c */
/* PCI enumeration and BAR sizing against a machine in memory, honest and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "vmkdev/pci.h"

#define FAKES 8

/* One function: its double words and which bits of them can be written. */
struct fake {
	struct pci_address address;
	uint32_t words[64], writable[64];
};

static struct {
	struct fake functions[FAKES];
	unsigned count;
	unsigned long reads, writes;
	bool wrote_last;                /* nothing was read behind it */
	uint32_t decoding_while_sizing; /* command bits seen when a BAR was written */
	bool echo; /* every absent function answers as a bridge to `echo_bus` */
	uint8_t echo_bus;
} machine;

static struct fake *find(struct pci_address a)
{
	for (unsigned i = 0; i < machine.count; i++) {
		if (memcmp(&machine.functions[i].address, &a, sizeof(a)) == 0)
			return &machine.functions[i];
	}
	return NULL;
}

static uint32_t read_word(void *context, struct pci_address a, unsigned offset)
{
	struct fake *f = find(a);

	assert_true(a.slot < 32 && a.function < 8 && offset < 256 && offset % 4 == 0);
	machine.reads++;
	machine.wrote_last = false;
	if (f)
		return f->words[offset / 4];
	if (!machine.echo)
		return ~0u;
	return offset == 0x0c ? 0x00810000 : offset == 0x18 ? machine.echo_bus++ << 8 : 0x12348086;
}

static void write_word(void *context, struct pci_address a, unsigned offset, uint32_t value)
{
	struct fake *f = find(a);

	machine.writes++;
	machine.wrote_last = true;
	if (!f)
		return;
	if (offset >= 0x10 && offset < 0x28)
		machine.decoding_while_sizing |= f->words[1] & 7;
	f->words[offset / 4] = (f->words[offset / 4] & ~f->writable[offset / 4]) |
			       (value & f->writable[offset / 4]);
}

static const struct pci_ops ops = {read_word, write_word};

static struct fake *add(uint8_t bus, uint8_t slot, uint8_t function, uint32_t id, uint8_t header)
{
	struct fake *f = &machine.functions[machine.count++];

	f->address = (struct pci_address){bus, slot, function};
	f->words[0] = id;
	f->words[3] = (uint32_t)header << 16;
	f->writable[1] = 0x0407;
	return f;
}

static void set_bar(struct fake *f, unsigned index, uint32_t value, uint32_t writable)
{
	f->words[4 + index] = value;
	f->writable[4 + index] = writable;
}

static int reset(void **state)
{
	memset(&machine, 0, sizeof(machine));
	return 0;
}

static void test_enumerate(void **state)
{
	struct pci_function found[16];
	struct fake *nic, *bridge;

	add(0, 0, 0, 0x12378086, 0);
	add(0, 1, 0, 0x70008086, 0x80);
	add(0, 1, 3, 0x71138086, 0);
	add(0, 2, 1, 0x11118086, 0); /* no function 0: not there */
	bridge = add(0, 4, 0, 0x244e8086, 1);
	bridge->words[6] = 0x00050500;
	nic = add(5, 31, 0, 0x100e8086, 0);
	nic->words[2] = 0x02000003;
	nic->words[15] = 0x0000010b;

	assert_int_equal(pci_enumerate(&ops, NULL, found, 16), 5);
	assert_int_equal(found[1].device, 0x7000);
	assert_int_equal(found[2].address.function, 3);
	assert_int_equal(found[4].address.bus, 5);
	assert_int_equal(found[4].address.slot, 31);
	assert_int_equal(found[4].vendor, 0x8086);
	assert_int_equal(found[4].class_code, 0x020000);
	assert_int_equal(found[4].irq_line, 11);
	assert_int_equal(found[4].irq_pin, 1);
	assert_int_equal(machine.writes, 0);
}

static void test_more_than_room(void **state)
{
	struct pci_function found[1];

	add(0, 0, 0, 0x12378086, 0);
	add(0, 1, 0, 0x70008086, 0);
	assert_int_equal(pci_enumerate(&ops, NULL, found, 1), 2);
	assert_int_equal(found[0].device, 0x1237);
}

/* A bridge that leads to its own bus, and one behind the other in a ring. */
static void test_bridge_loop(void **state)
{
	struct pci_function found[16];

	add(0, 3, 0, 0x00018086, 1)->words[6] = 0;
	add(0, 4, 0, 0x00028086, 1)->words[6] = 7 << 8;
	add(7, 0, 0, 0x00038086, 1)->words[6] = 7 << 8;
	add(7, 1, 0, 0x00048086, 1)->words[6] = 0;
	assert_int_equal(pci_enumerate(&ops, NULL, found, 16), 4);
}

/* Every function of every bus answers as a multi-function bridge. */
static void test_everywhere(void **state)
{
	struct pci_function found[16];

	machine.echo = true;
	assert_int_equal(pci_enumerate(&ops, NULL, found, 16), 256 * 32 * 8);
	assert_true(machine.reads < 256ul * 32 * 8 * 64); /* capability lists end */
}

static struct pci_function sized(struct fake *f)
{
	struct pci_function function = {.address = f->address, .header_type = 0};
	struct fake before = *f;

	f->words[1] |= 0x02100007;
	before.words[1] = f->words[1];
	assert_int_equal(pci_size_bars(&ops, NULL, &function), VMK_OK);
	assert_memory_equal(before.words, f->words, sizeof(before.words));
	assert_int_equal(machine.decoding_while_sizing, 0);
	return function;
}

static void test_bars(void **state)
{
	struct fake *f = add(0, 3, 0, 0x100e8086, 0);
	struct pci_function got;

	set_bar(f, 0, 0xf2000000, 0xfffe0000); /* 128 KiB of memory */
	set_bar(f, 1, 0x0000c001, 0x0000ffc0); /* 64 ports, upper half hardwired */
	set_bar(f, 2, 0x4000000c, 0xc0000000); /* 64 bits, prefetchable, 1 GiB at 0x2_4000_0000 */
	set_bar(f, 3, 0x00000002, 0xffffffff);
	got = sized(f);
	assert_int_equal(got.bars[0].address, 0xf2000000);
	assert_int_equal(got.bars[0].bytes, 0x20000);
	assert_false(got.bars[0].is_io);
	assert_true(got.bars[1].is_io);
	assert_int_equal(got.bars[1].address, 0xc000);
	assert_int_equal(got.bars[1].bytes, 64);
	assert_int_equal(got.bars[2].address, 0x240000000);
	assert_int_equal(got.bars[2].bytes, 0x40000000);
	for (unsigned i = 3; i < PCI_BARS; i++)
		assert_int_equal(got.bars[i].bytes, 0);
}

static void test_senseless_bars(void **state)
{
	struct fake *f = add(0, 3, 0, 0x100e8086, 0);
	struct pci_function got;

	set_bar(f, 0, 0xf2000000, 0xff0e0000); /* holes in the mask */
	set_bar(f, 1, 0xf2010000, 0xfffe0000); /* not aligned to its size */
	set_bar(f, 2, 0, 0xfffff000);          /* no address */
	set_bar(f, 3, 0xfffff000, 0);          /* nothing writable */
	set_bar(f, 5, 0xe0000004, 0xffff0000); /* 64 bits without an upper half */
	got = sized(f);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(got.bars[i].bytes, 0);
	assert_int_equal(got.bars[5].bytes, 0x10000);
}

static void test_bridge_has_no_bars(void **state)
{
	struct pci_function function = {.header_type = 1};

	assert_int_equal(pci_size_bars(&ops, NULL, &function), VMK_UNSUPPORTED);
	assert_int_equal(machine.writes, 0);
}

static void test_enable(void **state)
{
	struct fake *f = add(0, 3, 0, 0x100e8086, 0);
	struct pci_function function = {.address = f->address};

	f->words[1] = 0x0401;
	assert_int_equal(pci_enable(&ops, NULL, &function), VMK_OK);
	assert_int_equal(f->words[1] & 0xffff, 0x0007);
	pci_disable(&ops, NULL, &function);
	assert_int_equal(f->words[1] & 0xffff, 0x0403);
	assert_false(machine.wrote_last); /* what was under way has arrived */
	f->writable[1] = 0x0003;          /* bus mastering cannot be switched on */
	f->words[1] = 0;
	assert_int_equal(pci_enable(&ops, NULL, &function), VMK_IO_ERROR);
	f->words[1] = 0x0400;
	assert_int_equal(pci_enable_ports(&ops, NULL, &function), VMK_OK);
	assert_int_equal(f->words[1] & 0xffff, 0x0401);
	function.address.slot = 9; /* nobody there: all ones */
	assert_int_equal(pci_enable(&ops, NULL, &function), VMK_IO_ERROR);
	assert_int_equal(pci_enable_ports(&ops, NULL, &function), VMK_IO_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_enumerate, reset),
		cmocka_unit_test_setup(test_more_than_room, reset),
		cmocka_unit_test_setup(test_bridge_loop, reset),
		cmocka_unit_test_setup(test_everywhere, reset),
		cmocka_unit_test_setup(test_bars, reset),
		cmocka_unit_test_setup(test_senseless_bars, reset),
		cmocka_unit_test_setup(test_bridge_has_no_bars, reset),
		cmocka_unit_test_setup(test_enable, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
