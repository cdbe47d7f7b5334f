/* A vCPU's world: the thread that runs the guest, waits for it, and asks the VMX world. */
#include "arch/x86/cpu.h"
#include "arch/x86/speculation_cpu.h"
#include "arch/x86/time.h"
#include "lib/log.h"
#include "vmkvm/state.h"
#include "vtx/vcpu_exits.h"

#define LOG_MODULE "Vm"
#define NS_PER_S   1000000000ull
/* The longest time in the guest, as a part of a second: the host's own timer ends turns. */
#define SLICES_PER_S 100u
/* However soon a guest's timer is due, it gets on for so long, or the host while it waits. */
#define SOON_PER_S 50000u
/* How far ahead a guest's timer is waited for in one go. */
#define AHEAD_S 3600u

/* The guest's state into the pCPU, and out of it; its VMCS aside. */
static void take_in(struct vm_vcpu *v)
{
	__atomic_store_n(&v->running_on, (int32_t)v->on.index, __ATOMIC_SEQ_CST);
	speculation_enter_guest(v->vm->domain);
}

static void take_out(struct vm_vcpu *v)
{
	if (vcpu_is_loaded(&v->vcpu))
		vcpu_set_aside(&v->vcpu);
	__atomic_store_n(&v->running_on, -1, __ATOMIC_SEQ_CST);
}

static void unload(void *vcpu)
{
	struct vm_vcpu *v = vcpu;

	if (vcpu_is_loaded(&v->vcpu))
		vcpu_unload(&v->vcpu);
}

void vm_vcpu_enter(struct vm_vcpu *v)
{
	v->saved = vm_pcpu_take();
	v->on = vm_pcpu();
	take_in(v);
	if (vcpu_load(&v->vcpu, (unsigned)v->on.index) != VMK_OK)
		v->vcpu.failed = true;
}

void vm_vcpu_leave(struct vm_vcpu *v)
{
	take_out(v);
	unload(v);
	vm_pcpu_give(v->saved);
}

void vm_vcpu_await(const struct vm_vcpu *v, uint64_t generation)
{
	int32_t cpu;

	do {
		cpu_pause();
		cpu = __atomic_load_n(&v->running_on, __ATOMIC_SEQ_CST);
	} while (cpu >= 0 && __atomic_load_n(&v->vm->vtx.seen[cpu], __ATOMIC_ACQUIRE) < generation);
}

static uint32_t attention(const struct vm_vcpu *v)
{
	return __atomic_load_n(&v->attention, __ATOMIC_SEQ_CST);
}

static bool is_held(const struct vm_vcpu *v)
{
	return __atomic_load_n(&v->vm->held, __ATOMIC_SEQ_CST);
}

/* What is heeded now. While it is held nothing but its end: a VMX world that resets its VM over and
 * over would else have it enter, for that, whenever vm_pause() looks. */
static uint32_t due(const struct vm_vcpu *v)
{
	return attention(v) & (is_held(v) ? ATTEND_END : UINT32_MAX);
}

/* What it waits for is nobody's any more: it begins anew, or ends. */
static bool is_called_off(const struct vm_vcpu *v)
{
	return attention(v) & (ATTEND_END | ATTEND_RESET | ATTEND_INIT);
}

static uint32_t take(struct vm_vcpu *v, uint32_t what)
{
	return __atomic_fetch_and(&v->attention, ~what, __ATOMIC_SEQ_CST) & what;
}

/* --- asking the VMX world */

/* Nobody else looks at a request before it is posted, and then at no more than this of it. */
static void post(struct vm_vcpu *v, const struct vmk_vm_exchange *request)
{
	vmk_vm_unpack(&v->request, vmk_vm_pack(request));
	v->request.address = request->address;
	v->request.value = request->value;
	v->request.vcpu = v->vcpu.index;
	__atomic_store_n(&v->ask, vm_ask_to(v->ask + ASK_STATES, ASK_POSTED), __ATOMIC_RELEASE);
	__atomic_add_fetch(&v->vm->posted, 1, __ATOMIC_SEQ_CST);
}

