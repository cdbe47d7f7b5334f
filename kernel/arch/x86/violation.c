#include "arch/x86/violation.h"
#include "arch/x86/trap.h"
#include <string.h>
#include <vmkapi/trap.h>

/* SDM 3A, 4.7: page-fault error code. */
#define PF_PRESENT 0x01u
#define PF_WRITE   0x02u
#define PF_USER    0x04u
#define PF_FETCH   0x10u
#define PF_KNOWN   (PF_PRESENT | PF_WRITE | PF_USER | PF_FETCH)
#define CP_KIND    0x7fffu /* SDM 3A, 6.15, vector 21 */

static const char *name_fetch(const struct violation_facts *f)
{
	if (f->where == WHERE_NULL)
		return "call through a null pointer";
	if (!(f->error & PF_PRESENT))
		return "execution where nothing is mapped";
	return f->where == WHERE_USER ? "execution of a page of ring 3 (SMEP)"
				      : "execution of data (NX)";
}

/* The page is there, but not for this. */
static const char *name_denied(const struct violation_facts *f)
{
	if (f->where == WHERE_USER)
		return "access to a page of ring 3 (SMAP)";
	if (!(f->error & PF_WRITE))
		return NULL;
	switch (f->where) {
	case WHERE_TEXT:
		return "write to the kernel's code";
	case WHERE_SEALED:
		return "write to read-only data of the kernel";
	case WHERE_MODULES:
		return "write to code or read-only data of a module";
	default:
		return "write to a read-only page";
	}
}

static const char *name_missing(const struct violation_facts *f)
{
	switch (f->where) {
	case WHERE_NULL:
		return "use of a null pointer";
	case WHERE_SLABS:
		return "access beyond a heap object's slab";
	case WHERE_PAGES:
		return "access beside a large heap object, or after it was freed";
	case WHERE_STACKS:
		return "access beyond a kernel stack";
	case WHERE_DIRECT:
		return "access to memory that the direct map leaves out";
	default:
		return NULL;
	}
}

static const char *name_page_fault(const struct violation_facts *f)
{
	if (f->error & ~(uint64_t)PF_KNOWN)
		return NULL;
	if (f->error & PF_FETCH)
		return name_fetch(f);
	return f->error & PF_PRESENT ? name_denied(f) : name_missing(f);
}

/* The fault that could not be delivered was that of pushing where the stack ends. */
static const char *name_double_fault(const struct violation_facts *f)
{
	uint64_t low = f->rsp - PAGE_SIZE, span = 2ull * PAGE_SIZE;

	if (f->where == WHERE_STACKS && f->address - low < span)
		return "kernel stack overflow into its guard page";
	return NULL;
}

/* How clang ends a failed kCFI check: JE over the UD2 that stands before the call. */
static const char *name_invalid_opcode(const struct violation_facts *f)
{
	static const uint8_t kcfi[] = {0x74, 0x02, 0x0f, 0x0b};
	static const uint8_t guard[] = {VMKAPI_TRAP_STACK_GUARD};

	if (!memcmp(f->code, kcfi, sizeof(kcfi)))
		return "control-flow integrity: call through a pointer to a function of another "
		       "type";
	if (!memcmp(f->code + VIOLATION_BEFORE, guard, sizeof(guard)))
		return "stack guard overwritten";
	return NULL;
}

static const char *name_control_protection(const struct violation_facts *f)
{
	static const char *const kinds[] = {NULL,
		"return to where no call came from (shadow stack)",
		"far return to where no call came from (shadow stack)",
		"indirect branch to where no ENDBR64 stands (IBT)",
		"RSTORSSP to what is no shadow stack", "SETSSBSY of a shadow stack in use"};
	uint64_t kind = f->error & CP_KIND;

	return kind < ARRAY_SIZE(kinds) ? kinds[kind] : NULL;
}

/* Dereferencing what is no canonical address (SDM 1, 3.3.7.1). */
static const char *name_protection(const struct violation_facts *f)
{
	return f->poisoned ? "use of a pointer out of a freed heap object" : NULL;
}

const char *violation_name(const struct violation_facts *facts)
{
	switch (facts->vector) {
	case VECTOR_INVALID_OPCODE:
		return name_invalid_opcode(facts);
	case VECTOR_DOUBLE_FAULT:
		return name_double_fault(facts);
	case VECTOR_STACK:
	case VECTOR_GP:
		return name_protection(facts);
	case VECTOR_PAGE_FAULT:
		return name_page_fault(facts);
	case VECTOR_CONTROL_PROTECTION:
		return name_control_protection(facts);
	default:
		return NULL;
	}
}
