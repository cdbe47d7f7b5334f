/* sources: kernel/vmkvm/emulate.c */
/* plain: kernel/vtx/guest_walk.c kernel/vtx/insn.c kernel/vtx/inject.c */
/* coverage: edges, comparisons */
/*
 * Instructions that are carried out in a guest's place: string I/O and accesses to device memory,
 * in any mode, with page tables, registers, code and answers of the input. Beside it a naive
 * machine works out, byte by byte, what must come of it: what is asked for, registers, memory, RIP,
 * the page fault, or that the VM is stopped; and nothing else has changed. Input: the options
 * below, page table entries, then code.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmkvm/state.h"
#include "vtx/guest_walk.h"
#include "vtx/insn.h"
#include "vtx/vcpu_exits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RAM         0x8000u
#define TABLES      0x4000u /* PML4, PDPT, PD, PT */
#define PAGES       8u /* linear ones with entries of the input; behind them one that leads nowhere */
#define DEVICE      0xd0000000ull
#define CS_LONG     (1u << 13)
#define CS_BIG      (1u << 14)
#define EFER_LMA    (1ull << 10)
#define RFLAGS_DF   (1ull << 10)
#define CR0_PAGED   0x80010001ull /* PG, WP, PE */
#define CR4_PAE     (1ull << 5)
#define EXIT_LENGTH 2u
#define ASKS_MAX    4u
#define REQUIRE(it) ((it) ? (void)0 : fail(#it))

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "vm_emulate: not so: %s\n", what);
	abort();
}

enum { PAGED = 4, STRING = 8, REP = 16, DOWN = 32, WRITES = 64, EVENT = 128 };
enum { CALLED_OFF = 1, ABSENT = 2, NO_FRAME = 4, NO_LINEAR = 8, FETCH = 16, X2APIC = 32 };
struct options {
	uint8_t how, what, where; /* enums above; which device, and in it */
	uint8_t width, cpl, bytes;
	uint16_t linear, rip;
	uint64_t gpr[4], answer;
	uint8_t pages[PAGES];
};

/* --- the machine that is changed, and the naive one's */

struct asked {
	uint64_t address, value, kind, bytes, write; /* no padding: compared as a whole */
};
struct machine {
	uint64_t gpr[GPRS], cr2, rip, rsp, rflags;
	uint32_t event, error;
	bool failed;
	struct asked asked[ASKS_MAX];
	unsigned asks;
	uint8_t memory[RAM];
};
static struct machine real, naive;
static struct options o;
static struct vm vm;
static struct vm_vcpu v;

static uint64_t mask_of(unsigned bytes)
{
	return ~0ull >> (64 - 8 * bytes);
}

static void ask(struct machine *m, struct asked asked)
{
	REQUIRE(m->asks < ASKS_MAX);
	m->asked[m->asks++] = asked;
}

static bool is_paged(void)
{
	return o.how & PAGED;
}

static enum insn_mode mode(void)
{
	return (enum insn_mode)(o.how % 4 % 3);
}

uint64_t vtx_vmread(enum vmcs_field field)
{
	switch (field) {
	case VMCS_GUEST_CR0:
		return mode() == INSN_16 && !is_paged() ? 0 : is_paged() ? CR0_PAGED : 1;
	case VMCS_GUEST_CR3:
		return TABLES;
	case VMCS_GUEST_EFER:
		return mode() == INSN_64 || is_paged() ? EFER_LMA | 1ull << 11 : 0;
	case VMCS_GUEST_CS_ACCESS:
		return mode() == INSN_64 ? CS_LONG : mode() == INSN_32 ? CS_BIG : 0;
	case VMCS_GUEST_SS_ACCESS:
		return (uint64_t)(o.cpl & 3) << 5;
	case VMCS_GUEST_RIP:
		return real.rip;
	case VMCS_GUEST_RSP:
		return real.rsp;
	case VMCS_GUEST_RFLAGS:
		return real.rflags;
	case VMCS_GUEST_LINEAR_ADDRESS:
		return o.linear;
	case VMCS_EXIT_INSTRUCTION_INFO:
		return (uint64_t)(o.width & 3) << 7;
	case VMCS_EXIT_INSTRUCTION_LENGTH:
		return EXIT_LENGTH;
	default:
		return 0;
	}
}

