/* sources: kernel/vtx/inject.c */
/* quiet: kernel/vtx/vmcs.c fuzz/lib/figures.c */
/* coverage: edges */
/*
 * Events against a small processor that delivers them or has their delivery cut off. Nothing that
 * VM entry would refuse is written, each interrupt is delivered once, an NMI is never lost, and a
 * window is open exactly while something waits. An interrupt from outside is asked for only when it
 * would be taken, and then is, with whatever vector. Input: steps of five bytes.
 */
#include <stdlib.h>
#include <string.h>
#include "fuzz/lib/figures.h"
#include "vtx/capabilities.h"
#include "vtx/inject.h"
#include "vtx/vtx_ops.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define IF          (1u << 9)
#define STEP        5u
#define STEPS       200u
#define F(name)     vmcs[VMCS_INDEX_##name]
#define OPEN(which) ((controls & (uint32_t)(which)) != 0)

static uint64_t vmcs[VMCS_FIELD_COUNT];
static uint32_t controls;
static int irq; /* that the controller offers, INJECT_ASK, or -1 */
static struct {
	unsigned taken, delivered; /* external interrupts */
	bool nmi;                  /* asked for, not yet delivered */
} seen;

uint64_t vtx_vmread(enum vmcs_field field)
{
	return vmcs[vmcs_field_index(field)];
}

enum vmx_result vtx_vmwrite(enum vmcs_field field, uint64_t value)
{
	vmcs[vmcs_field_index(field)] = value;
	return VMX_OK;
}

static void require(bool good)
{
	if (!good)
		abort();
}

static void set_guest(uint8_t how)
{
	static const uint8_t blocking[] = {0, 0, BLOCKED_BY_STI, BLOCKED_BY_MOV_SS, BLOCKED_BY_NMI,
		BLOCKED_BY_NMI | BLOCKED_BY_STI, BLOCKED_BY_NMI | BLOCKED_BY_MOV_SS, 0};

	F(GUEST_RFLAGS) = 2 | (how & 0x80 ? IF : 0);
	F(GUEST_INTERRUPTIBILITY) = blocking[how & 7];
	F(GUEST_CR0) = how & 0x40 ? 0 : 1;
}

/* SDM 3C, 27.2.1.3 and 27.3.1.5, of what inject.c decides. */
static void check_event(uint32_t event)
{
	const uint64_t blocking = F(GUEST_INTERRUPTIBILITY);
	const unsigned vector = EVENT_VECTOR(event), type = EVENT_TYPE(event);

	require(event & EVENT_VALID);
	require(!(event & 0x7ffff000u));
	if (type == EVENT_NMI)
		require(vector == EXCEPTION_NMI && seen.nmi);
	if (type == EVENT_HARD_EXCEPTION)
		require(vector < EXCEPTIONS);
	if (event & EVENT_ERROR_CODE)
		require(type == EVENT_HARD_EXCEPTION && exception_has_error(vector));
	/* What is delivered again was let through before: the guest's state is from then. */
	if (F(VECTORING_EVENT) & EVENT_VALID)
		return;
	if (type == EVENT_EXTERNAL)
		require((F(GUEST_RFLAGS) & IF) &&
			!(blocking & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS)));
	if (type == EVENT_NMI)
		require(!(blocking & (BLOCKED_BY_NMI | BLOCKED_BY_STI | BLOCKED_BY_MOV_SS)));
}

static void enter(struct injector *in)
{
	const int offered = irq;
	const bool taken = inject_before_entry(in, irq, &controls);
	const bool external = in->event && EVENT_TYPE(in->event) == EVENT_EXTERNAL;

	if (taken) {
		require(offered >= 0 && external && EVENT_VECTOR(in->event) == (unsigned)offered);
		seen.taken++;
		irq = -1;
	}
	require(F(ENTRY_EVENT) == in->event);
	if (in->event)
		check_event(in->event);
	require(seen.taken == seen.delivered + external + (in->interrupted != 0));
	require(seen.nmi == (in->nmi || (in->event && EVENT_TYPE(in->event) == EVENT_NMI)));
	require(OPEN(PROC_INTERRUPT_WINDOW) == (irq >= 0 || in->interrupted));
	require(OPEN(PROC_NMI_WINDOW) == in->nmi);
	require(F(PROC_CONTROLS) == controls);
}

/* What the run loop does where the controller has yet to be asked: nothing comes between. */
static bool ask(struct injector *in, uint8_t vector)
{
	const bool nmi = in->nmi;

	if (irq != INJECT_ASK || !inject_before_entry(in, irq, &controls))
		return false;
	require(!in->event && !F(ENTRY_EVENT) && in->nmi == nmi && !in->interrupted);
	irq = vector;
	enter(in);
	require(irq < 0);
	return true;
}

/* The event of this entry reaches the guest, or the exit finds it half-way. */
static void leave(struct injector *in, uint8_t how)
{
	const uint32_t event = (uint32_t)F(ENTRY_EVENT), type = EVENT_TYPE(event);

	F(ENTRY_EVENT) = 0;
	F(VECTORING_EVENT) = event && (how & 1) ? event | (how & 2 ? EVENT_NMI_UNBLOCKS : 0) : 0;
	F(VECTORING_EVENT_ERROR) = F(ENTRY_EVENT_ERROR);
	F(EXIT_INSTRUCTION_LENGTH) = 2;
	F(EXIT_QUALIFICATION) = how & 4 ? EPT_QUAL_NMI_UNBLOCKS : 0;
	if (event && type == EVENT_NMI)
		F(GUEST_INTERRUPTIBILITY) |= BLOCKED_BY_NMI;
	if (event && !(how & 1)) {
		seen.delivered += type == EVENT_EXTERNAL;
		seen.nmi &= type != EVENT_NMI || in->nmi;
	}
	inject_after_exit(in, EXIT_EPT_VIOLATION);
	if (F(VECTORING_EVENT) && type == EVENT_NMI)
		require(!(F(GUEST_INTERRUPTIBILITY) & BLOCKED_BY_NMI));
	if (!F(VECTORING_EVENT) && (how & 4))
		require(F(GUEST_INTERRUPTIBILITY) & BLOCKED_BY_NMI);
}

/* False: a triple fault. */
static bool step(struct injector *in, const uint8_t *op)
{
	if (!in->event)
		set_guest(op[0]);
	if (op[1] & 1 && !seen.nmi) {
		inject_nmi(in);
		seen.nmi = true;
	}
	if (irq < 0 && (op[1] & 2))
		irq = op[1] & 8 ? INJECT_ASK : 16 + op[2] % 240;
	if (!ask(in, op[2]))
		enter(in);
	leave(in, op[3]);
	if (op[1] & 4)
		return inject_exception(in, op[4] % EXCEPTIONS, op[2]);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct injector in = {0};

	memset(vmcs, 0, sizeof(vmcs));
	memset(&seen, 0, sizeof(seen));
	controls = 0;
	irq = -1;
	for (size_t at = 0; at + STEP <= size && at < STEP * STEPS; at += STEP) {
		figures_operations(1);
		if (!step(&in, data + at))
			break;
	}
	return 0;
}
