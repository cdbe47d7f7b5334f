#include "vtx/inject.h"
#include "vtx/capabilities.h"
#include "vtx/vtx_ops.h"

#define RFLAGS_IF_BIT (1ull << 9)
#define CR0_PE_BIT    (1ull << 0)

enum exception_class { BENIGN, CONTRIBUTORY, PAGE_FAULT, DOUBLE_FAULT };

/* SDM 3A, table 6-4. */
static enum exception_class class_of(unsigned vector)
{
	switch (vector) {
	case EXCEPTION_DE:
	case EXCEPTION_TS:
	case EXCEPTION_NP:
	case EXCEPTION_SS:
	case EXCEPTION_GP:
	case EXCEPTION_CP:
		return CONTRIBUTORY;
	case EXCEPTION_PF:
		return PAGE_FAULT;
	case EXCEPTION_DF:
		return DOUBLE_FAULT;
	default:
		return BENIGN;
	}
}

bool exception_has_error(unsigned vector)
{
	switch (vector) {
	case EXCEPTION_DF:
	case EXCEPTION_TS:
	case EXCEPTION_NP:
	case EXCEPTION_SS:
	case EXCEPTION_GP:
	case EXCEPTION_PF:
	case EXCEPTION_AC:
	case EXCEPTION_CP:
		return true;
	default:
		return false;
	}
}

static bool is_software(unsigned type)
{
	return type == EVENT_SOFT_INTERRUPT || type == EVENT_PRIVILEGED_EXCEPTION ||
	       type == EVENT_SOFT_EXCEPTION;
}

/* IRET that faulted has unblocked NMIs already: the guest's instruction runs again, so block them.
 */
static void block_nmis_again(uint32_t reason)
{
	bool unblocked = false;

	switch (reason & EXIT_REASON_MASK) {
	case EXIT_EXCEPTION: {
		uint32_t event = (uint32_t)vtx_vmread(VMCS_EXIT_EVENT);

		unblocked = (event & EVENT_NMI_UNBLOCKS) && EVENT_VECTOR(event) != EXCEPTION_DF;
		break;
	}
	case EXIT_EPT_VIOLATION:
		unblocked = vtx_vmread(VMCS_EXIT_QUALIFICATION) & EPT_QUAL_NMI_UNBLOCKS;
		break;
	}
	if (unblocked)
		vtx_vmwrite(VMCS_GUEST_INTERRUPTIBILITY,
			vtx_vmread(VMCS_GUEST_INTERRUPTIBILITY) | BLOCKED_BY_NMI);
}

void inject_after_exit(struct injector *in, uint32_t reason)
{
	uint32_t vectoring, type;

	/* A failed entry has changed nothing: the event is still to be delivered. */
	if (reason & EXIT_ENTRY_FAILED)
		return;
	in->event = 0;
	vectoring = (uint32_t)vtx_vmread(VMCS_VECTORING_EVENT);
	if (!(vectoring & EVENT_VALID)) {
		block_nmis_again(reason);
		return;
	}
	type = EVENT_TYPE(vectoring);
	if (type == EVENT_NMI) {
		/* Its delivery blocked NMIs, and it is delivered once more. */
		vtx_vmwrite(VMCS_GUEST_INTERRUPTIBILITY,
			vtx_vmread(VMCS_GUEST_INTERRUPTIBILITY) & ~(uint64_t)BLOCKED_BY_NMI);
	}
	/* Bit 12 is undefined here (SDM 25.9.3). */
	in->event = vectoring & ~EVENT_NMI_UNBLOCKS;
	in->error = 0;
	in->length = 0;
	if (vectoring & EVENT_ERROR_CODE)
		in->error = (uint32_t)vtx_vmread(VMCS_VECTORING_EVENT_ERROR);
	if (is_software(type))
		in->length = (uint32_t)vtx_vmread(VMCS_EXIT_INSTRUCTION_LENGTH);
}

static void set_exception(struct injector *in, unsigned vector, uint32_t error)
{
	in->event = EVENT_VALID | EVENT_HARD_EXCEPTION << 8 | vector;
	in->error = 0;
	in->length = 0;
	/* In real mode no error code is pushed (SDM 27.2.1.3). */
	if (exception_has_error(vector) && (vtx_vmread(VMCS_GUEST_CR0) & CR0_PE_BIT)) {
		in->event |= EVENT_ERROR_CODE;
		in->error = error;
	}
}

