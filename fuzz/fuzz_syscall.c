/* sources: tests/unit/shim/audit.c */
/* sources: kernel/vmkuser/syscall.c kernel/vmkuser/call_memory.c kernel/vmkuser/call_world.c */
/* sources: kernel/vmkuser/call_net.c kernel/vmkuser/call_trust.c kernel/vmkuser/handle.c */
/* sources: kernel/vmkuser/budget.c kernel/vmkuser/call_tty.c kernel/vmkuser/call_system.c */
/* sources: kernel/vmkuser/call_handle.c kernel/vmkuser/secdomain.c kernel/vmkmod/domain.c */
/* sources: kernel/lib/lock.c tests/unit/shim/panic.c */
/* sources: tests/unit/shim/world_kernel.c tests/unit/shim/vm_kernel.c */
/* sources: kernel/vmkuser/call_vm.c kernel/vmkvm/life.c */
/* quiet: fuzz/lib/figures.c */
/*
 * Any sequence of system calls with any arguments: the world's memory is counted to the page and
 * within its limit, nothing becomes executable, image and stack stay as they were, no handle gains
 * a right, and each denial is counted once.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/lib/figures.h"
#include "lib/reader.h"
#include "tests/unit/shim/vm_kernel.h"
#include "tests/unit/shim/world_kernel.h"

#define CALLS_MAX  64
#define TRUSTED    0xa5 /* the input's last byte */
#define LIMIT      (256ul << 10)
#define IMAGE_PAGE 0x400000ul
#define STACK_PAGE 0x600000ul

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct uworld world;
static uint64_t last_values[4]; /* addresses among them */
static uint64_t denied;         /* calls that were */

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Numbers as a world would have them, and as it would not. */
static uint64_t argument(struct reader *r)
{
	uint8_t selector = reader_u8(r);

	switch (selector % 8) {
	case 0:
		return reader_u8(r);
	case 1:
		return (uint64_t)reader_u8(r) << PAGE_SHIFT;
	case 2:
		return world.handles.slots[0].kind ? handle_first(&world.handles, selector / 8 % 8)
						   : 0;
	case 3:
		return last_values[selector / 8 % 4] + reader_u8(r);
	case 4:
		return last_values[selector / 8 % 4];
	case 5:
		return (selector & 8 ? IMAGE_PAGE : STACK_PAGE) + (reader_le16(r) << 4);
	case 6:
		return -(uint64_t)reader_u8(r);
	default:
		return reader_le64(r);
	}
}

static void check(void)
{
	uint64_t pages = 0;

	for (unsigned i = 0; i < SIM_PAGES_MAX; i++) {
		const struct sim_page *page = &sim.space.pages[i];

		if (!page->address || !page->mapped)
			continue;
		pages++;
		require((page->prot & PROT_USER) && page->address < USER_TOP);
		require(page->address == IMAGE_PAGE || !(page->prot & PROT_X));
	}
	require(pages * PAGE_SIZE == world.memory_used && world.memory_used <= world.memory_limit);
	require(sim_page_at(&sim.space, IMAGE_PAGE)->prot == (PROT_USER | PROT_R | PROT_X));
	require(sim_page_at(&sim.space, STACK_PAGE)->prot == (PROT_USER | PROT_R | PROT_W));
	require(sim.tls < USER_TOP);
	require(world.denials == denied);
	for (unsigned i = 0; i < HANDLES_MAX; i++)
		require(world.handles.slots[i].kind != VMK_KIND_TRUST ||
			world.handles.slots[i].rights == RIGHT_READ);
}

/* A VM's own world, which may do all that there is to do. */
static void trust_world(void)
{
	uint32_t handle;

	memset(&sim_vm, 0, sizeof(sim_vm));
	world.grants =
		(struct vmk_grants){.syscalls = UINT64_MAX, .control = UINT64_MAX, .all_vms = 1};
	handle_add(&world.handles, VMK_KIND_VM, RIGHT_READ | RIGHT_WRITE, &sim_vm, &handle);
	handle_add(&world.handles, VMK_KIND_SYSTEM, RIGHT_READ | RIGHT_WRITE, NULL, &handle);
}

static void make_world(void)
{
	memset(last_values, 0, sizeof(last_values));
	denied = 0;
	sim_reset();
	sim_world(&world);
	world.memory_limit = LIMIT;
	world.memory_used = 2 * PAGE_SIZE;
	world.image = (struct user_range){IMAGE_PAGE, PAGE_SIZE};
	world.stack = (struct user_range){STACK_PAGE, PAGE_SIZE};
	space_alloc_at(&sim.space, IMAGE_PAGE, PAGE_SIZE, PROT_USER | PROT_R | PROT_X);
	space_alloc_at(&sim.space, STACK_PAGE, PAGE_SIZE, PROT_USER | PROT_R | PROT_W);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);

	make_world();
	if (size && data[size - 1] == TRUSTED)
		trust_world();
	for (unsigned calls = 0; calls < CALLS_MAX && reader_left(&r); calls++) {
		uint64_t number = reader_u8(&r), args[6] = {0}, value = 0;
		enum vmk_status status;

		for (unsigned i = 0; i < 5; i++)
			args[i] = argument(&r);
		if ((number & 0x7f) == VMK_SYS_EXIT)
			continue;
		sim.frames_waiting = sim.typed = number >> 7;
		sim.frame_bytes = 60;
		sim.now_ns += 500;
		if (setjmp(sim.leaving))
			continue; /* it has switched the machine off, as it may */
		status = call_make(&world, number & 0x7f, args, &value);
		figures_operations(1);
		denied += status == VMK_DENIED;
		if (status == VMK_OK && value)
			last_values[calls % 4] = value;
		check();
	}
	return 0;
}
