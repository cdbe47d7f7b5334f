/* A fault in ring 3 ends that world, and nothing else. */
#include "lib/log.h"
#include "sched/world.h"
#include "vmkuser/call.h"
#include "vmkuser/uworld.h"

#define LOG_MODULE        "vmkuser"
#define VECTOR_PAGE_FAULT 14
#define PLACE_BYTES       40

/* Page-fault error code: SDM 3A, 4.7. */
enum { PF_PRESENT = 1, PF_WRITE = 2, PF_FETCH = 16 };

/* SDM 3A, table 6-1. */
static const char *const names[] = {
	[0] = "divide error",
	[1] = "debug exception",
	[3] = "breakpoint",
	[4] = "overflow",
	[5] = "bound range exceeded",
	[6] = "invalid opcode",
	[7] = "device not available",
	[11] = "segment not present",
	[12] = "stack-segment fault",
	[13] = "general protection fault",
	[VECTOR_PAGE_FAULT] = "page fault",
	[16] = "x87 floating-point error",
	[17] = "alignment check",
	[19] = "SIMD floating-point exception",
	[21] = "control protection exception",
};

static const char *vector_name(unsigned vector)
{
	return vector < ARRAY_SIZE(names) && names[vector] ? names[vector] : "exception";
}

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
			WORLD_NAME(u), vector_name(vector), vector, (unsigned long long)error,
			where);
	world_exit();
}
