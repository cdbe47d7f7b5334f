/* What a VM's world asks of it: requests and their answers, start, reset. */
#include "vmkvm/state.h"

#define GUEST_PHYSICAL_END (1ull << EPT_GPA_BITS)

static bool wants_answer(uint32_t kind)
{
	return kind == VMK_VM_REQUEST_IO || kind == VMK_VM_REQUEST_MEMORY ||
	       kind == VMK_VM_REQUEST_ACKNOWLEDGE;
}

bool vm_answer(struct vm *vm, const struct vmk_vm_exchange *exchange)
{
	uint32_t delivered = ASK_DELIVERED;
	struct vm_vcpu *v;

	if (!wants_answer(exchange->kind))
		return false;
	if (exchange->vcpu >= vm->vcpu_count)
		return false;
	v = vm->vcpus[exchange->vcpu];
	/* The VMX world alone writes it, and nobody reads it but after what follows. */
	v->answer = exchange->value;
	if (!__atomic_compare_exchange_n(
		    &v->ask, &delivered, ASK_ANSWERED, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return false;
	event_signal(&v->event);
	return true;
}

/* What somebody outside asks for comes first; it is about the whole VM. */
static bool take_wish(struct vm *vm, struct vmk_vm_exchange *exchange)
{
	if (!vm->asked_for)
		return false;
	exchange->kind = (uint32_t)__builtin_ctz(vm->asked_for);
	vm->asked_for &= vm->asked_for - 1;
	return true;
}

/* vCPUs take turns, so that a busy one does not keep another waiting. */
static bool take_request(struct vm *vm, struct vmk_vm_exchange *exchange)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		const uint32_t index = (vm->next_vcpu + i) % vm->vcpu_count;
		struct vm_vcpu *v = vm->vcpus[index];
		bool answers;

		if (__atomic_load_n(&v->ask, __ATOMIC_ACQUIRE) != ASK_POSTED)
			continue;
		answers = wants_answer(v->request.kind);
		exchange->kind = v->request.kind;
		exchange->vcpu = v->request.vcpu;
		exchange->address = v->request.address;
		exchange->value = v->request.value;
		exchange->bytes = v->request.bytes;
		exchange->write = v->request.write;
		__atomic_store_n(&v->ask, answers ? ASK_DELIVERED : ASK_NONE, __ATOMIC_RELEASE);
		__atomic_sub_fetch(&vm->posted, 1, __ATOMIC_SEQ_CST);
		vm->next_vcpu = index + 1;
		return true;
	}
	return false;
}

bool vm_next(struct vm *vm, struct vmk_vm_exchange *exchange)
{
	uint64_t saved;
	bool found;

	/* Whoever adds something signals vm_event() after that, whose count the caller has read. */
	if (!__atomic_load_n(&vm->posted, __ATOMIC_SEQ_CST) &&
		!__atomic_load_n(&vm->asked_for, __ATOMIC_SEQ_CST))
		return false;
	saved = spin_lock(&vm->lock);
	found = take_wish(vm, exchange) || take_request(vm, exchange);

	spin_unlock(&vm->lock, saved);
	return found;
}

void vm_ask_for(struct vm *vm, enum vmk_vm_request_kind kind)
{
	uint64_t saved = spin_lock(&vm->lock);

	vm->asked_for |= 1u << kind;
	spin_unlock(&vm->lock, saved);
	event_signal(&vm->requests);
}

/* An address that the processor takes at VM entry: canonical. */
static bool is_canonical(uint64_t address)
{
	return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

static bool entry_is_good(const struct vmk_vm_entry *e)
{
	switch (e->mode) {
	case VMK_VM_REAL:
		return e->rip <= 0xffff;
	case VMK_VM_FLAT:
		return e->rip <= UINT32_MAX;
	case VMK_VM_LONG:
		return is_canonical(e->rip) && is_canonical(e->gdt) && e->cr3 < GUEST_PHYSICAL_END;
	default:
		return false;
	}
}

enum vmk_status vm_start(struct vm *vm, const struct vmk_vm_entry *entry)
{
	uint64_t saved;

	if (!entry_is_good(entry))
		return VMK_BAD_PARAM;
	event_own(&vm->requests, vm->world); /* which calls this, so it has been started itself */
	saved = spin_lock(&vm->lock);
	vm->entry = *entry;
	spin_unlock(&vm->lock, saved);
	vm_attend(vm->vcpus[0], ATTEND_START);
	return VMK_OK;
}

void vm_reset(struct vm *vm)
{
	const uint32_t forgotten = ATTEND_START | ATTEND_INIT | ATTEND_STARTUP | ATTEND_NMI;
	uint64_t saved = spin_lock(&vm->lock);

	vioapic_init(&vm->ioapic, vm_ioapic_send, vm);
	spin_unlock(&vm->lock, saved);
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		__atomic_fetch_and(&vm->vcpus[i]->attention, ~forgotten, __ATOMIC_SEQ_CST);
		vm_attend(vm->vcpus[i], ATTEND_RESET);
	}
}