static void drop_request(struct vm_vcpu *v)
{
	const uint32_t none = vm_ask_to(v->ask, ASK_NONE);

	if (__atomic_exchange_n(&v->ask, none, __ATOMIC_ACQ_REL) == none + ASK_POSTED)
		__atomic_sub_fetch(&v->vm->posted, 1, __ATOMIC_SEQ_CST);
}

/* The answer, or that there will be none. */
static bool collect(struct vm_vcpu *v, bool *answered, uint64_t *answer)
{
	/* From then on until the next post() it is nobody else's. */
	const uint32_t ask = __atomic_load_n(&v->ask, __ATOMIC_ACQUIRE);

	*answered = ask % ASK_STATES == ASK_ANSWERED;
	*answer = v->answer;
	if (*answered)
		v->ask = vm_ask_to(ask, ASK_NONE);
	else if (is_called_off(v))
		drop_request(v);
	else
		return false;
	return true;
}

/*
 * The VMX world runs here and now, if it waits. Nobody else comes onto the pCPU before it has
 * answered, so the VMCS can stay; if somebody does after all, unload() takes it away first.
 */
static void ask_at_once(struct vm_vcpu *v)
{
	event_note(&v->vm->requests);
	if (!world_lend(v->vm->world, unload, v))
		event_signal(&v->vm->requests);
}

static bool wait_for_answer(struct vm_vcpu *v, uint64_t *answer)
{
	struct event *const events[] = {&v->event};
	bool answered;

	for (;;) {
		uint64_t seen = event_count(&v->event);
		unsigned index;

		if (collect(v, &answered, answer))
			return answered;
		event_wait_any(events, &seen, 1, 0, &index);
	}
}

bool vm_ask(struct vm_vcpu *v, const struct vmk_vm_exchange *request, uint64_t *answer)
{
	bool answered;

	if (is_called_off(v))
		return false;
	take_out(v);
	post(v, request);
	ask_at_once(v);
	if (collect(v, &answered, answer) && vcpu_is_loaded(&v->vcpu)) {
		take_in(v);
		vcpu_take_up(&v->vcpu);
		return answered && !is_called_off(v);
	}
	unload(v);
	vm_pcpu_give(v->saved);
	if (!answered)
		answered = wait_for_answer(v, answer);
	vm_vcpu_enter(v);
	/* Whoever called it off since has seen it outside of the guest, and waits for nothing: an
	 * answer would go into the memory of what begins anew. */
	return answered && !is_called_off(v);
}

/* It waits from now on for what the VMX world makes of it. */
static void tell(struct vm_vcpu *v, enum vmk_vm_request_kind kind)
{
	const struct vmk_vm_exchange request = {.kind = kind};

	v->phase = PHASE_STOPPED;
	post(v, &request);
	event_signal(&v->vm->requests);
}

static void report_line(void *context, const char *text)
{
	const struct vm_vcpu *v = context;

	vmk_warn("VM %s: %s", v->vm->name, text);
}

void vm_fail(struct vm_vcpu *v, const char *why)
{
	v->vcpu.failed = true;
	if (budget_take(&v->reports, time_ns())) {
		vmk_warn(
			"VM %s: vCPU %u is stopped: %s", v->vm->name, (unsigned)v->vcpu.index, why);
		vcpu_report(&v->vcpu, report_line, v);
	}
	tell(v, VMK_VM_REQUEST_FAILED);
}

/* --- turns in the guest */

/* The VMX world's 8259s say which. */
static void take_external(struct vm_vcpu *v)
{
	const struct vmk_vm_exchange request = {.kind = VMK_VM_REQUEST_ACKNOWLEDGE};
	uint64_t vector;

	if (vm_ask(v, &request, &vector))
		vlapic_know_external(&v->apic, (uint8_t)vector);
}

static void stopped(struct vm_vcpu *v, enum vcpu_stop stop)
{
	switch (stop) {
	case VCPU_STOP_HOST:
		break;
	case VCPU_STOP_HALT:
		v->halted_with_if = vtx_vmread(VMCS_GUEST_RFLAGS) & RFLAGS_IF;
		v->phase = PHASE_HALTED;
		break;
	case VCPU_STOP_IO:
		vm_emulate_io(v);
		break;
	case VCPU_STOP_MEMORY:
		vm_emulate_memory(v);
		break;
	case VCPU_STOP_ACKNOWLEDGE:
		take_external(v);
		break;
	case VCPU_STOP_SHUTDOWN:
		if (budget_take(&v->reports, time_ns()))
			vmk_log("VM %s: vCPU %u: triple fault", v->vm->name,
				(unsigned)v->vcpu.index);
		tell(v, VMK_VM_REQUEST_SHUTDOWN);
		break;
	case VCPU_STOP_FAILED:
		vm_fail(v, "the processor and what is emulated cannot go on");
		break;
	}
}

