/* Interrupts on their way to vCPUs: messages of local and I/O APICs, and of devices. */
#include "arch/x86/smp.h"
#include "vmkvm/state.h"
#include "vtx/vtx_ops.h"

/* SDM 3A, 11.11: message address and data. */
#define MSI_ADDRESS_MASK 0xfff00000ull
#define MSI_LOGICAL      (1u << 2)
#define MSI_LEVEL        (1u << 15)

void vm_kick(struct vm_vcpu *v)
{
	int32_t cpu;

	event_signal(&v->event);
	cpu = __atomic_load_n(&v->running_on, __ATOMIC_SEQ_CST);
	if (cpu >= 0)
		ipi_reschedule((unsigned)cpu);
}

void vm_attend(struct vm_vcpu *v, uint32_t attention)
{
	__atomic_fetch_or(&v->attention, attention, __ATOMIC_SEQ_CST);
	vm_kick(v);
}

static void deliver(struct vm_vcpu *v, const struct apic_message *m, bool to_self)
{
	switch (m->delivery) {
	case DELIVER_FIXED:
	case DELIVER_LOWEST:
		vlapic_post(&v->apic, m->vector, m->level_triggered);
		/* A vCPU that sends is about to look at its own APIC, before it enters the guest.
		 */
		if (!to_self)
			vm_kick(v);
		break;
	case DELIVER_NMI:
		vm_attend(v, ATTEND_NMI);
		break;
	case DELIVER_INIT:
		/* A level de-assert has no effect (SDM 3A, 11.6.1). */
		if (m->assert || !m->level_triggered)
			vm_attend(v, ATTEND_INIT);
		break;
	case DELIVER_STARTUP:
		__atomic_store_n(&v->startup_vector, m->vector, __ATOMIC_RELEASE);
		vm_attend(v, ATTEND_STARTUP);
		break;
	default: /* SMI: there is no SMM; ExtINT: LINT0 alone has 8259s behind it */
		break;
	}
}

static void route(struct vm *vm, const struct apic_message *m, const struct vm_vcpu *sender)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		struct vm_vcpu *v = vm->vcpus[i];

		if (!vlapic_is_addressed(&v->apic, m, v == sender))
			continue;
		deliver(v, m, v == sender);
		if (m->delivery == DELIVER_LOWEST)
			return;
	}
}

void vm_ioapic_send(void *context, const struct apic_message *message)
{
	route(context, message, NULL);
}

void vm_irq(struct vm *vm, unsigned gsi, bool level)
{
	uint64_t saved;

	if (gsi == VMK_VM_INTR) {
		vlapic_set_intr(&vm->vcpus[0]->apic, level);
		if (level)
			vm_kick(vm->vcpus[0]);
		return;
	}
	saved = spin_lock(&vm->lock);
	vioapic_set(&vm->ioapic, gsi, level);
	spin_unlock(&vm->lock, saved);
}

enum vmk_status vm_message(struct vm *vm, uint64_t address, uint32_t data)
{
	struct apic_message m = {
		.destination = (uint32_t)(address >> 12) & 0xff,
		.vector = (uint8_t)data,
		.delivery = (uint8_t)(data >> 8) & 7,
		.shorthand = TO_DESTINATION,
		.logical = address & MSI_LOGICAL,
		.level_triggered = data & MSI_LEVEL,
		.assert = true,
	};

	if ((address & ~0xfffffull) != (APIC_DEFAULT_BASE & MSI_ADDRESS_MASK))
		return VMK_BAD_PARAM;
	/* A device has no business with the start of vCPUs. */
	if (m.delivery == DELIVER_INIT || m.delivery == DELIVER_STARTUP)
		return VMK_BAD_PARAM;
	route(vm, &m, NULL);
	return VMK_OK;
}

/* --- what a local APIC needs of its vCPU */

static uint64_t guest_now(void *context)
{
	const struct vm_vcpu *v = context;

	return vcpu_tsc(&v->vcpu);
}

static void send(void *context, const struct apic_message *message)
{
	const struct vm_vcpu *v = context;

	route(v->vm, message, v);
}

static void ended(void *context, uint8_t vector)
{
	struct vm *vm = ((const struct vm_vcpu *)context)->vm;
	uint64_t saved = spin_lock(&vm->lock);

	vioapic_eoi(&vm->ioapic, vector);
	spin_unlock(&vm->lock, saved);
}

const struct vlapic_ops vm_vlapic_ops = {.now = guest_now, .send = send, .eoi = ended};

/* --- and what a vCPU needs of its local APIC */

static int pending(void *apic)
{
	const int external = vlapic_may_have_external(apic) ? vlapic_external(apic) : -1;

	_Static_assert(VLAPIC_EXTERNAL == INJECT_ASK, "not known yet");
	if (external >= 0)
		return external;
	return vlapic_may_have_pending(apic) ? vlapic_pending(apic) : -1;
}

static void accept(void *apic, uint8_t vector)
{
	struct vlapic *a = apic;

	if (a->external)
		a->external = 0;
	else
		vlapic_accept(a, vector);
}

static bool read_msr(void *apic, uint32_t msr, uint64_t *value)
{
	return vlapic_read_msr(apic, msr, value);
}

static bool write_msr(void *apic, uint32_t msr, uint64_t value)
{
	return vlapic_write_msr(apic, msr, value);
}

static uint8_t tpr(void *apic)
{
	return vlapic_tpr(apic);
}

static void set_tpr(void *apic, uint8_t cr8)
{
	vlapic_set_tpr(apic, cr8);
}

static void tsc_moved(void *apic, uint64_t by)
{
	vlapic_tsc_moved(apic, by);
}

const struct vcpu_apic_ops vm_apic_ops = {.pending = pending,
	.accept = accept,
	.read_msr = read_msr,
	.write_msr = write_msr,
	.tpr = tpr,
	.set_tpr = set_tpr,
	.tsc_moved = tsc_moved};
