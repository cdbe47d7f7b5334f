#include "fuzz/models/simvm.h"

#include "vmkvm/memory.h"
#include <string.h>

#define LEVEL_INPUT 4u

struct simvm simvm;

static const uint8_t *program;
static unsigned operations, next_frame;

/* --- the VMX world */

static void begin_anew(void)
{
	static const struct vmk_vm_entry bad[] = {{.mode = VMK_VM_REAL, .rip = 1u << 16},
		{.mode = VMK_VM_FLAT, .rip = 1ull << 32}, {.mode = VMK_VM_LONG, .rip = 1ull << 47},
		{.mode = VMK_VM_LONG, .gdt = 1ull << 60}, {.mode = VMK_VM_LONG, .cr3 = 1ull << 52},
		{.mode = VMK_VM_LONG + 40}};
	static const struct vmk_vm_entry good[] = {{.mode = VMK_VM_REAL, .rip = 0x7c00},
		{.mode = VMK_VM_FLAT, .rip = 0x100000}, {.mode = VMK_VM_LONG, .rip = 0x100000}};
	uint64_t saved;

	simvm.resets_begun++;
	vm_reset(&simvm.vm);
	simvm.resets = simvm.resets_begun;
	simvm.is_out("a guest runs on over a reset");
	simhost_call();
	if (vm_start(&simvm.vm, &bad[simcpu_random(ARRAY_SIZE(bad))]) == VMK_OK)
		simvm.fail("an entry that makes no sense was taken");
	vm_start(&simvm.vm, &good[simcpu_random(ARRAY_SIZE(good))]);
	/* As a guest does it, whose input LEVEL_INPUT is level-triggered. */
	saved = spin_lock(&simvm.vm.lock);
	vioapic_write(&simvm.vm.ioapic, 0x00, 0x10 + 2 * LEVEL_INPUT);
	vioapic_write(&simvm.vm.ioapic, 0x10, 1u << 15 | 0x61);
	spin_unlock(&simvm.vm.lock, saved);
}

/* Nobody has asked that, or no longer. */
static void answer_wrongly(struct vmk_vm_exchange x)
{
	switch (simcpu_random(3)) {
	case 0:
		x.kind = VMK_VM_REQUEST_FAILED;
		break;
	case 1:
		x.vcpu = (uint16_t)(simvm.vm.vcpu_count + simcpu_random(2) * 1000);
		break;
	default: /* a second time */
		break;
	}
	x.value = ~x.value;
	if (vm_answer(&simvm.vm, &x))
		simvm.fail("an answer to no question was taken");
}

static void serve(struct vmk_vm_exchange *x)
{
	switch (x->kind) {
	case VMK_VM_REQUEST_IO:
	case VMK_VM_REQUEST_MEMORY:
		x->value = simvm_answer(x->address);
		vm_answer(&simvm.vm, x);
		answer_wrongly(*x);
		break;
	case VMK_VM_REQUEST_ACKNOWLEDGE:
		vm_irq(&simvm.vm, VMK_VM_INTR, false);
		x->value = SIMVM_EXTERNAL_VECTOR;
		vm_answer(&simvm.vm, x);
		break;
	default: /* a triple fault, a failure, or somebody's wish */
		begin_anew();
	}
}

static void vmx_main(void *argument)
{
	struct event *const events[] = {&simvm.vm.requests};
	struct vmk_vm_exchange x;
	unsigned index;

	begin_anew();
	for (;;) {
		const uint64_t seen = event_count(events[0]);

		while (vm_next(&simvm.vm, &x)) {
			simhost_call();
			serve(&x);
		}
		event_wait_any(events, &seen, 1, 0, &index);
	}
}

/* --- outside */

/* As a balloon does it: out of the tables, forgotten by all, somebody else's; another takes its
 * place. */
static void replace_frame(unsigned page)
{
	const uint32_t old = __atomic_load_n(&simvm.tables[page], __ATOMIC_RELAXED);
	struct ept *ept = &simvm.vm.vtx.ept;

	__atomic_store_n(&simvm.tables[page], 0, __ATOMIC_RELEASE);
	__atomic_store_n(&ept->generation, ept->generation + 1, __ATOMIC_RELEASE);
	memory_forget(&simvm.vm);
	simvm.is_guests[old] = false;
	next_frame = next_frame % SIMVM_FRAMES + 1;
	if (simvm.is_guests[next_frame])
		next_frame = old;
	simvm.is_guests[next_frame] = true;
	__atomic_store_n(&simvm.tables[page], next_frame, __ATOMIC_RELEASE);
}

