/* What people need to understand why a guest was stopped. */
#include "vtx/vcpu.h"
#include "vtx/vcpu_exits.h"
#include <stdarg.h>
#include <stdio.h>

static const char *const counter_names[VCPU_COUNTERS_COUNT] = {
#define X(symbol, name) name,
	VCPU_COUNTERS(X)
#undef X
};

const char *vcpu_counter_name(enum vcpu_counter counter)
{
	return counter_names[counter];
}

struct out {
	void (*line)(void *context, const char *text);
	void *context;
};

__attribute__((format(printf, 2, 3))) static void say(
	const struct out *out, const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	out->line(out->context, text);
}

static uint64_t field(enum vmcs_field f)
{
	return vtx_vmread(f);
}

typedef unsigned long long ull;

static void say_why(const struct vcpu *v, const struct out *out)
{
	if (v->exit_reason == EXIT_ENTRY_FAILED) {
		say(out, "vCPU %u: the processor refused to enter: VM-instruction error %llu",
			(unsigned)v->index, (ull)field(VMCS_INSTRUCTION_ERROR));
		return;
	}
	say(out, "vCPU %u: exit %u (%s)%s, qualification %#llx, instruction length %llu",
		(unsigned)v->index, (unsigned)(v->exit_reason & EXIT_REASON_MASK),
		vtx_exit_name(v->exit_reason),
		v->exit_reason & EXIT_ENTRY_FAILED ? " at entry" : "",
		(ull)field(VMCS_EXIT_QUALIFICATION), (ull)field(VMCS_EXIT_INSTRUCTION_LENGTH));
	say(out,
		"event %#llx error %#llx, being delivered %#llx error %#llx, gpa %#llx, linear "
		"%#llx",
		(ull)field(VMCS_EXIT_EVENT), (ull)field(VMCS_EXIT_EVENT_ERROR),
		(ull)field(VMCS_VECTORING_EVENT), (ull)field(VMCS_VECTORING_EVENT_ERROR),
		(ull)field(VMCS_GUEST_PHYSICAL_ADDRESS), (ull)field(VMCS_GUEST_LINEAR_ADDRESS));
}

static void say_registers(const struct vcpu *v, const struct out *out)
{
	static const char *const names[GPRS] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi",
		"rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};

	say(out, "rip %#llx rflags %#llx, activity %llu, blocking %#llx",
		(ull)field(VMCS_GUEST_RIP), (ull)field(VMCS_GUEST_RFLAGS),
		(ull)field(VMCS_GUEST_ACTIVITY), (ull)field(VMCS_GUEST_INTERRUPTIBILITY));
	for (unsigned i = 0; i < GPRS; i += 4)
		say(out, "%3s %016llx %3s %016llx %3s %016llx %3s %016llx", names[i],
			(ull)vcpu_gpr(v, i), names[i + 1], (ull)vcpu_gpr(v, i + 1), names[i + 2],
			(ull)vcpu_gpr(v, i + 2), names[i + 3], (ull)vcpu_gpr(v, i + 3));
	say(out, "cr0 %#llx (sees %#llx) cr2 %#llx cr3 %#llx cr4 %#llx (sees %#llx) efer %#llx",
		(ull)field(VMCS_GUEST_CR0), (ull)vcpu_cr0(v), (ull)v->registers.cr2,
		(ull)field(VMCS_GUEST_CR3), (ull)field(VMCS_GUEST_CR4), (ull)vcpu_cr4(v),
		(ull)field(VMCS_GUEST_EFER));
}

#define SEGMENT(name)                                                                   \
	{#name, VMCS_GUEST_##name, VMCS_GUEST_##name##_BASE, VMCS_GUEST_##name##_LIMIT, \
		VMCS_GUEST_##name##_ACCESS}

static void say_segments(const struct out *out)
{
	static const struct {
		const char *name;
		enum vmcs_field selector, base, limit, access;
	} segments[] = {SEGMENT(CS), SEGMENT(SS), SEGMENT(DS), SEGMENT(ES), SEGMENT(FS),
		SEGMENT(GS), SEGMENT(LDTR), SEGMENT(TR)};

	for (size_t i = 0; i < ARRAY_SIZE(segments); i++)
		say(out, "%-4s %04llx base %#llx limit %#llx access %#llx", segments[i].name,
			(ull)field(segments[i].selector), (ull)field(segments[i].base),
			(ull)field(segments[i].limit), (ull)field(segments[i].access));
	say(out, "gdtr %#llx limit %#llx, idtr %#llx limit %#llx", (ull)field(VMCS_GUEST_GDTR_BASE),
		(ull)field(VMCS_GUEST_GDTR_LIMIT), (ull)field(VMCS_GUEST_IDTR_BASE),
		(ull)field(VMCS_GUEST_IDTR_LIMIT));
}

static void say_controls(const struct vcpu *v, const struct out *out)
{
	say(out,
		"controls: pin %#llx proc %#llx proc2 %#llx exit %#llx entry %#llx, eptp "
		"generation %llu",
		(ull)field(VMCS_PIN_CONTROLS), (ull)field(VMCS_PROC_CONTROLS),
		(ull)field(VMCS_PROC2_CONTROLS), (ull)field(VMCS_EXIT_CONTROLS),
		(ull)field(VMCS_ENTRY_CONTROLS), (ull)v->vm->ept.generation);
}

void vcpu_report(struct vcpu *v, void (*line)(void *context, const char *text), void *context)
{
	const struct out out = {line, context};

	say_why(v, &out);
	say_registers(v, &out);
	say_segments(&out);
	say_controls(v, &out);
}
