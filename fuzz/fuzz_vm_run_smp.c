/* simulated: kernel/vmkvm/run.c kernel/vmkvm/route.c kernel/vmkvm/serve.c kernel/vmkvm/pause.c */
/* simulated: kernel/vtx/vcpu_run.c kernel/vtx/inject.c kernel/vtx/guest_clock.c */
/* simulated: kernel/vtx/vlapic.c kernel/vtx/vlapic_timer.c kernel/vtx/vioapic.c */
/* simulated: kernel/lib/lock.c fuzz/models/simhost.c fuzz/models/simvm.c */
/* simulated: fuzz/models/simcpu_lock.c */
/* simulated: fuzz/models/simcpu.c fuzz/models/simcpu_memory.c */
/* plain: kernel/vmkuser/budget.c tests/unit/shim/panic.c fuzz/lib/figures.c */
/* coverage: edges, bare */
/*
 * VM entry on two to four processors that take turns at each atomic access, at random or by PCT,
 * with or without store buffers: up to three vCPUs touch memory, ask their VMX world, send each
 * other interrupts, INIT and SIPI, halt and die; that world answers (in their place, too), resets
 * and starts; somebody else sends interrupts, pauses, and takes frames away. Nobody is in the guest
 * once vm_pause() or vm_reset() has returned, or goes on with what was called off; no frame that is
 * somebody else's is reached by an old translation; each answer is to its question; and when all is
 * done, nothing that was sent waits unnoticed. Input: a byte of processors, vCPUs and mode, eight
 * of the seed of turns, then what vCPUs and the outside do, a byte each, dealt out in turn.
 */
#include "fuzz/lib/figures.h"
#include "fuzz/models/simcpu_memory.h"
#include "fuzz/models/simvm.h"
#include "arch/x86/speculation_cpu.h"
#include "lib/log.h"
#include "vtx/vcpu_exits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES   9u
#define OPERATIONS_MAX 24u /* of each */
#define ACCESSES_MAX   600000u
#define TIMERS_MAX     1000u
#define TOUCHES_MAX    8u /* in one turn in the guest */
#define RFLAGS_IF_ON   0x202u
#define MSR_APIC_BASE  0x1bu
#define APIC_EOI       0xb0u
#define APIC_SVR       0xf0u
#define APIC_ICR       0x300u
#define APIC_ICR_HIGH  0x310u
#define APIC_LVT_TIMER 0x320u
#define APIC_INITIAL   0x380u     /* count */
#define APIC_TIMER     (1u << 31) /* struct guest: its timer is set */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "vm_run_smp: %s (cpu%u)\n", what, simcpu_here());
	abort();
}

static const struct simcpu_ops edge = {.interrupt = simhost_interrupt, .fail = fail};

/* A vCPU's VMCS, and its program. */
static struct guest {
	uint64_t event, proc_controls, reason;
	uint8_t program[OPERATIONS_MAX];
	unsigned length, at;
	unsigned in_service;
	unsigned life; /* resets that had begun when it was reset last */
	/* The same of whoever sent it a SIPI last, and started it. */
	unsigned sender, starter;
	bool inside;
	uint32_t command; /* what it writes to its APIC: an ICR, APIC_TIMER, or 0: an EOI */
} guests[SIMVM_VCPUS];
static struct vcpu *active[SIMCPU_CPUS];                /* whose VMCS is current */
static uint32_t translations[SIMCPU_CPUS][SIMVM_PAGES]; /* 0: none */
static unsigned ended;
static uint16_t next_port;

static struct guest *guest_of(const struct vcpu *v)
{
	return &guests[v->index];
}

static struct vcpu *here(void)
{
	struct vcpu *v = active[simcpu_here()];

	if (!v)
		fail("no VMCS is current");
	return v;
}

static void is_out(const char *when)
{
	for (unsigned i = 0; i < SIMVM_VCPUS; i++)
		if (guests[i].inside)
			fail(when);
}

/* --- the guest */

/* For libFuzzer: what stood around an entry, which the code under test does not tell it. */
__attribute__((used, section("__libfuzzer_extra_counters"))) static uint8_t seen[1 << 12];

static void note_entry(const struct vcpu *v)
{
	uint32_t hash = (v->index << 3 | simvm.vm.held) * 16777619u;

	for (unsigned i = 0; i < simvm.vm.vcpu_count; i++) {
		const struct vm_vcpu *other = &simvm.vcpus[i];

		hash = (hash ^ (other->phase | other->attention << 2 |
				       other->ask % ASK_STATES << 8 |
				       (other->running_on >= 0) << 10)) *
		       16777619u;
	}
	seen[(hash ^ hash >> 16) % sizeof(seen)] = 1;
}

