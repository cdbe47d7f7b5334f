/* sources: tests/unit/shim/audit.c */
/* sources: kernel/vmkuser/image.c kernel/vmkuser/grant.c kernel/vmkmod/elf.c */
/* sources: kernel/vmkuser/syscall.c */
/* sources: kernel/vmkuser/call_memory.c kernel/vmkuser/call_world.c kernel/vmkuser/call_net.c */
/* sources: kernel/vmkuser/call_tty.c kernel/vmkuser/call_system.c */
/* sources: kernel/vmkuser/call_handle.c kernel/vmkuser/secdomain.c kernel/vmkmod/domain.c */
/* sources: kernel/lib/lock.c tests/unit/shim/panic.c */
/* sources: kernel/vmkuser/call_trust.c kernel/vmkuser/handle.c kernel/vmkuser/budget.c */
/* sources: tests/unit/shim/world_kernel.c tests/unit/shim/vm_kernel.c */
/* sources: kernel/vmkuser/call_vm.c kernel/vmkvm/life.c */
/* needs: build/worlds/selftest.elf */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/cet.h"
#include "tests/unit/shim/world_kernel.h"

#define AT_PHDR   3
#define AT_RANDOM 25

static struct uworld world;
static uint8_t elf[1 << 20];
static const char *why;

static int setup(void **state)
{
	FILE *file = fopen("build/worlds/selftest.elf", "rb");

	assert_non_null(file);
	sim_reset();
	sim_world(&world);
	world.package.payload = elf;
	world.package.payload_bytes = fread(elf, 1, sizeof(elf), file);
	fclose(file);
	return 0;
}

static uint64_t word_at(uintptr_t address)
{
	uint64_t word;

	assert_int_equal(space_copy_in(&sim.space, &word, address, sizeof(word)), VMK_OK);
	return word;
}

/* A world of our own toolchain is loaded as its headers say, with W^X and the limit kept. */
static void test_load(void **state)
{
	unsigned executable = 0, writable = 0;

	assert_int_equal(image_load(&world, &why), VMK_OK);
	assert_int_equal(world.memory_used, sim.space.mapped * PAGE_SIZE);
	for (unsigned i = 0; i < SIM_PAGES_MAX; i++) {
		const struct sim_page *page = &sim.space.pages[i];

		if (!page->address || !page->mapped)
			continue;
		assert_true(page->prot & PROT_USER);
		assert_false((page->prot & PROT_W) && (page->prot & PROT_X));
		executable += !!(page->prot & PROT_X);
		writable += !!(page->prot & PROT_W);
	}
	assert_in_range(executable, 1, 64);
	assert_true(writable > executable);
	assert_true(sim_page_at(&sim.space, world.entry)->prot & PROT_X);
}

/* ELF-64 Object File Format, "Program Header": where the type, flags, address and size in memory of
 * the n-th of 56 bytes are. */
enum { PHDRS = 64, PHDR_BYTES = 56, PHDR_COUNT = 56, P_TYPE = 0, P_FLAGS = 4, P_MEMSZ = 40 };
enum { PT_LOAD = 1, PF_W = 2 };

static uint32_t *phdr_word(unsigned n, size_t at)
{
	return (uint32_t *)&elf[PHDRS + n * PHDR_BYTES + at];
}

/* As large as a world's data may be: the last segment, which is writable. */
static void enlarge(uint32_t bytes)
{
	unsigned last = 0;

	for (unsigned n = 0; n < elf[PHDR_COUNT]; n++)
		if (*phdr_word(n, P_TYPE) == PT_LOAD)
			last = n;
	assert_true(*phdr_word(last, P_FLAGS) & PF_W);
	*phdr_word(last, P_MEMSZ) += bytes;
}

static void test_load_in_parts(void **state)
{
	unsigned gaps;

	assert_int_equal(image_load(&world, &why), VMK_OK);
	gaps = sim.gaps;
	setup(NULL);
	enlarge(2 << 20);
	world.memory_limit = 4 << 20;
	assert_int_equal(image_load(&world, &why), VMK_OK);
	assert_int_equal(world.memory_used, sim.space.mapped * PAGE_SIZE);
	assert_true(sim.space.most_mapped <= MEMORY_PART_BYTES);
	assert_int_equal(sim.gaps, gaps + (2 << 20) / MEMORY_PART_BYTES);
	/* What came until there was no more is charged, so that it is given back. */
	setup(NULL);
	enlarge(2 << 20);
	world.memory_limit = 4 << 20;
	sim.pages_left = 256;
	assert_int_equal(image_load(&world, &why), VMK_NO_MEMORY);
	assert_int_equal(world.memory_used, sim.space.mapped * PAGE_SIZE);
}

