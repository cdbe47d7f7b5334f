/* sources: kernel/vmkdev/pci_acs.c */
/* Access control services in an extended configuration space in memory, honest and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "vmkdev/pci.h"

static uint32_t space[1024];
static unsigned reads, writes;
static const struct pci_function port = {.express = 4};

static uint32_t read_word(void *context, struct pci_address a, unsigned offset)
{
	assert_true(offset >= 256 && offset < 4096 && offset % 4 == 0);
	reads++;
	return space[offset / 4];
}

static void write_word(void *context, struct pci_address a, unsigned offset, uint32_t value)
{
	assert_true(offset >= 256 && offset < 4096 && offset % 4 == 0);
	writes++;
	space[offset / 4] = value;
}

static const struct pci_ops ops = {read_word, write_word};

static int setup(void **state)
{
	memset(space, 0, sizeof(space));
	reads = writes = 0;
	space[0x100 / 4] = 0x14810001; /* advanced error reporting, next at 0x148 */
	space[0x148 / 4] = 0x0001000d;
	space[0x14c / 4] = 0x0000001d; /* no translation blocking bit, no egress control */
	return 0;
}

static void test_switched_on(void **state)
{
	assert_true(pci_isolate(&ops, NULL, &port));
	assert_int_equal(space[0x14c / 4], 0x001d001d);
	assert_int_equal(writes, 1);
}

static void test_only_what_there_is(void **state)
{
	space[0x14c / 4] = 0x00400001; /* something else is on already */
	assert_true(pci_isolate(&ops, NULL, &port));
	assert_int_equal(space[0x14c / 4], 0x00410001);
}

static void test_none(void **state)
{
	struct pci_function conventional = {.express = PCI_CONVENTIONAL};

	assert_false(pci_isolate(&ops, NULL, &conventional));
	assert_int_equal(reads, 0);
	space[0x148 / 4] = 0x0001000e;
	assert_false(pci_isolate(&ops, NULL, &port));
	memset(space, 0xff, sizeof(space));
	assert_false(pci_isolate(&ops, NULL, &port));
	assert_int_equal(writes, 0);
}

static void test_endless_list(void **state)
{
	space[0x148 / 4] = 0x10010001;
	assert_false(pci_isolate(&ops, NULL, &port));
	assert_true(reads < 1000);
	space[0x148 / 4] = 0xffc10001;
	space[0xffc / 4] = 0x0001000d; /* its control word would lie outside */
	assert_false(pci_isolate(&ops, NULL, &port));
	assert_int_equal(writes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_switched_on, setup),
		cmocka_unit_test_setup(test_only_what_there_is, setup),
		cmocka_unit_test_setup(test_none, setup),
		cmocka_unit_test_setup(test_endless_list, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