static void check_entry(const struct vcpu *v)
{
	const struct vm_vcpu *of = simvm.vm.vcpus[v->index];

	if (v->aside || of->phase != PHASE_RUNS)
		fail("a vCPU is entered that does not run");
	if (of->running_on != (int32_t)simcpu_here())
		fail("a vCPU is entered elsewhere than others see");
	if (simvm.paused)
		fail("a paused guest is entered");
	if (guest_of(v)->life < simvm.resets)
		fail("a guest is entered that should have been reset");
	if (guest_of(v)->starter < simvm.resets)
		fail("a vCPU was started by one from before the reset");
}

static void touch(unsigned page)
{
	uint32_t *known = &translations[simcpu_here()][page];

	if (!*known)
		*known = simvm.tables[page];
	if (!simvm.is_guests[*known] && *known)
		fail("a guest reached a frame that is somebody else's");
}

static uint64_t write_apic(struct guest *g, uint32_t command)
{
	g->command = command;
	return EXIT_EPT_VIOLATION;
}

/* It ends what it has in service, then it goes on with its program, then it halts. Interrupts after
 * that come until somebody else lowers an input. */
static uint64_t act(struct guest *g)
{
	static const uint8_t turns_end[] = {EXIT_PREEMPTION_TIMER, EXIT_PAUSE, EXIT_RDMSR,
		EXIT_WRMSR, EXIT_CR_ACCESS, EXIT_PAUSE, EXIT_PREEMPTION_TIMER, EXIT_PAUSE};
	uint8_t what;

	if (g->in_service) {
		if (g->at == g->length)
			simcpu_spin();
		return write_apic(g, 0);
	}
	if (g->at == g->length)
		return EXIT_HLT;
	what = g->program[g->at++];
	switch (what % 8) {
	case 0:
		return EXIT_IO;
	case 1:
		return EXIT_HLT;
	case 2:
		return turns_end[what >> 3 & 7];
	case 3:
		return write_apic(g, (what >> 3) % SIMVM_VCPUS << 24 | DELIVER_NMI << 8 | 1u << 14);
	case 4: /* also a level's end, which has no effect */
		return write_apic(g, (what >> 3) % SIMVM_VCPUS << 24 | DELIVER_INIT << 8 |
					     (what >> 3 == 31 ? 1u << 15 : 1u << 14));
	case 5:
		return write_apic(
			g, (what >> 3) % SIMVM_VCPUS << 24 | DELIVER_STARTUP << 8 | 1u << 14);
	case 6:
		if (what >> 3 == 31)
			return EXIT_TRIPLE_FAULT;
		if (what >> 3 == 30)
			return EXIT_TASK_SWITCH;
		return write_apic(g, APIC_TIMER | what >> 3);
	default:
		return write_apic(
			g, (what >> 3) % SIMVM_VCPUS << 24 | 1u << 14 | (0x50u + (what & 0x70)));
	}
}

static uint64_t run_guest(struct guest *g)
{
	for (unsigned left = simcpu_random(TOUCHES_MAX);; left--) {
		simcpu_access();
		if (simcpu_interrupt_waits() && simcpu_random(2)) /* it is on its way for a while */
			return EXIT_EXTERNAL_INTERRUPT;
		if (g->proc_controls & PROC_NMI_WINDOW)
			return EXIT_NMI_WINDOW;
		if (g->proc_controls & PROC_INTERRUPT_WINDOW)
			return EXIT_INTERRUPT_WINDOW;
		if (!left)
			return act(g);
		touch(simcpu_random(SIMVM_PAGES));
	}
}

enum vmx_result vtx_enter(struct vtx_registers *registers, bool launched)
{
	struct vcpu *v = here();
	struct guest *g = guest_of(v);

	check_entry(v);
	note_entry(v);
	g->inside = true;
	if ((g->event & EVENT_VALID) && EVENT_TYPE(g->event) == EVENT_EXTERNAL &&
		EVENT_VECTOR(g->event) != SIMVM_EXTERNAL_VECTOR)
		g->in_service++;
	g->event = 0;
	g->reason = run_guest(g);
	g->inside = false;
	return VMX_OK;
}

uint64_t vtx_vmread(enum vmcs_field field)
{
	const struct guest *g = guest_of(here());

	switch (field) {
	case VMCS_EXIT_REASON:
		return g->reason;
	case VMCS_GUEST_RFLAGS:
		return RFLAGS_IF_ON;
	default:
		return 0;
	}
}

enum vmx_result vtx_vmwrite(enum vmcs_field field, uint64_t value)
{
	struct guest *g = guest_of(here());

	if (field == VMCS_ENTRY_EVENT)
		g->event = value;
	else if (field == VMCS_PROC_CONTROLS)
		g->proc_controls = value;
	return VMX_OK;
}

