/* sources: kernel/vmkvm/emulate.c kernel/vtx/guest_walk.c kernel/vtx/insn.c kernel/vtx/inject.c */
/* Instructions that are carried out in the guest's place: what they ask for, and where they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vmkvm/state.h"
#include "vtx/vcpu_exits.h"

#define RAM    0x10000u
#define DEVICE 0xd0000000ull
#define CODE   0x1000u
#define IN_AL  0x60u

static struct vm vm;
static struct vm_vcpu v;
static uint8_t memory[RAM];
static struct vmk_vm_exchange asked;
static unsigned asks;
static uint64_t answer;
static bool called_off;
static const char *failed;

/* --- the VMCS */

static struct {
	enum vmcs_field field;
	uint64_t value;
} fields[32];
static unsigned field_count;

static unsigned place_of(enum vmcs_field field)
{
	unsigned i = 0;

	while (i < field_count && fields[i].field != field)
		i++;
	if (i < field_count)
		return i;
	assert_in_range(i, 0, ARRAY_SIZE(fields) - 1);
	fields[field_count++].field = field;
	return i;
}

uint64_t vtx_vmread(enum vmcs_field field)
{
	return fields[place_of(field)].value;
}

enum vmx_result vtx_vmwrite(enum vmcs_field field, uint64_t value)
{
	fields[place_of(field)].value = value;
	return VMX_OK;
}

uint64_t vcpu_cr0(const struct vcpu *vcpu)
{
	return vtx_vmread(VMCS_GUEST_CR0);
}

uint64_t vcpu_cr4(const struct vcpu *vcpu)
{
	return 0;
}

void vcpu_advance(struct vcpu *vcpu, uint64_t bytes)
{
	vtx_vmwrite(VMCS_GUEST_RIP, vtx_vmread(VMCS_GUEST_RIP) + bytes);
}

void vcpu_skip(struct vcpu *vcpu)
{
	vcpu_advance(vcpu, vtx_vmread(VMCS_EXIT_INSTRUCTION_LENGTH));
}

void vcpu_complete(struct vcpu *vcpu, uint32_t value)
{
	if (!vcpu->request.write)
		vcpu->registers.gpr[RAX] = value;
	vcpu_skip(vcpu);
}

/* --- the VM */

bool vm_memory_is_ram(const struct vm *of, struct gpa gpa)
{
	return gpa.v < RAM;
}

bool vm_memory_read(struct vtx_vm *vtx, struct gpa gpa, void *to, size_t bytes)
{
	if (gpa.v >= RAM || bytes > RAM - gpa.v)
		return false;
	memcpy(to, memory + gpa.v, bytes);
	return true;
}

bool vm_memory_write(struct vtx_vm *vtx, struct gpa gpa, const void *from, size_t bytes)
{
	if (gpa.v >= RAM || bytes > RAM - gpa.v)
		return false;
	memcpy(memory + gpa.v, from, bytes);
	return true;
}

bool vm_touch_in_place(struct vtx_vm *vtx, struct gpa gpa, bool fetch)
{
	return true;
}

bool vm_touch(struct vm_vcpu *of, struct gpa gpa, bool fetch)
{
	return true;
}

void vm_fail(struct vm_vcpu *of, const char *why)
{
	of->vcpu.failed = true;
	failed = why;
}

bool vm_ask(struct vm_vcpu *of, const struct vmk_vm_exchange *request, uint64_t *to)
{
	asked = *request;
	asks++;
	*to = answer;
	return !called_off;
}

uint32_t vlapic_read(struct vlapic *apic, uint32_t offset)
{
	return 0;
}

void vlapic_write(struct vlapic *apic, uint32_t offset, uint32_t value)
{
}

uint32_t vioapic_read(const struct vioapic *io, uint32_t offset)
{
	return 0;
}

void vioapic_write(struct vioapic *io, uint32_t offset, uint32_t value)
{
}

uint64_t spin_lock(struct spinlock *lock)
{
	return 0;
}

void spin_unlock(struct spinlock *lock, uint64_t saved)
{
}

