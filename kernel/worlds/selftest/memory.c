/* map, unmap, protect: never executable, within the limit, and image and stack stay as they are. */
#include "kernel/worlds/selftest/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmkuser/libvmkuser.h>

#define PAGE   4096ul
#define CHUNKS 64
#define CHUNK  (256ul << 10)

static bool all_zero(const unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i])
			return false;
	return true;
}

static void check_mapping(void)
{
	void *a = NULL, *b = NULL;

	check_status(vmku_map(3 * PAGE, VMK_PROT_READ | VMK_PROT_WRITE, &a), VMK_OK, "map");
	check_status(vmku_map(3 * PAGE, VMK_PROT_READ | VMK_PROT_WRITE, &b), VMK_OK, "map again");
	check(a && all_zero(a, 3 * PAGE), "fresh pages are zero");
	check(a && b && (a < b ? (char *)b - (char *)a : (char *)a - (char *)b) > (long)(3 * PAGE),
		"mappings do not touch");
	memset(a, 0xa5, 3 * PAGE);
	check_status(vmku_protect(a, PAGE, VMK_PROT_READ), VMK_OK, "protect");
	check_status(vmku_random(a, 16), VMK_BAD_ADDRESS, "a protected page is not writable");
	check_status(vmku_random((char *)a + PAGE - 8, 16), VMK_BAD_ADDRESS,
		"a range that begins on a protected page is refused");
	check_status(vmku_random((char *)a + 2 * PAGE, PAGE), VMK_OK, "its neighbour is");
	check_status(vmku_protect(b, PAGE, VMK_PROT_NONE), VMK_OK, "protect against reading");
	check_status(vmku_wait(b, 1, 0, NULL), VMK_BAD_ADDRESS, "such a page is not readable");
	check_status(vmku_unmap(a, 3 * PAGE), VMK_OK, "unmap");
	check_status(vmku_random(a, 16), VMK_BAD_ADDRESS, "an unmapped page is gone");
	check(vmku_unmap(a, PAGE) != VMK_OK, "unmap of what is not mapped is refused");
	check_status(vmku_unmap(b, 3 * PAGE), VMK_OK, "unmap of the second");
}

static void check_refusals(void)
{
	void *code = (void *)((uint64_t)&check_refusals & -PAGE), *p = NULL;
	void *stack = (void *)((uint64_t)__builtin_frame_address(0) & -PAGE);

	check_status(vmku_map(PAGE, VMK_PROT_READ | VMK_PROT_EXECUTE, &p), VMK_DENIED,
		"an executable mapping is refused");
	check_status(vmku_map(PAGE, VMK_PROT_READ | VMK_PROT_WRITE, &p), VMK_OK, "map one page");
	check_status(vmku_protect(p, PAGE, VMK_PROT_READ | VMK_PROT_EXECUTE), VMK_DENIED,
		"making it executable is refused");
	check_status(vmku_protect((char *)p + 1, PAGE, VMK_PROT_READ), VMK_BAD_PARAM,
		"a misaligned address is refused");
	check_status(vmku_unmap(p, UINT64_MAX - PAGE + 1), VMK_BAD_PARAM,
		"a size that wraps around is refused");
	vmku_unmap(p, PAGE);
	check_status(vmku_protect(code, PAGE, VMK_PROT_READ | VMK_PROT_WRITE), VMK_DENIED,
		"code cannot be made writable");
	check_status(vmku_unmap(code, PAGE), VMK_DENIED, "code cannot be unmapped");
	check_status(vmku_unmap(stack, PAGE), VMK_DENIED, "the stack cannot be unmapped");
	check_status(vmku_unmap((void *)0xffff800000000000, PAGE), VMK_BAD_PARAM,
		"kernel memory cannot be unmapped");
	check_status(vmku_protect((void *)0xffff800000000000, PAGE, VMK_PROT_READ), VMK_BAD_PARAM,
		"kernel memory cannot be protected");
	check_status(vmku_map(0, VMK_PROT_READ, &p), VMK_BAD_PARAM, "an empty mapping is refused");
	check_status(vmku_map(UINT64_MAX, VMK_PROT_READ, &p), VMK_NO_MEMORY,
		"an endless mapping is refused");
}

static void check_limit(void)
{
	void *chunks[CHUNKS];
	unsigned count = 0;
	enum vmk_status status = VMK_OK;

	while (count < CHUNKS) {
		status = vmku_map(CHUNK, VMK_PROT_READ | VMK_PROT_WRITE, &chunks[count]);
		if (status != VMK_OK)
			break;
		count++;
	}
	check_status(status, VMK_NO_MEMORY, "the memory limit holds");
	check(count > 4, "memory up to the limit is given");
	for (unsigned i = 0; i < count; i++)
		vmku_unmap(chunks[i], CHUNK);
	check_status(vmku_map(CHUNK, VMK_PROT_READ, &chunks[0]), VMK_OK,
		"what was unmapped can be had again");
	vmku_unmap(chunks[0], CHUNK);
}

static void check_malloc(void)
{
	void *blocks[64] = {NULL};
	bool fine = true;

	for (unsigned round = 0; round < 4; round++)
		for (unsigned i = 0; i < 64; i++) {
			size_t size = 16 + i * 97 + round * 2048;

			free(blocks[i]);
			blocks[i] = malloc(size);
			fine = fine && blocks[i];
			if (blocks[i])
				memset(blocks[i], (int)i, size);
		}
	for (unsigned i = 0; i < 64; i++)
		free(blocks[i]);
	check(fine, "malloc and free");
}

void check_memory(void)
{
	check_mapping();
	check_refusals();
	check_limit();
	check_malloc();
}