enum vmx_result vtx_invept(enum vtx_invept type, uint64_t eptp)
{
	memset(translations[simcpu_here()], 0, sizeof(translations[0]));
	return VMX_OK;
}

uint64_t ept_pointer(const struct ept *ept)
{
	return 1;
}

/* --- its exits */

int exit_io(struct vcpu *v)
{
	return VCPU_STOP_IO;
}

int exit_ept(struct vcpu *v)
{
	return VCPU_STOP_MEMORY;
}

void vcpu_skip(struct vcpu *v)
{
}

int exit_rdmsr(struct vcpu *v)
{
	uint64_t base = 0;

	if (!v->apic_ops->read_msr(v->apic, MSR_APIC_BASE, &base) || !(base & APIC_BASE_ENABLE))
		fail("a vCPU has no local APIC");
	return NEXT_ENTER;
}

/* Its TSC is set: its timer's deadline moves with it (guest_msr.c). */
int exit_wrmsr(struct vcpu *v)
{
	const uint64_t by = simcpu_random(1000);

	if (v->apic_ops->write_msr(v->apic, MSR_APIC_BASE, ~0ull))
		fail("a base beyond the processor's addresses was taken");
	v->tsc_adjust += by;
	v->apic_ops->tsc_moved(v->apic, by);
	return NEXT_ENTER;
}

/* CR8: what is below it waits. */
int exit_cr_access(struct vcpu *v)
{
	v->apic_ops->set_tpr(v->apic, (v->apic_ops->tpr(v->apic) + 6) % 16);
	return NEXT_ENTER;
}

#define NO_SUCH_EXIT(name)                                \
	int name(struct vcpu *v)                          \
	{                                                 \
		fail("an exit that the guest never had"); \
	}
NO_SUCH_EXIT(exit_mov_dr)
NO_SUCH_EXIT(exit_xsetbv)
NO_SUCH_EXIT(exit_cpuid)
NO_SUCH_EXIT(exit_exception)

int vcpu_fault(struct vcpu *v, enum exception vector, uint32_t error)
{
	fail("a fault that the guest never had");
}

void vtx_host_machine_check(void)
{
	fail("a machine check that nobody had");
}

void vm_emulate_io(struct vm_vcpu *v)
{
	const struct guest *g = guest_of(&v->vcpu);
	const unsigned life = g->life;
	const struct vmk_vm_exchange question = {
		.kind = life % 2 ? VMK_VM_REQUEST_IO : VMK_VM_REQUEST_MEMORY,
		.bytes = 4,
		.address = next_port++};
	uint64_t answer;

	if (!vm_ask(v, &question, &answer))
		return;
	if (answer != simvm_answer(question.address))
		fail("a question has the answer to another one");
	if (life < simvm.resets)
		fail("a guest that was reset gets an answer");
	if (active[simcpu_here()] != &v->vcpu || v->vcpu.aside)
		fail("a vCPU is answered that is not loaded");
}

/* Its APIC's page: the write is carried out here (emulate.c). */
void vm_emulate_memory(struct vm_vcpu *v)
{
	struct guest *g = guest_of(&v->vcpu);

	if (g->command & APIC_TIMER) {
		vlapic_write(&v->apic, APIC_LVT_TIMER, 0x40u + (g->command & 0xf0));
		vlapic_write(&v->apic, APIC_INITIAL, (g->command & 15) << 12);
		return;
	}
	if (!g->command) {
		g->in_service -= g->in_service != 0;
		vlapic_write(&v->apic, APIC_EOI, 0);
		return;
	}
	if ((g->command >> 8 & 7) == DELIVER_STARTUP)
		guests[g->command >> 24].sender = g->life;
	vlapic_write(&v->apic, APIC_ICR_HIGH, g->command & 3u << 24);
	vlapic_write(&v->apic, APIC_ICR, g->command & 0xffffffu);
}

/* --- a vCPU without registers */

enum vmk_status vcpu_load(struct vcpu *v, unsigned pcpu)
{
	if (active[pcpu] || vcpu_is_loaded(v) || pcpu != simcpu_here())
		fail("a VMCS is loaded beside another one, or twice");
	active[pcpu] = v;
	v->pcpu = (int32_t)pcpu;
	v->aside = false;
	return VMK_OK;
}

static void require_loaded(const struct vcpu *v, bool aside)
{
	if (active[simcpu_here()] != v || v->aside != aside)
		fail("a vCPU is not where it is thought to be");
}

void vcpu_unload(struct vcpu *v)
{
	require_loaded(v, v->aside);
	active[simcpu_here()] = NULL;
	v->pcpu = -1;
	v->aside = false;
}

void vcpu_set_aside(struct vcpu *v)
{
	require_loaded(v, false);
	v->aside = true;
}

void vcpu_take_up(struct vcpu *v)
{
	require_loaded(v, true);
	v->aside = false;
}

