/* Exits whose instruction is carried out by hand: ports, and memory that is no RAM. */
#include "vmkvm/state.h"
#include "vtx/guest_walk.h"
#include "vtx/insn.h"
#include "vtx/vcpu_exits.h"
#include <string.h>

#define CS_LONG   (1u << 13)
#define CS_BIG    (1u << 14)
#define CR0_PE    1ull
#define RFLAGS_VM (1ull << 17)
#define RFLAGS_DF (1ull << 10)
#define EFER_LMA  (1ull << 10)

static uint64_t mask_of(unsigned bytes)
{
	return ~0ull >> (64 - 8 * bytes);
}

/* --- guest memory by linear address */

static bool read_physical(void *context, struct gpa gpa, void *to, size_t bytes)
{
	struct vm *vm = context;

	return vm_memory_read(&vm->vtx, gpa, to, bytes);
}

static struct guest_paging paging_of(struct vm_vcpu *v)
{
	return (struct guest_paging){
		.cr0 = vcpu_cr0(&v->vcpu),
		.cr3 = vtx_vmread(VMCS_GUEST_CR3),
		.cr4 = vcpu_cr4(&v->vcpu),
		.efer = vtx_vmread(VMCS_GUEST_EFER),
		.rflags = vtx_vmread(VMCS_GUEST_RFLAGS),
		.cpl = (unsigned)(vtx_vmread(VMCS_GUEST_SS_ACCESS) >> 5) & 3,
		.read = read_physical,
		.context = v->vm,
	};
}

struct fault {
	uint64_t linear;
	uint32_t error;
};

/* As much of [linear, linear + bytes) as can be reached with `access`, read or stored; the rest
 * begins at a fault. */
static size_t copy_linear(struct vm_vcpu *v, uint64_t linear, uint8_t *buffer, size_t bytes,
	enum guest_access access, bool store, struct fault *fault, enum walk_result *result)
{
	const struct guest_paging paging = paging_of(v);
	size_t done = 0;

	*result = WALK_OK;
	while (done < bytes) {
		const uint64_t at = linear + done;
		const size_t part = MIN(bytes - done, PAGE_SIZE - at % PAGE_SIZE);
		struct gpa gpa;
		bool good;

		*result = guest_walk(&paging, at, access, &gpa, &fault->error);
		fault->linear = at;
		if (*result != WALK_OK)
			return done;
		/* Where memory is short, it is waited for here and not while an answer is stored.
		 */
		if (access == GUEST_WRITE && !store && vm_memory_is_ram(v->vm, gpa) &&
			!vm_touch_in_place(&v->vm->vtx, gpa, false) && !vm_touch(v, gpa, false)) {
			*result = WALK_NO_MEMORY;
			return done;
		}
		good = store ? vm_memory_write(&v->vm->vtx, gpa, buffer + done, part)
			     : vm_memory_read(&v->vm->vtx, gpa, buffer + done, part);
		if (!good) {
			*result = WALK_NO_MEMORY;
			return done;
		}
		done += part;
	}
	return done;
}

static void page_fault(struct vm_vcpu *v, const struct fault *fault)
{
	v->vcpu.registers.cr2 = fault->linear;
	if (!inject_exception(&v->vcpu.injector, EXCEPTION_PF, fault->error))
		vm_fail(v, "a page fault that cannot be delivered");
}

/* --- ports */

static bool ask_port(struct vm_vcpu *v, const struct vcpu_request *r, uint32_t value, uint32_t *in)
{
	const struct vmk_vm_exchange request = {.kind = VMK_VM_REQUEST_IO,
		.address = r->port,
		.value = value,
		.bytes = r->bytes,
		.write = r->write};
	uint64_t answer = 0;

	if (!vm_ask(v, &request, &answer))
		return false;
	*in = (uint32_t)(answer & mask_of(r->bytes));
	return true;
}

/* RSI, RDI and RCX are as wide as the instruction's addresses; 32 bits clear the upper half. */
static void set_narrow(struct vm_vcpu *v, enum gpr number, uint64_t value, unsigned bytes)
{
	uint64_t *reg = &v->vcpu.registers.gpr[number];

	*reg = bytes == 2 ? (*reg & ~0xffffull) | (value & 0xffff) : value & mask_of(bytes);
}