enum vmx_result vtx_vmwrite(enum vmcs_field field, uint64_t value)
{
	REQUIRE(field == VMCS_GUEST_RSP || field == VMCS_GUEST_RFLAGS);
	*(field == VMCS_GUEST_RSP ? &real.rsp : &real.rflags) = value;
	return VMX_OK;
}

uint64_t vcpu_cr0(const struct vcpu *vcpu)
{
	return vtx_vmread(VMCS_GUEST_CR0);
}

uint64_t vcpu_cr4(const struct vcpu *vcpu)
{
	return CR4_PAE;
}

void vcpu_advance(struct vcpu *vcpu, uint64_t bytes)
{
	real.rip += bytes;
}

void vcpu_skip(struct vcpu *vcpu)
{
	vcpu_advance(vcpu, EXIT_LENGTH);
}

void vcpu_complete(struct vcpu *vcpu, uint32_t value)
{
	if (!vcpu->request.write)
		vcpu->registers.gpr[RAX] = value;
	vcpu_skip(vcpu);
}

/* --- the VM around it */

bool vm_memory_is_ram(const struct vm *of, struct gpa gpa)
{
	return gpa.v < RAM;
}

bool vm_memory_read(struct vtx_vm *vtx, struct gpa gpa, void *to, size_t bytes)
{
	if (gpa.v >= RAM || bytes > RAM - gpa.v)
		return false;
	memcpy(to, real.memory + gpa.v, bytes);
	return true;
}

bool vm_memory_write(struct vtx_vm *vtx, struct gpa gpa, const void *from, size_t bytes)
{
	if (gpa.v >= RAM || bytes > RAM - gpa.v)
		return false;
	memcpy(real.memory + gpa.v, from, bytes);
	return true;
}

bool vm_touch_in_place(struct vtx_vm *vtx, struct gpa gpa, bool fetch)
{
	return !(o.what & ABSENT);
}

bool vm_touch(struct vm_vcpu *of, struct gpa gpa, bool fetch)
{
	if (o.what & NO_FRAME)
		vm_fail(of, "no memory");
	return !(o.what & NO_FRAME);
}

void vm_fail(struct vm_vcpu *of, const char *why)
{
	REQUIRE(!real.failed);
	of->vcpu.failed = real.failed = true;
}

bool vm_ask(struct vm_vcpu *of, const struct vmk_vm_exchange *r, uint64_t *to)
{
	ask(&real, (struct asked){r->address, r->value, r->kind, r->bytes, r->write});
	*to = o.answer;
	return !(o.what & CALLED_OFF);
}

/* Controllers: what is done to them is an access of a kind that no VMX world is asked for. */
enum { APIC_READ = 100, APIC_WRITE, IOAPIC_READ, IOAPIC_WRITE };

uint32_t vlapic_read(struct vlapic *apic, uint32_t offset)
{
	ask(&real, (struct asked){.kind = APIC_READ, .address = offset});
	return (uint32_t)o.answer;
}

void vlapic_write(struct vlapic *apic, uint32_t offset, uint32_t value)
{
	ask(&real, (struct asked){.kind = APIC_WRITE, .address = offset, .value = value});
}

uint32_t vioapic_read(const struct vioapic *io, uint32_t offset)
{
	ask(&real, (struct asked){.kind = IOAPIC_READ, .address = offset});
	return (uint32_t)o.answer;
}

void vioapic_write(struct vioapic *io, uint32_t offset, uint32_t value)
{
	ask(&real, (struct asked){.kind = IOAPIC_WRITE, .address = offset, .value = value});
}