void vcpu_power_on(struct vcpu *v)
{
}

void vcpu_reset(struct vcpu *v)
{
	struct guest *g = guest_of(v);

	require_loaded(v, false);
	v->failed = false;
	v->injector = (struct injector){0};
	v->proc_controls = 0;
	g->event = g->proc_controls = 0;
	g->in_service = 0;
	g->life = simvm.resets_begun;
}

/* The first that a guest does: it turns its APIC on. */
static void set_entry(const struct vcpu *v)
{
	require_loaded(v, false);
	vlapic_write(v->apic, APIC_SVR, 0x1ff);
}

void vcpu_set_real_entry(struct vcpu *v, uint16_t cs, uint16_t ip)
{
	set_entry(v);
	/* By a SIPI, or by whoever says where it begins. */
	guest_of(v)->starter = ip ? simvm.resets : guest_of(v)->sender;
}

void vcpu_set_flat_entry(struct vcpu *v, uint32_t eip)
{
	set_entry(v);
	guest_of(v)->starter = simvm.resets;
}

void vcpu_set_long_entry(struct vcpu *v, uint64_t rip, uint64_t cr3, struct gpa gdt, uint16_t limit)
{
	vcpu_set_flat_entry(v, 0);
}

void vcpu_set_gpr(struct vcpu *v, unsigned number, uint64_t value)
{
}

void vcpu_report(struct vcpu *v, void (*line)(void *context, const char *text), void *context)
{
}

void speculation_enter_guest(uint64_t domain)
{
}

void vm_put(struct vm *vm)
{
	ended++;
}

void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
{
}

/* --- a run */

static void check_rest(const struct vm_vcpu *v)
{
	if (v->phase == PHASE_RUNS || v->attention)
		fail("a vCPU was forgotten");
	if (v->phase == PHASE_HALTED &&
		(inject_is_pending(&v->vcpu.injector) || vm_apic_ops.pending(v->vcpu.apic) >= 0))
		fail("what was sent to a vCPU was forgotten");
	if (v->ask % ASK_STATES == ASK_POSTED && !(v->attention & ATTEND_RESET))
		fail("a question was forgotten");
}

static void run_to_rest(void)
{
	unsigned timers = 0;

	do {
		if (simcpu_run(ACCESSES_MAX) || timers++ > TIMERS_MAX)
			fail("there is no end");
		simcpu_rest();
		if (simhost_is_ready())
			fail("a world was forgotten");
	} while (simhost_next_deadline());
}

static void deal_out(
	const uint8_t *data, size_t size, unsigned vcpus, uint8_t *outside, unsigned *count)
{
	*count = 0;
	for (size_t i = 0; i < size && i < (vcpus + 1) * OPERATIONS_MAX; i++) {
		const size_t whose = i % (vcpus + 1);

		if (whose < vcpus)
			guests[whose].program[guests[whose].length++] = data[i];
		else
			outside[(*count)++] = data[i];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct vtx_controls controls = {.ept_vpid = EPT_CAP_INVEPT_SINGLE};
	static uint8_t outside[OPERATIONS_MAX];
	struct simcpu_config config;
	unsigned vcpus, count;

	if (size < HEADER_BYTES)
		return 0;
	config = (struct simcpu_config){.cpus = 2 + data[0] % 3,
		.tso = data[0] & 16,
		.change_points = data[0] >> 2 & 3,
		.change_within = 1200};
	vcpus = 1 + (data[0] >> 5) % SIMVM_VCPUS;
	memcpy(&config.seed, data + 1, sizeof(config.seed));
	memset(guests, 0, sizeof(guests));
	memset(active, 0, sizeof(active));
	memset(translations, 0, sizeof(translations));
	memset(&simvm, 0, sizeof(simvm));
	ended = 0;
	next_port = 0;
	deal_out(data + HEADER_BYTES, size - HEADER_BYTES, vcpus, outside, &count);
	figures_operations(
		(unsigned)MIN(size - HEADER_BYTES, (size_t)(vcpus + 1) * OPERATIONS_MAX));
	simcpu_start(&config, &edge);
	simhost_start(config.cpus);
	simvm.is_out = is_out;
	simvm.fail = fail;
	simvm.vm.vtx.controls = &controls;
	simvm_start(vcpus, outside, count);
	run_to_rest();
	if (!simhost_has_ended(SIMVM_OUTSIDE))
		fail("somebody waits for ever");
	for (unsigned i = 0; i < vcpus; i++)
		check_rest(&simvm.vcpus[i]);
	for (unsigned i = 0; i < vcpus; i++)
		vm_attend(&simvm.vcpus[i], ATTEND_END);
	run_to_rest();
	if (ended != vcpus)
		fail("a vCPU never ends");
	return 0;
}