/* Where the CPU keeps return addresses apart, a place for them that nobody else writes. */
static void test_shadow_stack(void **state)
{
	uint64_t args[6] = {0}, value;

	assert_int_equal(image_load(&world, &why), VMK_OK);
	assert_int_equal(world.shadow.bytes, 0);
	setup(NULL);
	sim.cet_flags = CET_SH_STK_EN;
	assert_int_equal(image_load(&world, &why), VMK_OK);
	assert_int_equal(world.memory_used, sim.space.mapped * PAGE_SIZE);
	assert_int_not_equal(world.shadow.bytes, 0);
	for (size_t at = 0; at < world.shadow.bytes; at += PAGE_SIZE)
		assert_int_equal(sim_page_at(&sim.space, world.shadow.address + at)->prot,
			PROT_USER | PROT_R | PROT_SHADOW);
	args[0] = world.shadow.address;
	args[1] = PAGE_SIZE;
	args[2] = VMK_PROT_READ | VMK_PROT_WRITE;
	assert_int_equal(call_protect(&world, args, &value), VMK_DENIED);
	assert_int_equal(call_unmap(&world, args, &value), VMK_DENIED);

	setup(NULL);
	sim.cet_flags = CET_SH_STK_EN;
	world.memory_limit = world.memory_used;
	assert_int_equal(image_load(&world, &why), VMK_NO_MEMORY);
}

static void test_start_block(void **state)
{
	uintptr_t at, start = 0;
	struct vmk_start block;

	assert_int_equal(image_load(&world, &why), VMK_OK);
	at = world.stack_pointer;
	assert_int_equal(at % 16, 0);
	assert_true(at - world.stack.address < world.stack.bytes);
	for (unsigned i = 0; i < 3; i++, at += 8)
		assert_int_equal(word_at(at), 0); /* argc, end of argv, end of envp */
	for (; word_at(at); at += 16) {
		if (word_at(at) == AT_VMK_START)
			start = word_at(at + 8);
		if (word_at(at) == AT_PHDR)
			assert_int_equal(word_at(at + 8), world.image.address + 64);
		if (word_at(at) == AT_RANDOM)
			assert_int_equal(word_at(word_at(at + 8)), 0x5a5a5a5a5a5a5a5a);
	}
	assert_int_equal(space_copy_in(&sim.space, &block, start, sizeof(block)), VMK_OK);
	assert_int_equal(block.size, sizeof(block));
	assert_string_equal(block.world, "test");
	assert_int_equal(block.count, 5);
	assert_string_equal(block.handles[0].name, "mgmt");
	assert_int_equal(handle_get(&world.handles, block.handles[0].handle, VMK_KIND_PORT,
				 RIGHT_READ | RIGHT_WRITE | RIGHT_WAIT, NULL),
		VMK_OK);
	assert_string_equal(block.handles[2].name, "config");
	assert_string_equal(block.handles[4].name, "system");
}

static void test_memory_limit(void **state)
{
	world.memory_limit = 64 << 10;
	assert_int_equal(image_load(&world, &why), VMK_NO_MEMORY);
	assert_non_null(why);
	assert_true(world.memory_used <= world.memory_limit);
}

static void test_bad_image(void **state)
{
	elf[0] = 0;
	assert_int_equal(image_load(&world, &why), VMK_BAD_FORMAT);
	assert_string_equal(why, "not a 64-bit little-endian ELF file");
	assert_int_equal(sim.space.mapped, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_load, setup),
		cmocka_unit_test_setup(test_load_in_parts, setup),
		cmocka_unit_test_setup(test_shadow_stack, setup),
		cmocka_unit_test_setup(test_start_block, setup),
		cmocka_unit_test_setup(test_memory_limit, setup),
		cmocka_unit_test_setup(test_bad_image, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