/* One element of INS or OUTS; with REP the instruction is entered again for the next one. */
static void string_io(struct vm_vcpu *v, const struct vcpu_request *r)
{
	/* SDM table 28-14: the address size, in bits 9:7. */
	const unsigned width = 2u << (vtx_vmread(VMCS_EXIT_INSTRUCTION_INFO) >> 7 & 3);
	const uint64_t linear = vtx_vmread(VMCS_GUEST_LINEAR_ADDRESS);
	const enum gpr index = r->write ? RSI : RDI;
	const enum guest_access access = r->write ? GUEST_READ : GUEST_WRITE;
	const uint64_t *gpr = v->vcpu.registers.gpr;
	enum walk_result result;
	uint8_t bytes[4] = {0};
	struct fault fault;
	uint32_t value = 0;
	uint64_t count;

	if (width > 8) {
		vm_fail(v, "string I/O with an address size that there is not");
		return;
	}
	count = gpr[RCX] & mask_of(width);
	if (r->rep && !count) {
		vcpu_skip(&v->vcpu);
		return;
	}
	/* INS: that it can be written is made sure of before the port is read. */
	copy_linear(v, linear, bytes, r->bytes, access, false, &fault, &result);
	if (result == WALK_OK) {
		memcpy(&value, bytes, r->bytes);
		if (!ask_port(v, r, r->write ? value : 0, &value))
			return;
		memcpy(bytes, &value, r->bytes);
		if (!r->write)
			copy_linear(v, linear, bytes, r->bytes, access, true, &fault, &result);
	}
	if (result == WALK_FAULT) {
		page_fault(v, &fault);
		return;
	}
	if (result == WALK_NO_MEMORY) {
		if (!v->vcpu.failed)
			vm_fail(v, "string I/O with memory that is no RAM");
		return;
	}
	set_narrow(v, index,
		vtx_vmread(VMCS_GUEST_RFLAGS) & RFLAGS_DF ? gpr[index] - r->bytes
							  : gpr[index] + r->bytes,
		width);
	if (r->rep)
		set_narrow(v, RCX, count - 1, width);
	if (!r->rep || count == 1)
		vcpu_skip(&v->vcpu);
}

void vm_emulate_io(struct vm_vcpu *v)
{
	const struct vcpu_request *r = &v->vcpu.request;
	uint32_t value = 0;

	if (r->string) {
		string_io(v, r);
		return;
	}
	if (ask_port(v, r, r->value, &value))
		vcpu_complete(&v->vcpu, value);
}

/* --- device memory */

static bool is_apic_page(const struct vm_vcpu *v, uint64_t gpa)
{
	return (v->apic.base & APIC_BASE_ENABLE) && !(v->apic.base & APIC_BASE_X2APIC) &&
	       ALIGN_DOWN(gpa, PAGE_SIZE) == (v->apic.base & ~0xfffull & ((1ull << 52) - 1));
}

static bool is_ioapic(uint64_t gpa)
{
	return gpa - IOAPIC_BASE < IOAPIC_BYTES;
}

static bool is_controller(const struct vm_vcpu *v, uint64_t gpa)
{
	return is_apic_page(v, gpa) || is_ioapic(gpa);
}

static bool ask_memory(
	struct vm_vcpu *v, uint64_t gpa, unsigned bytes, bool write, uint64_t value, uint64_t *in)
{
	const struct vmk_vm_exchange request = {.kind = VMK_VM_REQUEST_MEMORY,
		.address = gpa,
		.value = value,
		.bytes = bytes,
		.write = write};

	return vm_ask(v, &request, in);
}

/* A double word of an interrupt controller's registers, in which the access lies. */
static uint32_t controller_read(struct vm_vcpu *v, uint64_t gpa)
{
	const uint32_t offset = (uint32_t)gpa & 0xffcu;
	uint64_t saved;
	uint32_t value;

	if (!is_ioapic(gpa))
		return vlapic_read(&v->apic, offset);
	saved = spin_lock(&v->vm->lock);
	value = vioapic_read(&v->vm->ioapic, offset);
	spin_unlock(&v->vm->lock, saved);
	return value;
}

static void controller_write(struct vm_vcpu *v, uint64_t gpa, uint32_t value)
{
	uint64_t saved;

	if (!is_ioapic(gpa)) {
		vlapic_write(&v->apic, (uint32_t)gpa & 0xfffu, value);
		return;
	}
	saved = spin_lock(&v->vm->lock);
	vioapic_write(&v->vm->ioapic, (uint32_t)gpa & 0xfffu, value);
	spin_unlock(&v->vm->lock, saved);
}

