/* The loop: enter, see why the guest came back, answer or stop. */
#include "vtx/vcpu.h"
#include "vtx/vcpu_exits.h"

/* Translations of the EPT that this pCPU may still hold from before a change (ept.h). */
static void flush_stale(struct vcpu *v)
{
	struct vtx_vm *vm = v->vm;
	uint64_t *seen = &vm->seen[v->pcpu];
	const uint64_t generation = __atomic_load_n(&vm->ept.generation, __ATOMIC_ACQUIRE);

	if (*seen == generation)
		return;
	if (vm->controls->ept_vpid & EPT_CAP_INVEPT_SINGLE)
		vtx_invept(INVEPT_SINGLE, ept_pointer(&vm->ept));
	else
		vtx_invept(INVEPT_ALL, 0);
	v->counters[COUNT_INVEPT]++;
	__atomic_store_n(seen, generation, __ATOMIC_RELEASE);
}

/* False: the vector is wanted first. */
static bool offer_events(struct vcpu *v)
{
	int irq = v->apic_ops ? v->apic_ops->pending(v->apic) : -1;

	if (irq < 0 && !inject_is_pending(&v->injector) && !v->injector.irq_window &&
		!v->injector.nmi_window)
		return true;
	if (inject_before_entry(&v->injector, irq, &v->proc_controls)) {
		if (irq == INJECT_ASK)
			return false;
		v->apic_ops->accept(v->apic, (uint8_t)irq);
	}
	v->counters[COUNT_INJECTED] += v->injector.event != 0;
	return true;
}

static int fail(struct vcpu *v)
{
	v->failed = true;
	return VCPU_STOP_FAILED;
}

/* A machine check ends an entry without an exception (SDM 27.9): it is the host's all the same. */
static int entry_failed(struct vcpu *v)
{
	if ((v->exit_reason & EXIT_REASON_MASK) == EXIT_MACHINE_CHECK_ENTRY)
		vtx_host_machine_check();
	return fail(v);
}

/* HLT with something to wake it has ended already. */
static int halt(struct vcpu *v)
{
	vcpu_skip(v);
	if (inject_is_pending(&v->injector))
		return NEXT_ENTER;
	if (v->apic_ops && v->apic_ops->pending(v->apic) >= 0 &&
		(vtx_vmread(VMCS_GUEST_RFLAGS) & 1u << 9))
		return NEXT_ENTER;
	return VCPU_STOP_HALT;
}

/* NEXT_ENTER or an enum vcpu_stop. */
static int answer(struct vcpu *v)
{
	switch (v->exit_reason & EXIT_REASON_MASK) {
	case EXIT_EXTERNAL_INTERRUPT:
		v->counters[COUNT_INTERRUPTS]++;
		vtx_host_interrupts();
		return NEXT_ENTER;
	case EXIT_PREEMPTION_TIMER:
		/* Bochs 2.7 lets none end a guest's turn that was entered with interrupts off. */
		vtx_host_interrupts();
		return VCPU_STOP_HOST;
	case EXIT_CPUID:
		return exit_cpuid(v);
	case EXIT_RDMSR:
		return exit_rdmsr(v);
	case EXIT_WRMSR:
		return exit_wrmsr(v);
	case EXIT_IO:
		return exit_io(v);
	case EXIT_EPT_VIOLATION:
		return exit_ept(v);
	case EXIT_INTERRUPT_WINDOW:
	case EXIT_NMI_WINDOW:
		return NEXT_ENTER;
	case EXIT_CR_ACCESS:
		return exit_cr_access(v);
	case EXIT_MOV_DR:
		return exit_mov_dr(v);
	case EXIT_HLT:
		return halt(v);
	case EXIT_PAUSE:
		return VCPU_STOP_HOST;
	case EXIT_EXCEPTION:
		return exit_exception(v);
	case EXIT_TRIPLE_FAULT:
		return VCPU_STOP_SHUTDOWN;
	case EXIT_WBINVD: /* the host's caches are coherent with every device of the guest */
	case EXIT_INVD:
		vcpu_skip(v);
		return NEXT_ENTER;
	case EXIT_XSETBV:
		return exit_xsetbv(v);
	case EXIT_RDPMC:
		return vcpu_fault(v, EXCEPTION_GP, 0);
	/* What CPUID does not offer is undefined. */
	case EXIT_GETSEC:
	case EXIT_VMCALL:
	case EXIT_VMCLEAR:
	case EXIT_VMLAUNCH:
	case EXIT_VMPTRLD:
	case EXIT_VMPTRST:
	case EXIT_VMREAD:
	case EXIT_VMRESUME:
	case EXIT_VMWRITE:
	case EXIT_VMXOFF:
	case EXIT_VMXON:
	case EXIT_INVEPT:
	case EXIT_INVVPID:
	case EXIT_VMFUNC:
	case EXIT_MWAIT:
	case EXIT_MONITOR:
	case EXIT_RSM:
	case EXIT_ENCLS:
	case EXIT_ENCLV:
	case EXIT_XSAVES:
	case EXIT_XRSTORS:
	case EXIT_PCONFIG:
	case EXIT_UMWAIT:
	case EXIT_TPAUSE:
	case EXIT_LOADIWKEY:
		return vcpu_fault(v, EXCEPTION_UD, 0);
	/* Task switches, INIT, SIPI, SMIs, what a failed entry says, what cannot happen with our
	 * controls, and reserved numbers. */
	default:
		return fail(v);
	}
}

