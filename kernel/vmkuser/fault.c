/* A fault in ring 3 ends that world, and nothing else. */
#include "arch/x86/fault.h"
#include "arch/x86/trap.h"
#include "lib/log.h"
#include "sched/world.h"
#include "vmkuser/call.h"
#include "vmkuser/uworld.h"

#define LOG_MODULE  "vmkuser"
#define PLACE_BYTES 40

/* Page-fault error code: SDM 3A, 4.7. */
enum { PF_PRESENT = 1, PF_WRITE = 2, PF_FETCH = 16 };

static const char *access_name(uint64_t error)
{
	if (error & PF_FETCH)
		return "execution of";
	return error & PF_WRITE ? "write to" : "read of";
}

void uworld_fault(unsigned vector, uint64_t error, uint64_t address, uint64_t rip)
{
	const struct uworld *u = world_owner(world_current());
	char where[PLACE_BYTES], what[PLACE_BYTES];

	user_describe_address(u, rip, where, sizeof(where));
	user_describe_address(u, address, what, sizeof(what));
	if (vector == VECTOR_PAGE_FAULT)
		vmk_warn("World %s: page fault at %s: %s %s (%s); the world is ended",
			WORLD_NAME(u), where, access_name(error), what,
			error & PF_PRESENT ? "not allowed" : "not mapped");
	else
		vmk_warn("World %s: %s (vector %u, error 0x%llx) at %s; the world is ended",
			WORLD_NAME(u), fault_name(vector), vector, (unsigned long long)error,
			where);
	world_exit();
}