static bool device_read(struct vm_vcpu *v, uint64_t gpa, unsigned bytes, uint64_t *value)
{
	if (!is_controller(v, gpa)) {
		if (!ask_memory(v, gpa, bytes, false, 0, value))
			return false;
	} else {
		*value = controller_read(v, gpa) >> 8 * (gpa & 3);
	}
	*value &= mask_of(bytes);
	return true;
}

/* The interrupt controllers take whole, aligned double words only (SDM 3A, 11.4.1). */
static bool device_write(struct vm_vcpu *v, uint64_t gpa, unsigned bytes, uint64_t value)
{
	uint64_t unused;

	if (!is_controller(v, gpa))
		return ask_memory(v, gpa, bytes, true, value & mask_of(bytes), &unused);
	if (bytes == 4 && gpa % 4 == 0)
		controller_write(v, gpa, (uint32_t)value);
	return true;
}

static enum insn_mode mode_of(void)
{
	const uint64_t access = vtx_vmread(VMCS_GUEST_CS_ACCESS);

	if (!(vtx_vmread(VMCS_GUEST_CR0) & CR0_PE) || (vtx_vmread(VMCS_GUEST_RFLAGS) & RFLAGS_VM))
		return INSN_16;
	if ((access & CS_LONG) && (vtx_vmread(VMCS_GUEST_EFER) & EFER_LMA))
		return INSN_64;
	return access & CS_BIG ? INSN_32 : INSN_16;
}

static bool decode(struct vm_vcpu *v, struct insn *insn)
{
	const enum insn_mode mode = mode_of();
	const uint64_t base = mode == INSN_64 ? 0 : vtx_vmread(VMCS_GUEST_CS_BASE);
	uint8_t bytes[INSN_BYTES_MAX];
	enum walk_result result;
	struct fault fault;
	size_t got = copy_linear(v, base + vtx_vmread(VMCS_GUEST_RIP), bytes, sizeof(bytes),
		GUEST_FETCH, false, &fault, &result);
	enum vmk_status status = insn_decode(bytes, got, mode, insn);

	if (status == VMK_OK)
		return true;
	if (status == VMK_TRUNCATED && result == WALK_FAULT)
		page_fault(v, &fault);
	else
		vm_fail(v, "an instruction on device memory that is not known");
	return false;
}

/* Registers change in place: a request that is called off is so by what resets the vCPU. */
static void execute(struct vm_vcpu *v, const struct insn *insn, uint64_t gpa)
{
	const uint64_t old_rflags = vtx_vmread(VMCS_GUEST_RFLAGS);
	const uint64_t old_rsp = vtx_vmread(VMCS_GUEST_RSP);
	uint64_t *gpr = v->vcpu.registers.gpr, rflags = old_rflags, value = 0, result;

	if (insn_reads(insn) && !device_read(v, gpa, insn->bytes, &value))
		return;
	gpr[RSP] = old_rsp;
	result = insn_execute(insn, gpr, &rflags, value);
	if (insn_writes(insn) && !device_write(v, gpa, insn->bytes, result))
		return;
	if (gpr[RSP] != old_rsp)
		vtx_vmwrite(VMCS_GUEST_RSP, gpr[RSP]);
	if (rflags != old_rflags)
		vtx_vmwrite(VMCS_GUEST_RFLAGS, rflags);
	vcpu_advance(&v->vcpu, insn->length);
}

void vm_emulate_memory(struct vm_vcpu *v)
{
	const struct vcpu_request r = v->vcpu.request;
	struct insn insn;

	if (vm_memory_is_ram(v->vm, r.gpa)) {
		vm_touch(v, r.gpa, r.fetch);
		return;
	}
	if (r.fetch) {
		vm_fail(v, "it executes where there is no memory");
		return;
	}
	if (!r.linear_valid) {
		vm_fail(v, "its page tables lie where there is no memory");
		return;
	}
	/* What touched it is not the instruction at RIP, which would be carried out in its place.
	 */
	if (v->vcpu.injector.event) {
		vm_fail(v, "an event is delivered to where there is no memory");
		return;
	}
	if (decode(v, &insn))
		execute(v, &insn, r.gpa.v);
}
