/* What a VM's world asks of it: requests and their answers, start, reset. */
#include "lib/nospec.h"
#include "vmkvm/state.h"

#define GUEST_PHYSICAL_END (1ull << EPT_GPA_BITS)

static bool wants_answer(uint32_t kind)
{
	return kind == VMK_VM_REQUEST_IO || kind == VMK_VM_REQUEST_MEMORY ||
	       kind == VMK_VM_REQUEST_ACKNOWLEDGE;
}

bool vm_answer(struct vm *vm, const struct vmk_vm_exchange *exchange)
{
	struct vm_vcpu *v;
	uint32_t ask;

	if (!wants_answer(exchange->kind) || exchange->vcpu >= vm->vcpu_count)
		return false;
	v = vm->vcpus[index_nospec(exchange->vcpu, vm->vcpu_count)];
	ask = __atomic_load_n(&v->ask, __ATOMIC_RELAXED);
	if (ask % ASK_STATES != ASK_DELIVERED)
		return false;
	/* The VMX world alone writes it, and nobody reads it but after what follows. */
	v->answer = exchange->value;
	if (!__atomic_compare_exchange_n(&v->ask, &ask, vm_ask_to(ask, ASK_ANSWERED), false,
		    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return false;
	event_signal(&v->event);
	return true;
}

/* What somebody outside asks for comes first; it is about the whole VM. */
static bool take_wish(struct vm *vm, struct vmk_vm_exchange *exchange)
{
	uint64_t saved;
	uint32_t wishes;

	if (!__atomic_load_n(&vm->asked_for, __ATOMIC_SEQ_CST))
		return false;
	saved = spin_lock(&vm->lock);
	wishes = vm->asked_for;
	vm->asked_for &= wishes - 1;
	spin_unlock(&vm->lock, saved);
	exchange->kind = (uint8_t)__builtin_ctz(wishes);
	return true;
}

/* What it asked before vm_reset() is no request of the guest that begins. */
static bool is_to_be_reset(const struct vm_vcpu *v)
{
	return __atomic_load_n(&v->attention, __ATOMIC_SEQ_CST) & ATTEND_RESET;
}

/* Called off while it is copied, it is worth nothing: the number of its successor is another. */
static bool take_from(struct vm_vcpu *v, struct vmk_vm_exchange *exchange)
{
	const bool is_old = is_to_be_reset(v);
	uint32_t ask = __atomic_load_n(&v->ask, __ATOMIC_ACQUIRE);
	const struct vmk_vm_exchange *request = &v->request;
	uint64_t small, address, value;
	enum vm_ask next;

	if (is_old || ask % ASK_STATES != ASK_POSTED)
		return false;
	small = vmk_vm_pack(request);
	address = request->address;
	value = request->value;
	next = wants_answer((uint8_t)small) ? ASK_DELIVERED : ASK_NONE;
	if (!__atomic_compare_exchange_n(
		    &v->ask, &ask, vm_ask_to(ask, next), false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return false;
	__atomic_sub_fetch(&v->vm->posted, 1, __ATOMIC_SEQ_CST);
	vmk_vm_unpack(exchange, small);
	exchange->address = address;
	exchange->value = value;
	return true;
}

/* vCPUs take turns, so that a busy one does not keep another waiting. */
static bool take_request(struct vm *vm, struct vmk_vm_exchange *exchange)
{
	uint32_t index = vm->next_vcpu;

	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		struct vm_vcpu *v = vm->vcpus[index];

		index = index + 1 == vm->vcpu_count ? 0 : index + 1;
		if (!take_from(v, exchange))
			continue;
		vm->next_vcpu = index;
		return true;
	}
	return false;
}

/* Whoever adds something signals vm_event() after that, whose count the caller has read. */
bool vm_next(struct vm *vm, struct vmk_vm_exchange *exchange)
{
	if (take_wish(vm, exchange))
		return true;
	return __atomic_load_n(&vm->posted, __ATOMIC_SEQ_CST) && take_request(vm, exchange);
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

static void hold(struct vm *vm, bool resetting)
{
	vm_hold(vm, VM_HELD_RESETTING, resetting);
	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		vm_kick(vm->vcpus[i]);
}

static void await_all(const struct vm *vm)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		vm_vcpu_await(vm->vcpus[i], VM_OUT);
}

/*
 * First all of them are out of the guest, so that none starts another that has been reset with a
 * SIPI. Who was still at something in its guest's place goes no further once it is to be reset, or
 * is waited for: it could write over what the caller loads next.
 */
void vm_reset(struct vm *vm)
{
	const uint32_t forgotten = ATTEND_START | ATTEND_INIT | ATTEND_STARTUP | ATTEND_NMI;
	uint64_t saved;

	hold(vm, true);
	await_all(vm);
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		__atomic_fetch_and(&vm->vcpus[i]->attention, ~forgotten, __ATOMIC_SEQ_CST);
		__atomic_fetch_or(&vm->vcpus[i]->attention, ATTEND_RESET, __ATOMIC_SEQ_CST);
	}
	await_all(vm);
	saved = spin_lock(&vm->lock);
	vioapic_init(&vm->ioapic, vm_ioapic_send, vm);
	spin_unlock(&vm->lock, saved);
	hold(vm, false);
}
