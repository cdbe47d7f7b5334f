/* What a world finds when it starts: its image, its stack, and on top of that the auxiliary vector
 * (System V psABI x86-64, 3.4.1, "Initial Stack and Register State"). */
#include "arch/x86/cet.h"
#include "lib/random.h"
#include "mem/space.h"
#include "sched/world.h"
#include "vmkmod/elf.h"
#include "vmkuser/call.h"

#include <string.h>

#define STACK_BYTES (256ul << 10)
/* The stack pointer itself starts at one of 64 places in the top page. */
#define STACK_SHIFTS 64
#define STACK_ALIGN  16
/* On average frames are eight times as large as the return addresses in them, and more. */
#define SHADOW_BYTES (STACK_BYTES / 8)

/* System V gABI, "Auxiliary Vector". */
enum { AT_NULL = 0, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_RANDOM = 25 };

struct start_block {
	uint64_t argc, argv_end, envp_end;
	struct {
		uint64_t type, value;
	} auxv[7];
	uint8_t random[16]; /* musl makes the world's stack canary of it */
	struct vmk_start start;
};
_Static_assert(sizeof(struct start_block) + STACK_SHIFTS * STACK_ALIGN < PAGE_SIZE,
	"the start block must fit the top page of the stack");

static enum vmk_status map_segment(
	void *context, uintptr_t address, size_t bytes, bool writable, bool executable)
{
	struct uworld *u = context;
	unsigned prot = PROT_USER | PROT_R | (writable ? PROT_W : 0) | (executable ? PROT_X : 0);
	enum vmk_status status = VMK_OK;

	if (bytes > u->memory_limit - u->memory_used)
		return VMK_NO_MEMORY;
	for (size_t done = 0, part; status == VMK_OK && done < bytes; done += part) {
		part = MIN(bytes - done, MEMORY_PART_BYTES);
		status = space_alloc_at(u->space, address + done, part, prot);
		if (status == VMK_OK)
			status = memory_charge(u, part);
		sched_give_way();
	}
	return status;
}

static enum vmk_status write_segment(
	void *context, uintptr_t address, const void *from, size_t bytes)
{
	struct uworld *u = context;
	enum vmk_status status = VMK_OK;

	for (size_t done = 0, part; status == VMK_OK && done < bytes; done += part) {
		part = MIN(bytes - done, MEMORY_PART_BYTES);
		status = space_write(u->space, address + done, (const uint8_t *)from + done, part);
		sched_give_way();
	}
	return status;
}

static enum vmk_status load_elf(struct uworld *u, struct elf_image *elf, const char **why)
{
	static const struct elf_place_ops ops = {.map = map_segment, .write = write_segment};
	enum vmk_status status = elf_parse(u->package.payload, u->package.payload_bytes, elf, why);

	if (status != VMK_OK)
		return status;
	*why = "no address range is free for the image";
	status = space_reserve_image(u->space, elf->span, &u->image.address);
	if (status != VMK_OK)
		return status;
	u->image.bytes = elf->span;
	u->entry = u->image.address + elf->entry;
	return elf_place(elf, u->image.address, &ops, u, why);
}

static void fill_start_block(struct start_block *block, const struct uworld *u,
	const struct elf_image *elf, uintptr_t at)
{
	const uint64_t auxv[][2] = {
		{AT_PHDR, elf->phdr ? u->image.address + elf->phdr : 0},
		{AT_PHENT, elf->phdr_size},
		{AT_PHNUM, elf->phdr ? elf->phdr_count : 0},
		{AT_PAGESZ, PAGE_SIZE},
		{AT_RANDOM, at + offsetof(struct start_block, random)},
		{AT_VMK_START, at + offsetof(struct start_block, start)},
		{AT_NULL, 0},
	};

	_Static_assert(sizeof(auxv) == sizeof(block->auxv), "auxiliary vector");
	memset(block, 0, sizeof(*block));
	memcpy(block->auxv, auxv, sizeof(auxv));
	random_bytes(block->random, sizeof(block->random));
	grant_describe(u, &block->start);
}

static enum vmk_status make_stack(struct uworld *u, const struct elf_image *elf)
{
	struct start_block *block = (struct start_block *)u->scratch;
	uintptr_t at;
	enum vmk_status status;

	if (STACK_BYTES > u->memory_limit - u->memory_used)
		return VMK_NO_MEMORY;
	status = space_alloc(u->space, STACK_BYTES, PROT_USER | PROT_R | PROT_W, &u->stack.address);
	if (status != VMK_OK)
		return status;
	u->stack.bytes = STACK_BYTES;
	status = memory_charge(u, STACK_BYTES);
	if (status != VMK_OK)
		return status;
	at = u->stack.address + STACK_BYTES - sizeof(*block) -
	     random_below(STACK_SHIFTS) * STACK_ALIGN;
	u->stack_pointer = ALIGN_DOWN(at, STACK_ALIGN);
	fill_start_block(block, u, elf, u->stack_pointer);
	return space_write(u->space, u->stack_pointer, block, sizeof(*block));
}

/* Charged to the world only where the CPU has use for it. */
static enum vmk_status make_shadow_stack(struct uworld *u)
{
	enum vmk_status status;

	if (!(cet_user_flags() & CET_SH_STK_EN))
		return VMK_OK;
	if (SHADOW_BYTES > u->memory_limit - u->memory_used)
		return VMK_NO_MEMORY;
	status = space_alloc(
		u->space, SHADOW_BYTES, PROT_USER | PROT_R | PROT_SHADOW, &u->shadow.address);
	if (status != VMK_OK)
		return status;
	u->shadow.bytes = SHADOW_BYTES;
	return memory_charge(u, SHADOW_BYTES);
}

enum vmk_status image_load(struct uworld *u, const char **why)
{
	struct elf_image elf;
	enum vmk_status status = load_elf(u, &elf, why);

	if (status != VMK_OK)
		return status;
	*why = "no memory for the stacks";
	status = make_stack(u, &elf);
	return status == VMK_OK ? make_shadow_stack(u) : status;
}
