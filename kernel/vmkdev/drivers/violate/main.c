/* One rule broken, as the name in the payload says (README.md). */
#include "arch/x86/paging.h"
#include "violations.h"
#include <string.h>
#include <vmkapi/module.h>

#define CASE_BYTES 32
#define BIG_BYTES  10000u
#define RETURN     0xc3 /* the shortest code */

/* The test replaces what follows the mark. Volatile: the compiler must not know it. */
static const volatile char chosen[] = "violate=--------------------------------";

static struct vmkmod *self;
static const struct vmkapi *api;
static uint8_t data[16] = {RETURN};
static const volatile uint8_t constant[16] = {1};

static void poke(const volatile void *address)
{
	*(volatile uint8_t *)(uintptr_t)address = 0;
}

static uint8_t peek(const volatile void *address)
{
	return *(const volatile uint8_t *)address;
}

/* Past kCFI, as an attacker would who has found another way. */
static void run(const volatile void *address)
{
	__asm__ volatile("call *%0" : : "r"(address) : "memory", "cc");
}

/* --- pages and their rights */

static void violate_text(void)
{
	poke((const void *)(uintptr_t)api->time_ns);
}

static void violate_sealed(void)
{
	poke(api);
}

static void violate_own_text(void)
{
	poke((const void *)(uintptr_t)violate_text);
}

static void violate_own_rodata(void)
{
	poke(constant);
}

static void violate_nx_data(void)
{
	run(data);
}

static void violate_nx_stack(void)
{
	volatile uint8_t code[16] = {RETURN};

	run(code);
}

static void violate_nx_heap(void)
{
	uint8_t *code = api->alloc(self, sizeof(data));

	*code = RETURN;
	run(code);
}

static void violate_null_read(void)
{
	const volatile uint8_t *volatile nothing = NULL;

	peek(nothing);
}

static void violate_null_call(void)
{
	run(NULL);
}

/* --- control flow */

static int of_another_type(int x)
{
	return x + 1;
}

static void violate_kcfi(void)
{
	void (*volatile function)(void) = (void (*)(void))(uintptr_t)of_another_type;

	function();
}

static void violate_ibt(void)
{
	__asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
			 "jmp *%%rax\n"
			 "1:"
		:
		:
		: "rax");
}

static void violate_return_address(void)
{
	__asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "retq\n"
			 "1:"
		:
		:
		: "rax", "memory");
}

/* --- stacks */

static void violate_smash(void)
{
	volatile uint8_t array[16];
	volatile uint8_t *volatile at = array;

	for (unsigned i = 0; i < 4 * sizeof(array); i++)
		at[i] = 0x5a;
}

/* Never ends, but the compiler cannot know. */
static unsigned deeper(unsigned depth)
{
	volatile uint8_t frame[256];

	frame[0] = (uint8_t)depth;
	if (constant[0])
		depth += deeper(depth + 1);
	return depth + frame[0];
}

static void violate_overflow(void)
{
	deeper(0);
}

/* Upwards, to where the next world's stack would be. */
static void violate_other_stack(void)
{
	uintptr_t page = (uintptr_t)__builtin_frame_address(0) & ~4095ul;

	for (;; page += 4096)
		poke((const void *)page);
}

/* --- heap */

static void violate_heap_overflow(void)
{
	volatile uint8_t *object = api->alloc(self, 24);

	object[24] ^= 1;
	api->free(self, (void *)(uintptr_t)object);
}

static void violate_double_free(void)
{
	void *object = api->alloc(self, 40);

	api->free(self, object);
	api->free(self, object);
}

static void violate_inner_free(void)
{
	uint8_t *object = api->alloc(self, 100);

	api->free(self, object + 16);
}

static void violate_foreign_free(void)
{
	api->free(self, data);
}

static void violate_freed_pointer(void)
{
	const uint8_t **object = api->alloc(self, 64);
	const uint8_t *const volatile *freed = object;

	api->free(self, object);
	peek(*freed);
}