/* The VM's clock may have stood still since, this pCPU's may be another, and the guest may have set
 * its own. */
static void follow_clock(struct vcpu *v)
{
	const uint64_t offset = guest_clock_offset(&v->vm->clock) + v->tsc_adjust + v->tsc_lag;

	if (offset == v->tsc_offset)
		return;
	v->tsc_offset = offset;
	vtx_vmwrite(VMCS_TSC_OFFSET, offset);
}

static int enter_once(struct vcpu *v)
{
	flush_stale(v);
	if (!offer_events(v))
		return VCPU_STOP_ACKNOWLEDGE;
	v->counters[COUNT_ENTRIES]++;
	if (vtx_enter(&v->registers, v->launched) != VMX_OK) {
		v->exit_reason = EXIT_ENTRY_FAILED;
		return fail(v);
	}
	v->exit_reason = (uint32_t)vtx_vmread(VMCS_EXIT_REASON);
	if ((v->exit_reason & EXIT_REASON_MASK) < VTX_EXIT_COUNT)
		v->exits[v->exit_reason & EXIT_REASON_MASK]++;
	if (v->exit_reason & EXIT_ENTRY_FAILED)
		return entry_failed(v);
	v->launched = true;
	inject_after_exit(&v->injector, v->exit_reason);
	return answer(v);
}

/* A slice; without the timer the host's own interrupts end it. */
static void set_slice(const struct vcpu *v, uint64_t ticks)
{
	/* It counts when a bit of the TSC changes (SDM 3C, 26.5.1), so up to two of them are over
	 * too soon; a timer that is not due yet would cost a moment more (vmkvm/run.c). */
	const uint64_t value = (ticks >> v->vm->controls->timer_shift) + 2;

	if (v->vm->controls->word[WORD_PIN] & PIN_PREEMPTION_TIMER)
		vtx_vmwrite(VMCS_PREEMPTION_TIMER, MIN(value, (uint64_t)UINT32_MAX));
}

uint64_t vcpu_tsc(const struct vcpu *v)
{
	const struct guest_clock *clock = &v->vm->clock;
	const uint64_t tsc = vtx_rdtsc();

	if (vcpu_is_loaded(v))
		return guest_clock_tsc(
			       clock, guest_clock_scale(tsc, clock->multiplier) + v->tsc_lag) +
		       v->tsc_adjust;
	/* Whatever pCPU it gets, it sees no less there. */
	return guest_clock_tsc(clock,
		       guest_clock_ticks(clock, tsc, vtx_tsc_lag()) - (clock->multiplier != 0)) +
	       v->tsc_adjust;
}

enum vcpu_stop vcpu_run(struct vcpu *v, const volatile uint32_t *leave, uint64_t ticks)
{
	int next = NEXT_ENTER;

	if (v->failed)
		return VCPU_STOP_FAILED;
	follow_clock(v);
	set_slice(v, ticks);
	while (next == NEXT_ENTER) {
		if (*leave)
			return VCPU_STOP_HOST;
		next = enter_once(v);
	}
	return (enum vcpu_stop)next;
}