uint64_t spin_lock(struct spinlock *lock)
{
	return 0;
}

void spin_unlock(struct spinlock *lock, uint64_t saved)
{
}

/* --- what must come of it: memory */

static bool read_table(void *context, struct gpa gpa, void *to, size_t bytes)
{
	if (gpa.v >= RAM || bytes > RAM - gpa.v)
		return false;
	memcpy(to, naive.memory + gpa.v, bytes);
	return true;
}

/* NULL: not there, and why. */
static uint8_t *byte_at(
	uint64_t linear, enum guest_access access, enum walk_result *result, uint32_t *error)
{
	const struct guest_paging paging = {.cr0 = vtx_vmread(VMCS_GUEST_CR0),
		.cr3 = TABLES,
		.cr4 = CR4_PAE,
		.efer = vtx_vmread(VMCS_GUEST_EFER),
		.rflags = naive.rflags,
		.cpl = o.cpl & 3,
		.read = read_table};
	struct gpa gpa;

	*result = guest_walk(&paging, linear, access, &gpa, error);
	if (*result == WALK_OK && gpa.v >= RAM)
		*result = WALK_NO_MEMORY;
	return *result == WALK_OK ? &naive.memory[gpa.v] : NULL;
}

static void page_fault(uint64_t linear, uint32_t error)
{
	naive.cr2 = linear;
	naive.event = EVENT_VALID | EVENT_ERROR_CODE | EVENT_HARD_EXCEPTION << 8 | EXCEPTION_PF;
	naive.error = error;
}

/* --- string I/O */

static void set_part(uint64_t *reg, uint64_t value, unsigned bytes)
{
	*reg = (bytes == 2 ? *reg & ~0xffffull : 0) | (value & mask_of(bytes));
}

static void move_on(unsigned width)
{
	uint64_t *index = &naive.gpr[o.how & WRITES ? RSI : RDI];
	const uint64_t count = naive.gpr[RCX] & mask_of(width);

	set_part(index, naive.rflags & RFLAGS_DF ? *index - o.bytes : *index + o.bytes, width);
	if (o.how & REP)
		set_part(&naive.gpr[RCX], count - 1, width);
	if (!(o.how & REP) || count == 1)
		naive.rip += EXIT_LENGTH;
}

static void expect_string(void)
{
	const bool writes = o.how & WRITES;
	const unsigned width = 2u << (o.width & 3);
	uint8_t *at[4] = {NULL};
	enum walk_result result;
	uint32_t error, value = 0;

	naive.failed = width > 8;
	if (naive.failed)
		return;
	if ((o.how & REP) && !(naive.gpr[RCX] & mask_of(width))) {
		naive.rip += EXIT_LENGTH;
		return;
	}
	for (unsigned i = 0; i < o.bytes; i++) {
		at[i] = byte_at(o.linear + i, writes ? GUEST_READ : GUEST_WRITE, &result, &error);
		if (result == WALK_FAULT)
			page_fault(o.linear + i, error);
		naive.failed = result == WALK_NO_MEMORY ||
			       (at[i] && !writes && (o.what & ABSENT) && (o.what & NO_FRAME));
		if (!at[i] || naive.failed)
			return;
		value |= writes ? (uint32_t)*at[i] << 8 * i : 0;
	}
	ask(&naive, (struct asked){0x60, value, VMK_VM_REQUEST_IO, o.bytes, writes});
	if (o.what & CALLED_OFF)
		return;
	for (unsigned i = 0; i < o.bytes && !writes; i++)
		*at[i] = (uint8_t)(o.answer >> 8 * i);
	move_on(width);
}

static void expect_port(void)
{
	const bool writes = o.how & WRITES;

	ask(&naive, (struct asked){0x60, 0x1234567, VMK_VM_REQUEST_IO, o.bytes, writes});
	if (o.what & CALLED_OFF)
		return;
	if (!writes)
		naive.gpr[RAX] = o.answer & mask_of(o.bytes);
	naive.rip += EXIT_LENGTH;
}

