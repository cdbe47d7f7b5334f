/* Exits that are answered here: instructions, ports, memory, exceptions. */
#include "vtx/guest_fpu.h"
#include "vtx/guest_msr.h"
#include "vtx/vcpu_exits.h"

#define DR7_GD       (1ull << 13)
#define RFLAGS_TF    (1ull << 8)
#define PENDING_STEP (1ull << 14)

uint64_t vcpu_gpr(const struct vcpu *v, unsigned number)
{
	return number == RSP ? vtx_vmread(VMCS_GUEST_RSP) : v->registers.gpr[number % GPRS];
}

void vcpu_set_gpr(struct vcpu *v, unsigned number, uint64_t value)
{
	if (number == RSP)
		vtx_vmwrite(VMCS_GUEST_RSP, value);
	else
		v->registers.gpr[number % GPRS] = value;
}

int vcpu_fault(struct vcpu *v, enum exception vector, uint32_t error)
{
	return inject_exception(&v->injector, vector, error) ? NEXT_ENTER : VCPU_STOP_SHUTDOWN;
}

/* Outside 64-bit mode addresses wrap at 32 bits. */
void vcpu_advance(struct vcpu *v, uint64_t bytes)
{
	const uint64_t old = vtx_vmread(VMCS_GUEST_RIP), next = old + bytes;
	const uint64_t blocking = vtx_vmread(VMCS_GUEST_INTERRUPTIBILITY);
	const bool crosses = !(old >> 32) && next >> 32;

	if (crosses && !(vtx_vmread(VMCS_GUEST_CS_ACCESS) & 1u << 13))
		vtx_vmwrite(VMCS_GUEST_RIP, (uint32_t)next);
	else
		vtx_vmwrite(VMCS_GUEST_RIP, next);
	/* STI and MOV SS block for one instruction: that was it. */
	if (blocking & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS))
		vtx_vmwrite(VMCS_GUEST_INTERRUPTIBILITY,
			blocking & ~(uint64_t)(BLOCKED_BY_STI | BLOCKED_BY_MOV_SS));
	/* Who steps is told after VM entry (SDM 25.4.2): of branches alone nobody can be. */
	if (vtx_vmread(VMCS_GUEST_RFLAGS) & RFLAGS_TF)
		vtx_vmwrite(VMCS_GUEST_PENDING_DEBUG,
			vtx_vmread(VMCS_GUEST_PENDING_DEBUG) | PENDING_STEP);
}

void vcpu_skip(struct vcpu *v)
{
	vcpu_advance(v, vtx_vmread(VMCS_EXIT_INSTRUCTION_LENGTH));
}

int exit_cpuid(struct vcpu *v)
{
	uint64_t *gpr = v->registers.gpr;
	struct cpuid_registers r;
	const struct cpuid_vcpu self = {
		.apic_id = v->index,
		.osxsave = v->osxsave,
		.xcr0 = v->xcr0,
		.apic_on = v->apic_ops != NULL,
	};

	cpuid_answer(&v->vm->cpuid, &self, (uint32_t)gpr[RAX], (uint32_t)gpr[RCX], &r);
	gpr[RAX] = r.eax;
	gpr[RBX] = r.ebx;
	gpr[RCX] = r.ecx;
	gpr[RDX] = r.edx;
	vcpu_skip(v);
	return NEXT_ENTER;
}

int exit_rdmsr(struct vcpu *v)
{
	uint64_t *gpr = v->registers.gpr, value;

	if (!guest_msr_read(v, (uint32_t)gpr[RCX], &value))
		return vcpu_fault(v, EXCEPTION_GP, 0);
	gpr[RAX] = (uint32_t)value;
	gpr[RDX] = value >> 32;
	vcpu_skip(v);
	return NEXT_ENTER;
}

int exit_wrmsr(struct vcpu *v)
{
	const uint64_t *gpr = v->registers.gpr;
	const uint32_t msr = (uint32_t)gpr[RCX];
	const uint64_t value = (uint32_t)gpr[RAX] | gpr[RDX] << 32;

	if (!guest_msr_write(v, msr, value))
		return vcpu_fault(v, EXCEPTION_GP, 0);
	vcpu_skip(v);
	/* The slice ends when the timer was due before. */
	return guest_msr_is_of_time(msr) ? (int)VCPU_STOP_HOST : NEXT_ENTER;
}

/* Most processors look at CPL before they exit (SDM 26.1.1); Bochs does not. */
static bool is_user(void)
{
	return vtx_vmread(VMCS_GUEST_SS_ACCESS) >> 5 & 3;
}

int exit_xsetbv(struct vcpu *v)
{
	const uint64_t *gpr = v->registers.gpr;
	const uint64_t value = (uint32_t)gpr[RAX] | gpr[RDX] << 32;

	if (!v->osxsave)
		return vcpu_fault(v, EXCEPTION_UD, 0);
	if (is_user() || (uint32_t)gpr[RCX] || !guest_fpu_set_xcr0(v, value))
		return vcpu_fault(v, EXCEPTION_GP, 0);
	vcpu_skip(v);
	return NEXT_ENTER;
}