static void pause_for(unsigned calls)
{
	uint64_t then;

	vm_pause(&simvm.vm, true);
	simvm.paused = true;
	simvm.is_out("a guest runs while its VM is paused");
	then = vm_time_ns(&simvm.vm);
	while (calls--)
		simhost_call();
	if (vm_time_ns(&simvm.vm) != then)
		simvm.fail("a paused guest's clock goes");
	simvm.paused = false;
	vm_pause(&simvm.vm, false);
}

/* What no device may send. */
static void send_wrongly(unsigned detail)
{
	const uint64_t address = detail & 1 ? APIC_DEFAULT_BASE : IOAPIC_BASE;
	const uint32_t data = (detail & 2 ? DELIVER_INIT : DELIVER_STARTUP) << 8;

	if (vm_message(&simvm.vm, address, data) == VMK_OK)
		simvm.fail("a message that makes no sense was taken");
}

static void operate(uint8_t what)
{
	const unsigned detail = what >> 3;

	switch (what % 8) {
	case 0:
	case 1:
		vm_message(&simvm.vm, APIC_DEFAULT_BASE | (detail % SIMVM_VCPUS) << 12,
			0x40 + 0x10 * detail);
		break;
	case 2: /* logical, any mode of delivery, all of them; INIT and SIPI are refused */
		vm_message(&simvm.vm, APIC_DEFAULT_BASE | 0xffu << 12 | (detail & 8) >> 1,
			(detail & 7) << 8 | (0x40 + detail));
		break;
	case 3:
		if (detail & 1)
			vm_irq(&simvm.vm, VMK_VM_INTR, true);
		else
			vm_irq(&simvm.vm, LEVEL_INPUT, detail & 2);
		break;
	case 4:
		pause_for(detail);
		break;
	case 5:
		replace_frame(detail % SIMVM_PAGES);
		break;
	case 6:
		if (detail & 16)
			send_wrongly(detail);
		else
			vm_ask_for(&simvm.vm, VMK_VM_REQUEST_RESET);
		break;
	default:
		for (unsigned i = 0; i < detail; i++)
			simhost_call();
	}
}

static void outside_main(void *argument)
{
	for (unsigned i = 0; i < operations; i++) {
		simhost_call();
		operate(program[i]);
	}
	vm_irq(&simvm.vm, LEVEL_INPUT, false);
}

/* --- the beginning */

void simvm_start(unsigned vcpus, const uint8_t *what, unsigned count)
{
	struct vm *vm = &simvm.vm;

	program = what;
	operations = count;
	next_frame = SIMVM_PAGES;
	for (unsigned i = 0; i < SIMVM_PAGES; i++) {
		simvm.tables[i] = i + 1;
		simvm.is_guests[i + 1] = true;
	}
	vm->name = "it";
	vm->lock = (struct spinlock)SPINLOCK(LOCK_VM);
	vm->vcpu_count = vcpus;
	vm->world = simhost_world(SIMVM_VMX);
	vm->vtx.ept.generation = 1;
	vm->vtx.cpuid.tsc_hz = SIMHOST_HZ;
	guest_clock_init(&vm->vtx.clock, SIMHOST_HZ, SIMHOST_HZ, 1000);
	vioapic_init(&vm->ioapic, vm_ioapic_send, vm);
	for (unsigned i = 0; i < vcpus; i++) {
		struct vm_vcpu *v = &simvm.vcpus[i];

		v->vm = vm;
		v->running_on = -1;
		v->vcpu.pcpu = -1;
		v->vcpu.index = i;
		v->vcpu.vm = &vm->vtx;
		v->vcpu.apic_ops = &vm_apic_ops;
		v->vcpu.apic = &v->apic;
		v->reports = (struct budget){.interval_ns = 1, .burst = 8};
		vlapic_init(&v->apic, &vm_vlapic_ops, v, i, i == 0);
		vm->vcpus[i] = v;
		simhost_create(i, vm_vcpu_main, v);
	}
	simhost_create(SIMVM_VMX, vmx_main, NULL);
	simhost_create(SIMVM_OUTSIDE, outside_main, NULL);
}