/* Found when the place is given again, which is at random. */
static void violate_freed_write(void)
{
	uint8_t *object = api->alloc(self, 1000);

	api->free(self, object);
	poke(object + 100);
	for (unsigned i = 0; i < VMKAPI_BLOCKS_MAX; i++)
		api->alloc(self, 1000);
}

static void violate_beside_large(void)
{
	uint8_t *object = api->alloc(self, BIG_BYTES);

	poke(object + BIG_BYTES);
}

static void violate_before_large(void)
{
	volatile uint8_t *object = api->alloc(self, BIG_BYTES);

	object[-1] ^= 1;
	api->free(self, (void *)(uintptr_t)object);
}

static void violate_freed_large(void)
{
	uint8_t *object = api->alloc(self, BIG_BYTES);

	api->free(self, object);
	peek(object);
}

/* --- memory by its physical address */

/* Without VT-d what devices are told is the physical address, which gives away the direct map. */
static uintptr_t find_direct_map(void)
{
	uint64_t bus;
	void *memory;

	if (!self->pci || api->dma_alloc(self, PAGE_SIZE, &memory, &bus) != VMK_OK)
		return 0;
	return (uintptr_t)memory - bus;
}

/* The driver's code, where its frame would be written. */
static void violate_text_alias(void)
{
	const uintptr_t direct = find_direct_map(), text = (uintptr_t)violate_text_alias;
	uint64_t entry = read_cr3();

	if (!direct)
		return;
	for (unsigned shift = PML4_SHIFT; shift >= PT_SHIFT; shift -= PML4_SHIFT - PDPT_SHIFT)
		entry = ((
			const uint64_t *)(direct + (entry & PTE_FRAME)))[ptable_index(text, shift)];
	poke((const void *)(direct + (entry & PTE_FRAME) + text % PAGE_SIZE));
}

/* --- a page of ring 3 */

/* Maps one page at the first addresses that ring 3 may have, in the tables in use. */
static const volatile uint8_t *map_user_page(void)
{
	uint64_t flags = PTE_PRESENT | PTE_WRITE | PTE_USER, bus, *tables, *root;
	void *memory;

	if (!self->pci || api->dma_alloc(self, 4 * PAGE_SIZE, &memory, &bus) != VMK_OK)
		return NULL;
	tables = memory;
	/* Without VT-d what devices are told is the physical address, which gives away the direct
	 * map. */
	root = (uint64_t *)((uintptr_t)memory - bus + (read_cr3() & PTE_FRAME));
	tables[0] = (bus + PAGE_SIZE) | flags;
	tables[PTABLE_ENTRIES] = (bus + 2 * PAGE_SIZE) | flags;
	tables[2 * PTABLE_ENTRIES + USER_START / PAGE_SIZE] = (bus + 3 * PAGE_SIZE) | flags;
	memset((uint8_t *)memory + 3 * PAGE_SIZE, RETURN, PAGE_SIZE);
	root[0] = bus | flags;
	return (const volatile uint8_t *)USER_START;
}

static void violate_smap_read(void)
{
	peek(map_user_page());
}

static void violate_smap_write(void)
{
	poke(map_user_page());
}

static void violate_smep(void)
{
	run(map_user_page());
}

static const struct {
	const char *name;
	void (*violate)(void);
} cases[] = {
#define X(name, panic) {#name, violate_##name},
	VIOLATIONS(X) USER_PAGE_VIOLATIONS(X) CET_VIOLATIONS(X)
#undef X
};

enum vmk_status vmkmod_start(struct vmkmod *module)
{
	char name[CASE_BYTES + 1] = {0};
	const volatile char *from = chosen + sizeof("violate=") - 1;

	self = module;
	api = module->api;
	for (unsigned i = 0; i < CASE_BYTES && from[i] != '-'; i++)
		name[i] = from[i];
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(cases[i].name, name))
			continue;
		api->log("about to do what is forbidden: %s", name);
		cases[i].violate();
		api->log("nobody stopped it");
	}
	return VMK_NOT_FOUND;
}
