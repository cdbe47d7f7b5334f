/* Hostile pointers: the kernel neither follows them nor falls over them. */
#include "kernel/worlds/selftest/check.h"

#include <stdio.h>
#include <vmkuser/libvmkuser.h>

#define PAGE 4096ul

static const char constant[] = "constant";
static int (*const volatile relocated)(const char *) = puts;

/* As the kernel's target: it writes 16 random bytes there, or refuses. */
static enum vmk_status write_at(uint64_t address)
{
	return vmku_syscall(VMK_SYS_RANDOM, address, 16, 0, 0, 0).status;
}

/* As the kernel's source: one handle is read there; a wait for handle 0 is BAD_HANDLE. */
static bool readable(uint64_t address)
{
	return vmku_syscall(VMK_SYS_WAIT, address, 1, 0, 0, 0).status != VMK_BAD_ADDRESS;
}

static void check_foreign(void)
{
	static const struct {
		uint64_t address;
		const char *name;
	} addresses[] = {
		{0, "null pointer"},
		{0xffff800000000000, "lowest kernel address"},
		{0xffffffff80000000, "upper kernel half"},
		{0xfffffffffffffff8, "range that wraps around"},
		{0x0000800000000000, "non-canonical address"},
		{0x00007ffffffffff8, "range into the non-canonical hole"},
		{0x8000000000001000, "address with its top bit set"},
	};
	char name[80];

	for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		snprintf(name, sizeof(name), "write to %s is refused", addresses[i].name);
		check_status(write_at(addresses[i].address), VMK_BAD_ADDRESS, name);
		snprintf(name, sizeof(name), "read from %s is refused", addresses[i].name);
		check(!readable(addresses[i].address), name);
	}
}

/* From the current page downwards to the guard page. */
static void check_stack(void)
{
	uint64_t page = (uint64_t)__builtin_frame_address(0) & -PAGE;
	unsigned pages = 0;

	while (pages < 1024 && readable(page)) {
		page -= PAGE;
		pages++;
	}
	check(pages > 16 && pages < 1024, "the stack ends");
	check_status(write_at(page), VMK_BAD_ADDRESS, "below the stack is a guard page");
	check_status(write_at(page + PAGE - 8), VMK_BAD_ADDRESS,
		"a range from the guard page into the stack is refused");
}

void check_pointers(void)
{
	check_foreign();
	check_status(write_at((uint64_t)&check_pointers), VMK_BAD_ADDRESS, "code is not writable");
	check_status(write_at((uint64_t)constant), VMK_BAD_ADDRESS, "constants are not writable");
	check_status(write_at((uint64_t)&relocated), VMK_BAD_ADDRESS,
		"relocated constants are not writable");
	check_stack();
}
