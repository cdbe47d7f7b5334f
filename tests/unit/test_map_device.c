/* sources: kernel/mem/device.c */
/* Device registers in the kernel's half, also with a hole where an MSI-X table lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "boot/boot_info.h"
#include "lib/panic.h"
#include "mem/area.h"
#include "tests/unit/shim/journal.h"

#define AT 0x500000000000ull

static struct space space;
static struct boot_info info;
const struct boot_info *boot_info = &info;

/* --- the kernel around device.c */

void panic(const char *format, ...)
{
	abort();
}
uint64_t spin_lock(struct spinlock *lock)
{
	return 0;
}
void spin_unlock(struct spinlock *lock, uint64_t saved)
{
}
struct space *kernel_space(void)
{
	return &space;
}
uint64_t prot_flags(const struct space *of, unsigned prot)
{
	assert_int_equal(prot, PROT_R | PROT_W | PROT_UNCACHED);
	return 1;
}
enum vmk_status area_reserve(
	struct space *in, enum area area, size_t bytes, size_t align, uintptr_t *address)
{
	note("reserve %zx; ", bytes);
	*address = AT;
	return VMK_OK;
}
enum vmk_status ptable_map(const struct ptable *table, uintptr_t address, struct hpa to,
	uint64_t bytes, uint64_t flags, unsigned largest)
{
	note("map +%llx %llx %llx; ", (unsigned long long)(address - AT), (unsigned long long)to.v,
		(unsigned long long)bytes);
	return bytes == 0x13000 ? VMK_NO_MEMORY : VMK_OK;
}
enum vmk_status space_release(struct space *in, uintptr_t address, size_t bytes)
{
	note("release %zx; ", bytes);
	return VMK_OK;
}
bool area_contains(enum area area, uintptr_t address)
{
	return true;
}

/* --- tests */

static enum vmk_status map(uint64_t address, size_t bytes, size_t hole, size_t hole_bytes)
{
	volatile void *mapped = NULL;
	enum vmk_status status;

	journal[0] = 0;
	status = space_map_device_without(hpa(address), bytes, hole, hole_bytes, &mapped);
	if (status == VMK_OK)
		assert_int_equal((uintptr_t)mapped, AT + address % PAGE_SIZE);
	return status;
}

static void test_whole(void **state)
{
	assert_int_equal(map(0xfeb00800, 0x1000, 0, 0), VMK_OK);
	assert_string_equal(journal, "reserve 2000; map +0 feb00000 2000; ");
}

static void test_hole(void **state)
{
	/* All pages that hold any of the table, and only those. */
	assert_int_equal(map(0xfeb00000, 0x8000, 0x2ff0, 0x20), VMK_OK);
	assert_string_equal(
		journal, "reserve 8000; map +0 feb00000 2000; map +4000 feb04000 4000; ");
	assert_int_equal(map(0xfeb00000, 0x4000, 0, 0x80), VMK_OK);
	assert_string_equal(journal, "reserve 4000; map +1000 feb01000 3000; ");
	assert_int_equal(map(0xfeb00000, 0x4000, 0x3000, 0x1000), VMK_OK);
	assert_string_equal(journal, "reserve 4000; map +0 feb00000 3000; ");
	assert_int_equal(map(0xfeb00000, 0x1000, 0x800, 0x10), VMK_OK);
	assert_string_equal(journal, "reserve 1000; ");
}

static void test_refused(void **state)
{
	assert_int_equal(map(0xfeb00000, 0, 0, 0), VMK_BAD_PARAM);
	assert_int_equal(map(0xfeb00000, 0x1000, 0x1001, 0), VMK_BAD_PARAM);
	assert_int_equal(map(0xfeb00000, 0x1000, 0x800, 0x801), VMK_BAD_PARAM);
	assert_int_equal(map(UINT64_MAX - 0xfff, 0x2000, 0, 0), VMK_BAD_PARAM);
	info.memory[0] = (struct boot_memory){hpa(0x100000), 0x100000, BOOT_MEMORY_USABLE};
	info.memory_count = 1;
	assert_int_equal(map(0x1ff000, 0x2000, 0, 0), VMK_DENIED);
	assert_string_equal(journal, "");
}

static void test_undone(void **state)
{
	assert_int_equal(map(0xfeb00000, 0x15000, 0x1000, 0x10), VMK_NO_MEMORY);
	assert_string_equal(journal,
		"reserve 15000; map +0 feb00000 1000; map +2000 feb02000 13000; release 15000; ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_hole),
		cmocka_unit_test(test_undone),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