static bool is_wanted(const struct vm_pcpu *on)
{
	return __atomic_load_n(on->wanted, __ATOMIC_SEQ_CST);
}

static uint64_t soon(void)
{
	return time_tsc_hz() / SOON_PER_S;
}

/* Ticks until the guest's timer is due, after firing what is; `most` if that is sooner, but no
 * fewer than `least`. */
static uint64_t run_timer(struct vm_vcpu *v, uint64_t most, uint64_t least)
{
	uint64_t now, ticks = most;

	if (vlapic_deadline(&v->apic) != UINT64_MAX) {
		now = vm_vlapic_ops.now(v);
		vlapic_tick(&v->apic, now);
		ticks = guest_clock_host_ticks(&v->vm->vtx.clock, vlapic_deadline(&v->apic) - now);
		ticks = MIN(ticks, most);
	}
	return MAX(ticks, least);
}

static bool may_go_on(const struct vm_vcpu *v)
{
	return v->phase == PHASE_RUNS && !attention(v) && !is_held(v) && !is_wanted(&v->on);
}

/* Stops that the guest brings about begin no new slice, or it would have the pCPU as long as it
 * likes where its own interrupt flag keeps the host's interrupts out (Bochs 2.7). */
static void turn(struct vm_vcpu *v)
{
	const uint64_t slice = time_tsc_hz() / SLICES_PER_S, least = soon();
	uint64_t began, spent = 0;
	enum vcpu_stop stop;
	bool spins = false;

	vm_vcpu_enter(v);
	for (began = vtx_rdtsc(); may_go_on(v) && !spins && spent < slice;
		spent = vtx_rdtsc() - began) {
		stop = vcpu_run(&v->vcpu, v->on.wanted, run_timer(v, slice - spent, least));
		spins = stop == VCPU_STOP_HOST &&
			(v->vcpu.exit_reason & EXIT_REASON_MASK) == EXIT_PAUSE;
		stopped(v, stop);
	}
	vm_vcpu_leave(v);
	if (spins)
		world_yield();
	else
		sched_preempt();
}

/* --- waiting */

static bool wakes(struct vm_vcpu *v)
{
	if (v->phase != PHASE_HALTED)
		return false;
	vlapic_tick(&v->apic, vm_vlapic_ops.now(v));
	return inject_is_pending(&v->vcpu.injector) ||
	       (v->halted_with_if && vm_apic_ops.pending(&v->apic) >= 0);
}

/* When the host must look at a halted guest's timer; 0: never. A time that is over, or no more than
 * a moment ahead, would keep this world from ever waiting. */
static uint64_t wake_time(struct vm_vcpu *v)
{
	const uint64_t due = vlapic_deadline(&v->apic), now = vm_vlapic_ops.now(v);
	const uint64_t hz = time_tsc_hz();
	uint64_t ticks;

	if (v->phase != PHASE_HALTED || is_held(v) || !v->halted_with_if || due == UINT64_MAX)
		return 0;
	ticks = guest_clock_host_ticks(&v->vm->vtx.clock, due > now ? due - now : 0);
	ticks = MAX(MIN(ticks, AHEAD_S * hz), soon());
	return time_ns() + ticks / hz * NS_PER_S + (ticks % hz * NS_PER_S + hz - 1) / hz;
}

/* Its guest has nothing for it to do, or its VMX world or whoever holds it is to do something. */
static enum sched_wait waits_for(const struct vm_vcpu *v)
{
	const bool asleep = v->phase == PHASE_HALTED || v->phase == PHASE_WAITS;

	return asleep && !is_held(v) ? SCHED_WAIT_WORK : SCHED_WAIT_EVENT;
}