bool inject_exception(struct injector *in, unsigned vector, uint32_t error)
{
	const uint32_t first = in->event;
	enum exception_class was, is = class_of(vector);

	if (!(first & EVENT_VALID)) {
		set_exception(in, vector, error);
		return true;
	}
	switch (EVENT_TYPE(first)) {
	case EVENT_NMI:
		in->nmi = true;
		set_exception(in, vector, error);
		return true;
	case EVENT_EXTERNAL:
		in->interrupted = first;
		set_exception(in, vector, error);
		return true;
	case EVENT_HARD_EXCEPTION:
		break;
	default:
		/* The instruction that caused it runs again after the exception. */
		set_exception(in, vector, error);
		return true;
	}
	was = class_of(EVENT_VECTOR(first));
	if (was == DOUBLE_FAULT && is != BENIGN)
		return false;
	if ((was == CONTRIBUTORY && is == CONTRIBUTORY) ||
		(was == PAGE_FAULT && (is == CONTRIBUTORY || is == PAGE_FAULT)))
		set_exception(in, EXCEPTION_DF, 0);
	else
		set_exception(in, vector, error);
	return true;
}

void inject_int1(struct injector *in)
{
	in->event = EVENT_VALID | EVENT_PRIVILEGED_EXCEPTION << 8 | EXCEPTION_DB;
	in->error = 0;
	in->length = (uint32_t)vtx_vmread(VMCS_EXIT_INSTRUCTION_LENGTH);
}

void inject_nmi(struct injector *in)
{
	in->nmi = true;
}

static void write_event(const struct injector *in)
{
	vtx_vmwrite(VMCS_ENTRY_EVENT, in->event);
	if (in->event & EVENT_ERROR_CODE)
		vtx_vmwrite(VMCS_ENTRY_EVENT_ERROR, in->error);
	if (is_software(EVENT_TYPE(in->event)))
		vtx_vmwrite(VMCS_ENTRY_INSTRUCTION_LENGTH, in->length);
}

/* Writes the controls only when a window opens or closes. */
static void set_windows(struct injector *in, bool irq, bool nmi, uint32_t *proc_controls)
{
	if (irq == in->irq_window && nmi == in->nmi_window)
		return;
	in->irq_window = irq;
	in->nmi_window = nmi;
	*proc_controls &= ~(uint32_t)(PROC_INTERRUPT_WINDOW | PROC_NMI_WINDOW);
	*proc_controls |=
		(irq ? (uint32_t)PROC_INTERRUPT_WINDOW : 0) | (nmi ? (uint32_t)PROC_NMI_WINDOW : 0);
	vtx_vmwrite(VMCS_PROC_CONTROLS, *proc_controls);
}

/* Takes the most urgent of what waits that the guest can take now. True: `irq` was it. */
static bool choose(struct injector *in, int irq)
{
	const uint64_t blocking = vtx_vmread(VMCS_GUEST_INTERRUPTIBILITY);

	if (in->nmi && !(blocking & (BLOCKED_BY_NMI | BLOCKED_BY_STI | BLOCKED_BY_MOV_SS))) {
		in->nmi = false;
		in->event = EVENT_VALID | EVENT_NMI << 8 | EXCEPTION_NMI;
		return false;
	}
	if ((!in->interrupted && irq < 0) || (blocking & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS)) ||
		!(vtx_vmread(VMCS_GUEST_RFLAGS) & RFLAGS_IF_BIT))
		return false;
	if (in->interrupted) {
		in->event = in->interrupted;
		in->interrupted = 0;
		return false;
	}
	if (irq != INJECT_ASK)
		in->event = EVENT_VALID | EVENT_EXTERNAL << 8 | (uint32_t)irq;
	return true;
}

bool inject_before_entry(struct injector *in, int irq, uint32_t *proc_controls)
{
	bool taken = false;

	if (!in->event && (in->nmi || in->interrupted || irq >= 0))
		taken = choose(in, irq);
	if (in->event)
		write_event(in);
	set_windows(in, in->interrupted || (irq >= 0 && !taken), in->nmi, proc_controls);
	return taken;
}