/* --- device memory */

static uint64_t device(void)
{
	static const uint64_t devices[] = {DEVICE, APIC_DEFAULT_BASE, IOAPIC_BASE, RAM / 2};

	return devices[o.where & 3] + (o.where >> 2);
}

static bool is_controller(uint64_t gpa)
{
	return gpa >= IOAPIC_BASE && !((o.what & X2APIC) && gpa >= APIC_DEFAULT_BASE);
}

static bool expect_read(uint64_t gpa, unsigned bytes, uint64_t *value)
{
	if (is_controller(gpa)) {
		ask(&naive,
			(struct asked){.kind = gpa < APIC_DEFAULT_BASE ? IOAPIC_READ : APIC_READ,
				.address = gpa & 0xffc});
		*value = (uint64_t)(uint32_t)o.answer >> 8 * (gpa & 3) & mask_of(bytes);
		return true;
	}
	ask(&naive, (struct asked){gpa, 0, VMK_VM_REQUEST_MEMORY, bytes, false});
	*value = o.answer & mask_of(bytes);
	return !(o.what & CALLED_OFF);
}

static bool expect_write(uint64_t gpa, unsigned bytes, uint64_t value)
{
	if (!is_controller(gpa)) {
		ask(&naive, (struct asked){gpa, value & mask_of(bytes), VMK_VM_REQUEST_MEMORY,
				    bytes, true});
		return !(o.what & CALLED_OFF);
	}
	if (bytes == 4 && gpa % 4 == 0)
		ask(&naive,
			(struct asked){.kind = gpa < APIC_DEFAULT_BASE ? IOAPIC_WRITE : APIC_WRITE,
				.address = gpa & 0xfff,
				.value = (uint32_t)value});
	return true;
}

static bool expect_decode(struct insn *insn)
{
	uint8_t code[INSN_BYTES_MAX];
	enum walk_result result = WALK_OK;
	enum vmk_status status;
	uint32_t error = 0;
	unsigned got = 0;

	for (; got < INSN_BYTES_MAX; got++) {
		const uint8_t *at = byte_at(naive.rip + got, GUEST_FETCH, &result, &error);

		if (!at)
			break;
		code[got] = *at;
	}
	status = insn_decode(code, got, mode(), insn);
	if (status == VMK_TRUNCATED && result == WALK_FAULT)
		page_fault(naive.rip + got, error);
	else
		naive.failed = status != VMK_OK;
	return status == VMK_OK;
}

/* What was called off leaves registers as they may be: the vCPU is reset. */
static bool expect_memory(void)
{
	struct insn insn;
	uint64_t value = 0, result;

	if (device() < RAM) {
		naive.failed = o.what & NO_FRAME;
		return true;
	}
	naive.failed = (o.what & (FETCH | NO_LINEAR)) || (o.how & EVENT);
	if (naive.failed || !expect_decode(&insn))
		return true;
	if (insn_reads(&insn) && !expect_read(device(), insn.bytes, &value))
		return true;
	naive.gpr[RSP] = naive.rsp;
	result = insn_execute(&insn, naive.gpr, &naive.rflags, value);
	if (insn_writes(&insn) && !expect_write(device(), insn.bytes, result))
		return false;
	naive.rsp = naive.gpr[RSP];
	naive.rip += insn.length;
	return true;
}

/* --- a run */

