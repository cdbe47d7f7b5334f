/*
 * vmksecret MEMORY CR3 BYTES [veiled]: where in a machine's physical memory, dumped to a file, 32
 * or fewer bytes lie (hexadecimal, each XORed with 0x5a if veiled), and who maps those pages. The
 * kernel's half is taken from the address space CR3; every page of memory that has the same half is
 * the root of another one. Prints:
 *   pages=N spaces=N kernel=N worlds=N kernel-mib=N
 * pages that hold the bytes, address spaces, of these pages those that the kernel's half maps,
 * address spaces whose lower half maps one, and how much memory the kernel's half maps.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/x86/paging.h"
#include "mem/ptable.h"

#define SOUGHT_MAX 32u
#define VEIL       0x5a

static const uint8_t *memory;
static uint64_t memory_bytes;
static bool *holds, *in_kernel; /* by page */

static uint64_t *table_at(struct hpa address)
{
	static uint64_t nothing[PTABLE_ENTRIES];

	if (address.v > memory_bytes - PAGE_SIZE)
		return nothing;
	return (uint64_t *)(uintptr_t)(memory + address.v);
}

static const struct ptable_ops ops = {.table = table_at};

struct seen {
	uint64_t bytes;
	bool *mapped;  /* by page, or NULL */
	bool has_some; /* of the pages that are looked for */
};

static void visit(void *context, const struct ptable_leaf *leaf)
{
	const uint64_t size = 1ull << leaf->shift, start = leaf->entry & PTE_FRAME & ~(size - 1);
	struct seen *seen = context;

	for (uint64_t at = start; at < start + size && at < memory_bytes; at += PAGE_SIZE) {
		seen->bytes += PAGE_SIZE;
		seen->has_some = seen->has_some || holds[at / PAGE_SIZE];
		if (seen->mapped)
			seen->mapped[at / PAGE_SIZE] = true;
	}
}

static struct seen look(uint64_t root, unsigned first, unsigned end, bool *mapped)
{
	const struct ptable table = {.root = hpa(root), .ops = &ops};
	struct seen seen = {.mapped = mapped};

	ptable_walk(&table, first, end, visit, &seen);
	return seen;
}

static size_t parse(const char *hex, bool veiled, uint8_t sought[SOUGHT_MAX])
{
	size_t bytes = 0;

	while (bytes < SOUGHT_MAX && hex[0] && hex[1]) {
		char digits[3] = {hex[0], hex[1], 0};

		sought[bytes++] = (uint8_t)(strtoul(digits, NULL, 16) ^ (veiled ? VEIL : 0));
		hex += 2;
	}
	return bytes;
}

static unsigned find_all(const uint8_t *sought, size_t bytes)
{
	const uint8_t *at = memory, *end = memory + memory_bytes;
	unsigned pages = 0;

	while ((at = memmem(at, (size_t)(end - at), sought, bytes))) {
		const size_t page = (size_t)(at - memory) / PAGE_SIZE;

		pages += !holds[page];
		holds[page] = true;
		at++;
	}
	return pages;
}

static bool load(const char *path)
{
	const int file = open(path, O_RDONLY);
	struct stat info;
	void *mapped;

	if (file < 0 || fstat(file, &info) || info.st_size < (off_t)PAGE_SIZE)
		return false;
	memory_bytes = ALIGN_DOWN((uint64_t)info.st_size, PAGE_SIZE);
	mapped = mmap(NULL, memory_bytes, PROT_READ, MAP_PRIVATE, file, 0);
	close(file);
	memory = mapped;
	holds = calloc(memory_bytes / PAGE_SIZE, sizeof(*holds));
	in_kernel = calloc(memory_bytes / PAGE_SIZE, sizeof(*in_kernel));
	return mapped != MAP_FAILED && holds && in_kernel;
}

static bool is_root(uint64_t page, uint64_t known)
{
	const size_t half = PAGE_SIZE / 2;

	return !memcmp(memory + page + half, memory + known + half, half);
}

int main(int argc, char **argv)
{
	unsigned pages, spaces = 0, kernel_pages = 0, worlds = 0;
	uint8_t sought[SOUGHT_MAX];
	struct seen kernel;
	uint64_t root;
	size_t bytes;

	if (argc < 4 || !load(argv[1])) {
		fprintf(stderr, "usage: vmksecret MEMORY CR3 BYTES [veiled]\n");
		return 2;
	}
	root = strtoull(argv[2], NULL, 16) & PTE_FRAME;
	bytes = parse(argv[3], argc > 4, sought);
	if (!bytes || root > memory_bytes - PAGE_SIZE) {
		fprintf(stderr, "vmksecret: CR3 %s is not in the dump, or no bytes\n", argv[2]);
		return 2;
	}
	pages = find_all(sought, bytes);
	kernel = look(root, PTABLE_ENTRIES / 2, PTABLE_ENTRIES, in_kernel);
	for (uint64_t at = 0; at < memory_bytes; at += PAGE_SIZE) {
		kernel_pages += holds[at / PAGE_SIZE] && in_kernel[at / PAGE_SIZE];
		if (!is_root(at, root))
			continue;
		spaces++;
		worlds += look(at, 0, PTABLE_ENTRIES / 2, NULL).has_some;
	}
	printf("pages=%u spaces=%u kernel=%u worlds=%u kernel-mib=%llu\n", pages, spaces,
		kernel_pages, worlds, (unsigned long long)kernel.bytes >> 20);
	return 0;
}