/* --- */

static int fresh(void **state)
{
	memset(&vm, 0, sizeof(vm));
	memset(&v, 0, sizeof(v));
	memset(memory, 0, sizeof(memory));
	memset(fields, 0, sizeof(fields));
	field_count = asks = 0;
	answer = 0;
	called_off = false;
	failed = NULL;
	v.vm = &vm;
	v.vcpu.request = (struct vcpu_request){.gpa = {DEVICE}, .linear_valid = true};
	vtx_vmwrite(VMCS_GUEST_RIP, CODE);
	vtx_vmwrite(VMCS_EXIT_INSTRUCTION_LENGTH, 1);
	return 0;
}

/* MOV [BX], AL in real mode. */
static void stores_al(void)
{
	memcpy(memory + CODE, "\x88\x07", 2);
	v.vcpu.registers.gpr[RAX] = 0x55;
}

static void a_store_reaches_the_device(void **state)
{
	stores_al();
	vm_emulate_memory(&v);
	assert_null(failed);
	assert_int_equal(asks, 1);
	assert_true(asked.write && asked.bytes == 1 && asked.address == DEVICE);
	assert_int_equal(asked.value, 0x55);
	assert_int_equal(vtx_vmread(VMCS_GUEST_RIP), CODE + 2);
}

/* It is not the instruction at RIP that goes there, and that is not carried out. */
static void an_event_into_device_memory_stops_it(void **state)
{
	stores_al();
	v.vcpu.injector.event = EVENT_VALID | EVENT_EXTERNAL << 8 | 0x40;
	vm_emulate_memory(&v);
	assert_non_null(failed);
	assert_non_null(failed);
	assert_string_equal(failed, "an event is delivered to where there is no memory");
	assert_int_equal(asks, 0);
	assert_int_equal(vtx_vmread(VMCS_GUEST_RIP), CODE);
}

static void ins(uint64_t linear)
{
	v.vcpu.request = (struct vcpu_request){.string = true, .bytes = 1, .port = IN_AL};
	v.vcpu.registers.gpr[RDI] = linear;
	vtx_vmwrite(VMCS_GUEST_LINEAR_ADDRESS, linear);
	vm_emulate_io(&v);
}

static void an_input_goes_to_memory(void **state)
{
	answer = 0x1234;
	ins(0x2000);
	assert_null(failed);
	assert_true(!asked.write && asked.bytes == 1 && asked.address == IN_AL);
	assert_int_equal(memory[0x2000], 0x34);
	assert_int_equal(memory[0x2001], 0);
	assert_int_equal(v.vcpu.registers.gpr[RDI], 0x2001);
	assert_int_equal(vtx_vmread(VMCS_GUEST_RIP), CODE + 1);
}

static void what_is_called_off_changes_nothing(void **state)
{
	answer = 0x34;
	called_off = true;
	ins(0x2000);
	assert_int_equal(memory[0x2000], 0);
	assert_int_equal(v.vcpu.registers.gpr[RDI], 0x2000);
	assert_int_equal(vtx_vmread(VMCS_GUEST_RIP), CODE);
}

/* The port is not read for it: that may be something which does not come again. */
static void an_input_to_no_memory_is_not_made(void **state)
{
	ins(DEVICE);
	assert_non_null(failed);
	assert_int_equal(asks, 0);
}

static void an_address_size_that_there_is_not(void **state)
{
	vtx_vmwrite(VMCS_EXIT_INSTRUCTION_INFO, 3 << 7);
	ins(0x2000);
	assert_non_null(failed);
	assert_int_equal(asks, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_store_reaches_the_device, fresh),
		cmocka_unit_test_setup(an_event_into_device_memory_stops_it, fresh),
		cmocka_unit_test_setup(an_input_goes_to_memory, fresh),
		cmocka_unit_test_setup(what_is_called_off_changes_nothing, fresh),
		cmocka_unit_test_setup(an_input_to_no_memory_is_not_made, fresh),
		cmocka_unit_test_setup(an_address_size_that_there_is_not, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
