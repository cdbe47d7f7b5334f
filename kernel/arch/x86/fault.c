/* Exceptions. */
#include "arch/x86/fault.h"
#include "arch/x86/cpu.h"
#include "arch/x86/panic.h"
#include "arch/x86/percpu.h"
#include "arch/x86/power.h"
#include "arch/x86/shadow.h"
#include "arch/x86/smp.h"
#include "arch/x86/violation.h"
#include "mem/heap.h"
#include "vmkuser/uworld.h"
#include <string.h>

/* Pairs of 32-bit self-relative addresses: a faulting instruction and where to go on. */
struct fixup {
	int32_t instruction, landing;
};
extern const struct fixup __fixups_start[], __fixups_end[];
extern char syscall_entry[], syscall_entry_guarded[];

/* X(vector, name): SDM 3A, table 6-1 */
#define EXCEPTIONS(X)                      \
	X(0, "divide error")               \
	X(1, "debug exception")            \
	X(2, "non-maskable interrupt")     \
	X(3, "breakpoint")                 \
	X(4, "overflow")                   \
	X(5, "bound range exceeded")       \
	X(6, "invalid opcode")             \
	X(7, "device not available")       \
	X(8, "double fault")               \
	X(10, "invalid TSS")               \
	X(11, "segment not present")       \
	X(12, "stack-segment fault")       \
	X(13, "general protection fault")  \
	X(14, "page fault")                \
	X(16, "x87 floating-point error")  \
	X(17, "alignment check")           \
	X(18, "machine check")             \
	X(19, "SIMD floating-point error") \
	X(20, "virtualization exception")  \
	X(21, "control protection exception")

const char *fault_name(uint64_t vector)
{
	switch (vector) {
#define X(number, name) \
	case number:    \
		return name;
		EXCEPTIONS(X)
#undef X
	default:
		return "exception";
	}
}

static uintptr_t self_relative(const int32_t *field)
{
	return (uintptr_t)field + (uintptr_t)(intptr_t)*field;
}

static bool fix_up(struct trap_frame *frame)
{
	for (const struct fixup *f = __fixups_start; f < __fixups_end; f++) {
		if (self_relative(&f->instruction) == frame->rip) {
			shadow_move_return(frame->rip, self_relative(&f->landing));
			frame->rip = self_relative(&f->landing);
			return true;
		}
	}
	return false;
}

static bool holds_poison(const struct trap_frame *frame)
{
	const uint64_t registers[] = {frame->rax, frame->rbx, frame->rcx, frame->rdx, frame->rsi,
		frame->rdi, frame->rbp, frame->r8, frame->r9, frame->r10, frame->r11, frame->r12,
		frame->r13, frame->r14, frame->r15};

	for (unsigned i = 0; i < ARRAY_SIZE(registers); i++)
		if (registers[i] == HEAP_POISON)
			return true;
	return false;
}

/* What it ran into, or NULL. */
static const char *name_violation(const struct trap_frame *frame, uint64_t address)
{
	struct violation_facts facts = {.vector = frame->vector,
		.error = frame->error,
		.address = address,
		.rsp = frame->rsp,
		.where = where_is(address),
		.poisoned = holds_poison(frame)};

	if (panic_is_code(frame->rip - VIOLATION_BEFORE) &&
		panic_is_code(frame->rip + VIOLATION_CODE - VIOLATION_BEFORE - 1))
		memcpy(facts.code, (const char *)frame->rip - VIOLATION_BEFORE, sizeof(facts.code));
	return violation_name(&facts);
}

/* The debug exception of SYSCALL itself: TF is clear in the kernel (SFMASK), and ring 3 traps once
 * it is back. */
static bool is_stepped_syscall(const struct trap_frame *frame)
{
	return frame->vector == VECTOR_DEBUG && !(frame->cs & 3) &&
	       (frame->rip == (uintptr_t)syscall_entry ||
		       frame->rip == (uintptr_t)syscall_entry_guarded);
}

void fault(struct trap_frame *frame)
{
	bool has_address =
		frame->vector == VECTOR_PAGE_FAULT || frame->vector == VECTOR_DOUBLE_FAULT;
	uint64_t address = has_address ? read_cr2() : 0;
	const char *violation;

	if (frame->vector == VECTOR_NMI) {
		smp_nmi_came();
		if (smp_stopping())
			smp_stop_here();
		if (!percpu_index())
			power_serve_request();
	}
	if (is_stepped_syscall(frame))
		return;
	if (frame->cs & 3 && frame->vector != VECTOR_NMI && frame->vector != VECTOR_MACHINE_CHECK &&
		frame->vector != VECTOR_DOUBLE_FAULT) {
		irq_enable();
		uworld_fault((unsigned)frame->vector, frame->error, address, frame->rip);
		return; /* the access is made again */
	}
	if (frame->vector == VECTOR_GP && fix_up(frame))
		return;
	violation = name_violation(frame, address);
	panic_frame(frame, address, "%s in the kernel, error 0x%llx%s%s", fault_name(frame->vector),
		(unsigned long long)frame->error, violation ? ": " : "",
		violation ? violation : "");
}
