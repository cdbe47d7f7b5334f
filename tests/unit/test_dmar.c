/* sources: kernel/boot/acpi_dmar.c kernel/vmkdev/requester.c */
/* sources: kernel/boot/acpi_sum.c */
/* The DMAR, honest and hostile, and who is behind which unit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "vmkdev/requester.h"

static uint8_t table[65536];
static size_t used, entry;
static struct dmar dmar;
static const char *why;

static void put(size_t at, uint64_t v, unsigned bytes)
{
	memcpy(table + at, &v, bytes);
}

static void begin(void)
{
	memset(table, 0, sizeof(table));
	memcpy(table, "DMAR", 4);
	table[36] = 38; /* 39 bits */
	table[37] = 1;
	used = 48;
}

static void begin_entry(uint16_t type, const uint8_t *body, size_t bytes)
{
	entry = used;
	put(used, type, 2);
	memcpy(table + used + 4, body, bytes);
	used += 4 + bytes;
	put(entry + 2, used - entry, 2);
}

static void add_scope(uint8_t type, uint8_t id, uint8_t bus, const uint8_t *path, uint8_t bytes)
{
	const uint8_t head[] = {type, (uint8_t)(6 + bytes), 0, 0, id, bus};

	memcpy(table + used, head, 6);
	memcpy(table + used + 6, path, bytes);
	used += 6u + bytes;
	put(entry + 2, used - entry, 2);
}
#define SCOPE(type, id, bus, ...) \
	add_scope(type, id, bus, (const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

static void add_unit(uint8_t flags, uint64_t registers)
{
	uint8_t body[12] = {flags};

	memcpy(body + 4, &registers, 8);
	begin_entry(0, body, sizeof(body));
}

static void add_region(uint64_t base, uint64_t limit)
{
	uint8_t body[20] = {0};

	memcpy(body + 4, &base, 8);
	memcpy(body + 12, &limit, 8);
	begin_entry(1, body, sizeof(body));
}

static enum vmk_status parse(void)
{
	uint8_t sum = 0;

	put(4, used, 4);
	table[9] = 0;
	for (size_t i = 0; i < used; i++)
		sum = (uint8_t)(sum + table[i]);
	table[9] = (uint8_t)-sum;
	why = NULL;
	return dmar_parse(table, used, &dmar, &why);
}

/* As a server has it: graphics with a unit of its own, one for all else. */
static void make_server(void)
{
	begin();
	add_unit(0, 0xfed90000);
	SCOPE(DMAR_ENDPOINT, 0, 0, 2, 0);
	add_unit(0, 0xfed92000);
	SCOPE(DMAR_BRIDGE, 0, 0, 0x1c, 1);
	add_unit(1, 0xfed91000);
	SCOPE(DMAR_IOAPIC, 8, 0xf0, 0x1f, 0);
	SCOPE(DMAR_HPET, 0, 0xf0, 0xf, 0);
	add_region(0x7a000000, 0x7a00ffff);
	SCOPE(DMAR_ENDPOINT, 0, 0, 0x14, 0);
	SCOPE(DMAR_ENDPOINT, 0, 0, 0x1c, 1, 0, 0);
	begin_entry(2, (const uint8_t[]){1, 0, 0, 0}, 4);
	begin_entry(3, (const uint8_t[16]){0}, 16);
	begin_entry(77, (const uint8_t[]){1, 2, 3}, 3);
}

static struct pci_function functions[] = {
	{.address = {0, 0, 0}, .express = PCI_CONVENTIONAL},
	{.address = {0, 2, 0}, .express = 9},
	{.address = {0, 0x14, 0}, .express = PCI_CONVENTIONAL},
	{.address = {0, 0x1c, 0}, .header_type = 1, .secondary = 1, .subordinate = 1, .express = 4},
	{.address = {1, 0, 0}, .express = 0},
	{.address = {0, 0x1c, 1}, .header_type = 1, .secondary = 2, .subordinate = 4, .express = 4},
	{.address = {2, 0, 0}, .header_type = 1, .secondary = 3, .subordinate = 4, .express = 7},
	{.address = {3, 5, 0}, .express = PCI_CONVENTIONAL},
	{.address = {3, 6, 0}, .header_type = 1, .secondary = 4, .express = PCI_CONVENTIONAL},
	{.address = {4, 1, 2}, .express = PCI_CONVENTIONAL},
	{.address = {0, 0x1e, 0}, .header_type = 1, .secondary = 9, .express = PCI_CONVENTIONAL},
	{.address = {9, 3, 0}, .express = PCI_CONVENTIONAL},
};
#define COUNT ARRAY_SIZE(functions)

static const struct pci_function *at(uint8_t bus, uint8_t slot, uint8_t function)
{
	for (unsigned i = 0; i < COUNT; i++) {
		if (pci_requester(functions[i].address) ==
			pci_requester((struct pci_address){bus, slot, function}))
			return &functions[i];
	}
	fail();
	return NULL;
}

static void test_server(void **state)
{
	make_server();
	assert_int_equal(parse(), VMK_OK);
	assert_int_equal(dmar.width, 39);
	assert_true(dmar.interrupt_remapping);
	assert_int_equal(dmar.unit_count, 3);
	assert_int_equal(dmar.units[0].registers.v, 0xfed90000);
	assert_true(!dmar.units[0].include_all && dmar.units[2].include_all);
	assert_int_equal(dmar.region_count, 1);
	assert_int_equal(dmar.regions[0].limit, 0x7a00ffff);
	assert_int_equal(dmar.regions[0].scope_count, 2);
	assert_int_equal(dmar.scopes[dmar.regions[0].first_scope + 1].path_count, 2);
}

static void test_units(void **state)
{
	uint16_t source = 0;

	make_server();
	assert_int_equal(parse(), VMK_OK);
	assert_int_equal(unit_of(&dmar, functions, COUNT, at(0, 2, 0)), 0);
	assert_int_equal(unit_of(&dmar, functions, COUNT, at(0, 0x14, 0)), 2);
	assert_int_equal(unit_of(&dmar, functions, COUNT, at(1, 0, 0)), 2);
	/* All that is behind a bridge, however deep; and the bridge. */
	assert_int_equal(unit_of(&dmar, functions, COUNT, at(0, 0x1c, 1)), 1);
	assert_int_equal(unit_of(&dmar, functions, COUNT, at(2, 0, 0)), 1);
	assert_int_equal(unit_of(&dmar, functions, COUNT, at(4, 1, 2)), 1);
	assert_true(ioapic_requester(&dmar, functions, COUNT, 8, &source));
	assert_int_equal(source, 0xf0f8);
	assert_false(ioapic_requester(&dmar, functions, COUNT, 9, &source));
	dmar.units[2].include_all = false;
	assert_int_equal(unit_of(&dmar, functions, COUNT, at(0, 0x14, 0)), -1);
}

static void test_regions(void **state)
{
	const struct dmar_scope *usb, *behind;

	make_server();
	assert_int_equal(parse(), VMK_OK);
	usb = &dmar.scopes[dmar.regions[0].first_scope];
	behind = usb + 1;
	assert_true(scope_covers(usb, functions, COUNT, at(0, 0x14, 0)));
	assert_false(scope_covers(usb, functions, COUNT, at(0, 2, 0)));
	/* A path through a bridge ends on its secondary bus, at that device alone. */
	assert_true(scope_covers(behind, functions, COUNT, at(2, 0, 0)));
	assert_false(scope_covers(behind, functions, COUNT, at(3, 5, 0)));
	assert_false(scope_covers(behind, functions, COUNT, at(1, 0, 0)));
}

static void test_requesters(void **state)
{
	assert_int_equal(requester_of(functions, COUNT, at(0, 2, 0)), 0x10);
	assert_int_equal(requester_of(functions, COUNT, at(1, 0, 0)), 0x100);
	/* A PCI Express bridge to PCI uses its secondary bus, device 0, for all behind it. */
	assert_int_equal(requester_of(functions, COUNT, at(3, 5, 0)), 0x300);
	assert_int_equal(requester_of(functions, COUNT, at(4, 1, 2)), 0x300);
	/* One on a conventional bus uses its own. */
	assert_int_equal(requester_of(functions, COUNT, at(9, 3, 0)), 0xf0);
}

/* Bridges that name each other, or themselves. */
static void test_bridge_loops(void **state)
{
	static const struct pci_function loop[] = {
		{.address = {1, 0, 0}, .header_type = 1, .secondary = 2, .express = 4},
		{.address = {2, 0, 0}, .header_type = 1, .secondary = 1, .express = 7},
		{.address = {3, 0, 0}, .header_type = 1, .secondary = 3, .express = 7},
	};
	struct dmar_scope scope = {.type = DMAR_BRIDGE, .bus = 5, .path_count = 1};

	for (unsigned i = 0; i < ARRAY_SIZE(loop); i++) {
		requester_of(loop, ARRAY_SIZE(loop), &loop[i]);
		assert_false(scope_covers(&scope, loop, ARRAY_SIZE(loop), &loop[i]));
	}
}

static void refused(enum vmk_status status, const char *text)
{
	assert_int_equal(parse(), status);
	assert_non_null(why);
	assert_string_equal(why, text);
}

static void test_refused(void **state)
{
	begin();
	add_unit(1, 0xfed90800);
	refused(VMK_BAD_FORMAT, "a remapping unit's address cannot be");
	begin();
	add_unit(1, 0xfed90000);
	add_unit(1, 0xfed90000);
	refused(VMK_BAD_FORMAT, "it names a remapping unit twice");
	begin();
	begin_entry(0, (const uint8_t[]){1, 0, 0, 0}, 4);
	refused(VMK_TRUNCATED, "a remapping unit's entry is too short");
	begin();
	add_unit(0, 0xfed90000);
	SCOPE(1, 0, 0, 32, 0);
	refused(VMK_BAD_FORMAT, "a device scope names a device that cannot be");
	begin();
	add_unit(0, 0xfed90000);
	SCOPE(1, 0, 0, 1, 0, 2);
	refused(VMK_BAD_FORMAT, "a device scope has a length that cannot be");
	begin();
	add_unit(0, 0xfed90000);
	SCOPE(1, 0, 0, 1, 0);
	table[used - 7] = 40; /* longer than the entry */
	refused(VMK_TOO_LARGE, "a device scope has too long a path");
	table[used - 7] = 10;
	refused(VMK_TRUNCATED, "it ends within a device scope");
	begin();
	add_region(0x1000, 0x2ffe);
	refused(VMK_BAD_FORMAT, "a reserved region is not of whole pages");
	begin();
	add_region(0x3000, 0x2fff);
	refused(VMK_BAD_FORMAT, "a reserved region is not of whole pages");
	begin();
	begin_entry(0, (const uint8_t[]){0}, 0);
	put(entry + 2, 3, 2);
	refused(VMK_BAD_FORMAT, "an entry has a length that cannot be");
	put(entry + 2, 300, 2);
	refused(VMK_TRUNCATED, "it ends within an entry");
}

static void test_header(void **state)
{
	make_server();
	assert_int_equal(parse(), VMK_OK);
	assert_int_equal(dmar_parse(table, used - 1, &dmar, &why), VMK_TRUNCATED);
	assert_int_equal(dmar_parse(table, 7, &dmar, &why), VMK_TRUNCATED);
	assert_int_equal(dmar_parse(NULL, 0, &dmar, &why), VMK_TRUNCATED);
	assert_int_equal(dmar_parse(table, used + 100, &dmar, &why), VMK_OK);
	table[60] ^= 1;
	assert_int_equal(dmar_parse(table, used, &dmar, &why), VMK_BAD_FORMAT);
}

static void test_too_many(void **state)
{
	begin();
	for (unsigned i = 0; i <= DMAR_UNITS_MAX; i++)
		add_unit(0, 0xfed00000 + i * 0x1000);
	refused(VMK_TOO_LARGE, "it has too many remapping units");
	begin();
	for (unsigned i = 0; i <= DMAR_REGIONS_MAX; i++)
		add_region(0x1000, 0x1fff);
	refused(VMK_TOO_LARGE, "it has too many reserved regions");
	begin();
	add_unit(0, 0xfed90000);
	for (unsigned i = 0; i <= DMAR_SCOPES_MAX; i++)
		SCOPE(1, 0, 0, 1, 0);
	refused(VMK_TOO_LARGE, "it has too many device scopes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_regions),
		cmocka_unit_test(test_requesters),
		cmocka_unit_test(test_bridge_loops),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
