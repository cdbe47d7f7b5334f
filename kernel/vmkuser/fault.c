/* A fault in ring 3 ends that world, and nothing else; unless it was for a page that comes when it
 * is touched. */
#include "arch/x86/fault.h"
#include "arch/x86/trap.h"
#include "lib/log.h"
#include "mem/space.h"
#include "sched/world.h"
#include "trust/audit.h"
#include "vmkuser/call.h"
#include "vmkuser/uworld.h"

#define LOG_MODULE  "vmkuser"
#define PLACE_BYTES 40

/* Page-fault error code: SDM 3A, 4.7. */
enum { PF_PRESENT = 1, PF_WRITE = 2, PF_FETCH = 16, PF_SHADOW = 64 };
/* Control-protection error code: SDM 3A, 6.15. */
enum { CP_NEAR_RET = 1, CP_FAR_RET = 2, CP_ENDBRANCH = 3, CP_KIND_MASK = 0x7fff };

static const char *access_name(uint64_t error)
{
	if (error & PF_SHADOW)
		return "shadow-stack access to";
	if (error & PF_FETCH)
		return "execution of";
	return error & PF_WRITE ? "write to" : "read of";
}

static const char *control_name(uint64_t error)
{
	switch (error & CP_KIND_MASK) {
	case CP_NEAR_RET:
	case CP_FAR_RET:
		return "a return not to where its call came from";
	case CP_ENDBRANCH:
		return "an indirect branch not to ENDBR64";
	default:
		return "a shadow stack is misused";
	}
}

static const char *fault_kind(unsigned vector, uint64_t error)
{
	if (vector == VECTOR_PAGE_FAULT)
		return access_name(error);
	return vector == VECTOR_CONTROL_PROTECTION ? control_name(error) : "";
}

void uworld_fault(unsigned vector, uint64_t error, uint64_t address, uint64_t rip)
{
	const struct uworld *u = world_owner(world_current());
	char where[PLACE_BYTES], what[PLACE_BYTES];

	if (vector == VECTOR_PAGE_FAULT && !(error & (PF_PRESENT | PF_FETCH)) &&
		space_fill(u->space, address))
		return;
	user_describe_address(u, rip, where, sizeof(where));
	user_describe_address(u, address, what, sizeof(what));
	if (vector == VECTOR_PAGE_FAULT)
		vmk_warn("World %s: page fault at %s: %s %s (%s); the world is ended",
			WORLD_NAME(u), where, access_name(error), what,
			error & PF_PRESENT ? "not allowed" : "not mapped");
	else if (vector == VECTOR_CONTROL_PROTECTION)
		vmk_warn("World %s: control-flow violation at %s: %s; the world is ended",
			WORLD_NAME(u), where, control_name(error));
	else
		vmk_warn("World %s: %s (vector %u, error 0x%llx) at %s; the world is ended",
			WORLD_NAME(u), fault_name(vector), vector, (unsigned long long)error,
			where);
	audit_record(AUDIT_WORLD_FAULT, WORLD_NAME(u), "world", WORLD_NAME(u), "fault",
		fault_name(vector), "kind", fault_kind(vector, error), "at", where, "address",
		vector == VECTOR_PAGE_FAULT ? what : "", NULL);
	world_exit();
}