int exit_io(struct vcpu *v)
{
	const uint64_t qual = vtx_vmread(VMCS_EXIT_QUALIFICATION);
	const unsigned bytes = IO_QUAL_SIZE(qual);

	v->request = (struct vcpu_request){
		.write = !(qual & IO_QUAL_IN),
		.string = qual & IO_QUAL_STRING,
		.rep = qual & IO_QUAL_REP,
		.bytes = (uint8_t)bytes,
		.port = IO_QUAL_PORT(qual),
	};
	if (v->request.write && !v->request.string)
		v->request.value = (uint32_t)(v->registers.gpr[RAX] & (~0ull >> (64 - 8 * bytes)));
	return VCPU_STOP_IO;
}

void vcpu_complete(struct vcpu *v, uint32_t value)
{
	uint64_t *rax = &v->registers.gpr[RAX];

	/* A 32-bit result clears the upper half, smaller ones leave the rest. */
	if (!v->request.write && v->request.bytes == 4)
		*rax = value;
	else if (!v->request.write && v->request.bytes == 2)
		*rax = (*rax & ~0xffffull) | (value & 0xffff);
	else if (!v->request.write)
		*rax = (*rax & ~0xffull) | (value & 0xff);
	vcpu_skip(v);
}

int exit_ept(struct vcpu *v)
{
	const uint64_t qual = vtx_vmread(VMCS_EXIT_QUALIFICATION);
	const struct gpa gpa = {vtx_vmread(VMCS_GUEST_PHYSICAL_ADDRESS)};

	if (v->vm->touch && v->vm->touch(v->vm, gpa, qual & EPT_QUAL_FETCH))
		return NEXT_ENTER;
	v->request = (struct vcpu_request){
		.write = qual & EPT_QUAL_WRITE,
		.fetch = qual & EPT_QUAL_FETCH,
		.gpa = gpa,
		.linear_valid = (qual & EPT_QUAL_LINEAR) && (qual & EPT_QUAL_FINAL),
	};
	if (v->request.linear_valid)
		v->request.linear = vtx_vmread(VMCS_GUEST_LINEAR_ADDRESS);
	return VCPU_STOP_MEMORY;
}

/*
 * A #DB that exited has not changed DR6 and DR7: the qualification says how (SDM 28.1, 28.2.1). Its
 * delivery ends what STI and MOV SS block. The exit has not, and where TF is set, VM entry would
 * take a blocked step for one that is still due (27.3.1.5), and fail.
 */
static int reflect_debug(struct vcpu *v, unsigned type)
{
	const uint64_t qual = vtx_vmread(VMCS_EXIT_QUALIFICATION) & 0xe00full;
	const uint64_t blocking = vtx_vmread(VMCS_GUEST_INTERRUPTIBILITY);

	if (v->debug_registers)
		vtx_debug_save(v->dr, &v->dr6);
	v->dr6 = (v->dr6 & ~0xfull) | VCPU_DR6_RESET | qual;
	if (v->debug_registers)
		vtx_debug_load(v->dr, v->dr6);
	vtx_vmwrite(VMCS_GUEST_DR7, vtx_vmread(VMCS_GUEST_DR7) & ~DR7_GD);
	if (blocking & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS))
		vtx_vmwrite(VMCS_GUEST_INTERRUPTIBILITY,
			blocking & ~(uint64_t)(BLOCKED_BY_STI | BLOCKED_BY_MOV_SS));
	if (type != EVENT_PRIVILEGED_EXCEPTION)
		return vcpu_fault(v, EXCEPTION_DB, 0);
	inject_int1(&v->injector);
	return NEXT_ENTER;
}

/*
 * The host's interrupts come in here: a guest can have #DB and #AC come up while they are
 * delivered, for ever, so that neither an interrupt nor the timer is ever due between two of its
 * instructions.
 */
int exit_exception(struct vcpu *v)
{
	const uint32_t event = (uint32_t)vtx_vmread(VMCS_EXIT_EVENT);

	if (EVENT_TYPE(event) == EVENT_NMI) {
		vtx_host_nmi();
		return NEXT_ENTER;
	}
	switch (EVENT_VECTOR(event)) {
	case EXCEPTION_MC:
		vtx_host_machine_check();
		return NEXT_ENTER;
	case EXCEPTION_DB:
		vtx_host_interrupts();
		return reflect_debug(v, EVENT_TYPE(event));
	case EXCEPTION_AC:
		vtx_host_interrupts();
		return vcpu_fault(v, EXCEPTION_AC, (uint32_t)vtx_vmread(VMCS_EXIT_EVENT_ERROR));
	default:
		v->failed = true;
		return VCPU_STOP_FAILED;
	}
}