static void wait(struct vm_vcpu *v)
{
	struct event *const events[] = {&v->event};
	uint64_t seen = event_count(&v->event);
	unsigned index;

	if (due(v) || (v->phase == PHASE_RUNS && !is_held(v)))
		return;
	if (wakes(v)) {
		v->phase = PHASE_RUNS;
		return;
	}
	world_waits_for(waits_for(v));
	event_wait_any(events, &seen, 1, wake_time(v), &index);
	world_waits_for(SCHED_WAIT_EVENT);
}

/* --- what others want of it */

static void reset(struct vm_vcpu *v, bool power)
{
	if (power) {
		vcpu_power_on(&v->vcpu);
		vlapic_init(&v->apic, &vm_vlapic_ops, v, v->vcpu.index, v->vcpu.index == 0);
	} else {
		vlapic_reset(&v->apic);
	}
	v->vcpu.apic_ops = &vm_apic_ops;
	v->vcpu.apic = &v->apic;
	vm_vcpu_enter(v);
	vcpu_reset(&v->vcpu);
	vm_vcpu_leave(v);
	v->phase = PHASE_WAITS;
}

static void start(struct vm_vcpu *v)
{
	struct vmk_vm_entry e;
	uint64_t saved = spin_lock(&v->vm->lock);

	e = v->vm->entry;
	spin_unlock(&v->vm->lock, saved);
	vm_vcpu_enter(v);
	if (e.mode == VMK_VM_REAL)
		vcpu_set_real_entry(&v->vcpu, e.cs, (uint16_t)e.rip);
	else if (e.mode == VMK_VM_FLAT)
		vcpu_set_flat_entry(&v->vcpu, (uint32_t)e.rip);
	else
		vcpu_set_long_entry(&v->vcpu, e.rip, e.cr3, (struct gpa){e.gdt}, e.gdt_limit);
	vcpu_set_gpr(&v->vcpu, RSP, e.rsp);
	v->vcpu.registers.gpr[RAX] = e.rax;
	v->vcpu.registers.gpr[RBX] = e.rbx;
	v->vcpu.registers.gpr[RSI] = e.rsi;
	v->vcpu.registers.gpr[RDX] = 0;
	vm_vcpu_leave(v);
	/* Linux' 64-bit entry has no firmware before it. */
	if (e.mode != VMK_VM_LONG)
		vlapic_wire(&v->apic);
	v->phase = PHASE_RUNS;
}

static void start_up(struct vm_vcpu *v)
{
	const uint8_t vector = __atomic_load_n(&v->startup_vector, __ATOMIC_ACQUIRE);

	if (v->phase != PHASE_WAITS)
		return;
	vm_vcpu_enter(v);
	vcpu_set_real_entry(&v->vcpu, (uint16_t)(vector << 8), 0);
	vm_vcpu_leave(v);
	v->phase = PHASE_RUNS;
}

/* As it stands now: what comes meanwhile may belong to what comes first the next time, as a start
 * to its reset or a SIPI to its INIT. */
static void heed(struct vm_vcpu *v)
{
	const uint32_t seen = due(v);
	uint32_t what;

	/* Until it is gone, whoever takes requests sees that it is nobody's (vm_next()). */
	if (seen & (ATTEND_RESET | ATTEND_INIT))
		drop_request(v);
	what = take(v, seen & ~(uint32_t)ATTEND_END);
	if (what & ATTEND_RESET)
		reset(v, true);
	if (what & ATTEND_START)
		start(v);
	if (what & ATTEND_INIT)
		reset(v, false);
	if (what & ATTEND_STARTUP)
		start_up(v);
	if (what & ATTEND_NMI)
		inject_nmi(&v->vcpu.injector);
}

void vm_vcpu_main(void *argument)
{
	struct vm_vcpu *v = argument;

	while (!(attention(v) & ATTEND_END)) {
		const struct vm_pcpu here = vm_pcpu();

		/* Nobody takes the pCPU from ring 0, however often others wake this world. */
		if (is_wanted(&here))
			sched_preempt();
		heed(v);
		if (v->phase == PHASE_RUNS && !is_held(v))
			turn(v);
		else
			wait(v);
	}
	vm_put(v->vm);
}