static void set_up(const uint8_t *code, size_t size)
{
	static const uint64_t leads_to[] = {0, PAGE_SIZE, 2 * PAGE_SIZE, 3 * PAGE_SIZE, DEVICE};
	uint64_t entry;

	memset(&real, 0, sizeof(real));
	for (unsigned i = 0; i < 3; i++) {
		entry = (TABLES + (i + 1) * PAGE_SIZE) | 7;
		memcpy(real.memory + TABLES + i * PAGE_SIZE, &entry, sizeof(entry));
	}
	for (unsigned i = 0; i < PAGES; i++) {
		entry = leads_to[(o.pages[i] >> 3) % ARRAY_SIZE(leads_to)] | (~o.pages[i] & 7);
		entry |= (uint64_t)(o.pages[i] >> 7) << 63;
		memcpy(real.memory + TABLES + 3 * PAGE_SIZE + 8 * i, &entry, sizeof(entry));
	}
	/* The code in each page that may be there, on its two sides of each border. */
	for (size_t i = 0; i < size; i++)
		real.memory[(o.rip + i) % TABLES] = code[i];
	for (unsigned i = 0; i < GPRS; i++)
		real.gpr[i] = o.gpr[i % 4];
	real.rip = o.rip;
	real.rsp = o.gpr[3] ^ 8;
	real.rflags = 2 | (o.how & DOWN ? RFLAGS_DF : 0) | (o.cpl & 4 ? 1ull << 18 : 0);
	real.event = o.how & EVENT ? EVENT_VALID | EVENT_EXTERNAL << 8 | 0x40 : 0;
}

static void run(void)
{
	const bool io = o.how & STRING || o.where == 255;

	memset(&vm, 0, sizeof(vm));
	memset(&v, 0, sizeof(v));
	v.vm = &vm;
	v.apic.base =
		APIC_DEFAULT_BASE | APIC_BASE_ENABLE | (o.what & X2APIC ? APIC_BASE_X2APIC : 0);
	v.vcpu.injector.event = real.event;
	memcpy(v.vcpu.registers.gpr, real.gpr, sizeof(real.gpr));
	v.vcpu.request = (struct vcpu_request){.string = o.how & STRING,
		.rep = o.how & REP,
		.write = o.how & WRITES,
		.bytes = o.bytes,
		.port = 0x60,
		.value = 0x1234567,
		.gpa = {device()},
		.linear_valid = !(o.what & NO_LINEAR),
		.fetch = o.what & FETCH};
	if (io)
		vm_emulate_io(&v);
	else
		vm_emulate_memory(&v);
	memcpy(real.gpr, v.vcpu.registers.gpr, sizeof(real.gpr));
	real.cr2 = v.vcpu.registers.cr2;
	real.event = v.vcpu.injector.event;
	real.error = v.vcpu.injector.error;
}

static void compare(void)
{
	REQUIRE(real.failed == naive.failed);
	REQUIRE(real.asks == naive.asks);
	REQUIRE(!memcmp(real.asked, naive.asked, sizeof(real.asked)));
	REQUIRE(real.rip == naive.rip && real.rsp == naive.rsp);
	REQUIRE(real.event == naive.event && real.error == naive.error && real.cr2 == naive.cr2);
	REQUIRE(!memcmp(real.memory, naive.memory, sizeof(real.memory)));
	REQUIRE(real.rflags == naive.rflags);
	/* RSP has another place. */
	naive.gpr[RSP] = real.gpr[RSP];
	REQUIRE(!memcmp(real.gpr, naive.gpr, sizeof(real.gpr)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool comparable = true;

	if (size < sizeof(o))
		return 0;
	memcpy(&o, data, sizeof(o));
	o.linear %= (PAGES + 1) * PAGE_SIZE;
	o.rip %= (PAGES + 1) * PAGE_SIZE;
	o.bytes = 1 << o.bytes % 3;
	if (o.how & STRING || o.where == 255)
		o.how &= ~EVENT;
	set_up(data + sizeof(o), MIN(size - sizeof(o), (size_t)INSN_BYTES_MAX));
	naive = real;
	if (o.how & STRING)
		expect_string();
	else if (o.where == 255)
		expect_port();
	else
		comparable = expect_memory();
	run();
	if (comparable)
		compare();
	return 0;
}
