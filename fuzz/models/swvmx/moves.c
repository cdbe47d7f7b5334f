#include "fuzz/models/swvmx/moves.h"

#include <stdio.h>
#include <stdlib.h>
#include "fuzz/models/swvmx/guest.h"
#include "vtx/guest_fpu.h"
#include "vtx/exits.h"

#define STEPS 64u
#define EXITS 64u /* in all */
/* Host ticks that power-on and moves take at least: more than rounding is off by. */
#define TSC_APART 2000u

static struct guest guest;
static uint32_t irr[RIG_VCPUS][8];
static bool ran[SWVMX_PCPUS];

/* --- a controller that gives the highest vector --- */

static int pending(void *apic)
{
	const uint32_t *words = apic;

	for (int i = 7; i >= 0; i--)
		if (words[i])
			return i * 32 + 31 - __builtin_clz(words[i]);
	return -1;
}

static void accept(void *apic, uint8_t vector)
{
	struct guest_track *t = &guest.track[guest.vcpu];
	uint32_t *words = apic;

	if (apic != irr[guest.vcpu] || !(words[vector / 32] >> vector % 32 & 1))
		abort();
	words[vector / 32] &= ~(1u << vector % 32);
	t->accepted[vector]++;
	t->accepted_all++;
}

static bool read_msr(void *apic, uint32_t msr, uint64_t *value)
{
	*value = 0;
	return msr & 1;
}

static bool write_msr(void *apic, uint32_t msr, uint64_t value)
{
	return msr & 1;
}

static uint8_t tpr(void *apic)
{
	return 0;
}

static void set_tpr(void *apic, uint8_t cr8)
{
	if (cr8 > 15)
		abort();
}

static const struct vcpu_apic_ops apic = {pending, accept, read_msr, write_msr, tpr, set_tpr, NULL};

/* --- turns --- */

/* Ring 3 has x87 and SSE. */
static void set_host(unsigned p)
{
	struct swvmx_pcpu *c = &swvmx.pcpu[p];

	c->fpu[0] = c->fpu[1] = ~0ull;
	c->star = c->lstar = c->cstar = c->fmask = c->kernel_gs_base = c->tsc_aux = 0x10000 + p;
}

/* What ring 3 needs on this pCPU is there. */
static void check_host(unsigned p)
{
	const struct swvmx_pcpu *c = &swvmx.pcpu[p];
	const uint64_t want = 0x10000 + p;

	if (c->tables_short || c->star != want || c->lstar != want || c->cstar != want ||
		c->fmask != want || c->kernel_gs_base != want || c->tsc_aux != want)
		abort();
	if (c->xcr0 != (swvmx_components() & 3))
		abort();
	for (unsigned i = 2; i < SWVMX_COMPONENTS; i++)
		if (c->fpu[i])
			abort();
}

/* Ring 3 runs for a while. */
static void host_runs(unsigned p)
{
	check_host(p);
	swvmx.pcpu[p].fpu[0] = swvmx.pcpu[p].fpu[1] = ~0ull;
}

static void unload(unsigned n)
{
	struct vcpu *v = &rig.vcpu[n];
	const int p = v->pcpu;

	if (p < 0)
		return;
	swvmx.now = (unsigned)p;
	vcpu_unload(v);
	if (swvmx_current()->current)
		abort();
	host_runs((unsigned)p);
}

/* The pCPU serves somebody else, and this vCPU is to go on there. */
static void set_aside(unsigned n)
{
	struct vcpu *v = &rig.vcpu[n];

	if (v->pcpu < 0 || v->aside)
		return;
	vcpu_set_aside(v);
	host_runs((unsigned)v->pcpu);
}

static void set_entry(unsigned n)
{
	struct vcpu *v = &rig.vcpu[n];
	const uint8_t entry = guest_byte(&guest.in);

	if (entry % 4 == 1)
		vcpu_set_real_entry(v, (uint16_t)(entry << 8), 0);
	if (entry % 4 == 2)
		vcpu_set_flat_entry(v, 0x1000);
	if (entry % 4 == 3)
		vcpu_set_long_entry(v, 0x1000, 0x2000, (struct gpa){0x3000}, 0xff);
}

static void reset(unsigned n)
{
	vcpu_reset(&rig.vcpu[n]);
	rig_clear(&guest.track[n], sizeof(guest.track[n]));
	guest.track[n].wrote_tsc = true; /* what it wrote stays */
	set_entry(n);
}

static void power_on(unsigned n)
{
	unload(n);
	vcpu_power_on(&rig.vcpu[n]);
	guest.fpu[n] = (struct guest_fpu_track){.xcr0 = XCR0_X87};
}

/* No vCPU runs before it is resumed. */
static void pause(void)
{
	if (rig.vm.clock.stopped)
		return;
	guest.stopped = swvmx.tsc;
	guest_clock_stop(&rig.vm.clock, guest_clock_ticks(&rig.vm.clock, swvmx.tsc, 0), swvmx.tsc);
}

static void resume(uint16_t ticks)
{
	if (!rig.vm.clock.stopped)
		return;
	swvmx.tsc += ticks;
	guest.paused += swvmx.tsc - guest.stopped;
	guest.pauses++;
	guest_clock_go(&rig.vm.clock, guest_clock_ticks(&rig.vm.clock, swvmx.tsc, 0), swvmx.tsc);
}

/* On this pCPU, whoever was there before. */
static void load(unsigned n, unsigned p)
{
	struct vcpu *v = &rig.vcpu[n];

	if (v->pcpu == (int)p) {
		swvmx.now = p;
		if (v->aside)
			vcpu_take_up(v);
		return;
	}
	unload(n);
	swvmx.tsc += TSC_APART;
	for (unsigned i = 0; i < RIG_VCPUS; i++)
		if (rig.vcpu[i].pcpu == (int)p)
			unload(i);
	swvmx.now = p;
	if (vcpu_load(v, p) != VMK_OK)
		abort();
	ran[p] = true;
}

static void map(uint8_t page, uint8_t frame)
{
	const uint64_t flags = EPT_READ | (frame & 0x40 ? EPT_WRITE : 0) |
			       (frame & 0x80 ? EPT_EXECUTE : 0) | EPT_WRITE_BACK;
	enum vmk_status status = ept_map(&rig.vm.ept, (struct gpa){(page & 0x1full) << 12},
		rig_frame(frame % RIG_FRAMES), 4096, flags);

	if (status == VMK_OK && rig.owner[frame % RIG_FRAMES] != OWNER_VM)
		abort();
}

/* As a VM's memory does: most of what is touched is there at once. */
static bool touch(struct vtx_vm *vm, struct gpa gpa, bool fetch)
{
	const uint8_t frame = guest_byte(&guest.in);

	(void)vm;
	(void)fetch;
	if (frame % RIG_FRAMES == 0)
		return false;
	map((uint8_t)(gpa.v >> 12), frame);
	return true;
}

static void fail_closed(struct vcpu *v)
{
	const bool may_fail = guest.hostile || guest.track[guest.vcpu].may_fail;
	const unsigned entries = swvmx.entries;

	if (!may_fail)
		fprintf(stderr, "vCPU %u failed: exit reason %#x, check %s\n", v->index,
			v->exit_reason,
			swvmx.failures.count ? swvmx_check_name(swvmx.failures.first) : "none");
	if (!may_fail || !v->failed || vcpu_run(v, &guest.leave, 1000) != VCPU_STOP_FAILED ||
		swvmx.entries != entries)
		abort();
}

static void turn(unsigned n)
{
	struct vcpu *v = &rig.vcpu[n];

	swvmx.now = (unsigned)v->pcpu;
	guest.vcpu = n;
	switch (vcpu_run(v, &guest.leave, 1000)) {
	case VCPU_STOP_IO:
		vcpu_complete(v, 0x12345678);
		break;
	case VCPU_STOP_MEMORY:
		map((uint8_t)(v->request.gpa.v >> 12), guest_byte(&guest.in));
		break;
	case VCPU_STOP_SHUTDOWN:
		reset(n);
		break;
	case VCPU_STOP_FAILED:
		fail_closed(v);
		reset(n);
		break;
	default:
		break;
	}
}

/* --- memory that comes and goes --- */

static bool all_have_seen(uint64_t generation)
{
	for (unsigned p = 0; p < SWVMX_PCPUS; p++)
		if (ran[p] && rig.vm.seen[p] < generation)
			return false;
	return true;
}

static void unmap(uint8_t page)
{
	const struct gpa gpa = {(page & 0x1full) << 12};
	struct ept_leaf leaf;
	unsigned n;

	if (!ept_find(&rig.vm.ept, gpa, &leaf))
		return;
	n = (unsigned)(((leaf.entry & 0xffffffffff000ull) - rig_frame(0).v) / 4096);
	if (ept_unmap(&rig.vm.ept, gpa, 4096) != VMK_OK)
		abort();
	for (unsigned i = 0; i < 32; i++)
		if (ept_find(&rig.vm.ept, (struct gpa){(uint64_t)i << 12}, &leaf) &&
			(leaf.entry & 0xffffffffff000ull) == rig_frame(n).v)
			return; /* still mapped elsewhere */
	rig.owner[n] = OWNER_LEAVING;
	rig.left_at[n] = rig.vm.ept.generation;
}

/* Frames that no pCPU can reach any more go to somebody else, and come back. */
static void trade(void)
{
	for (unsigned i = 0; i < RIG_FRAMES; i++) {
		if (rig.owner[i] == OWNER_LEAVING && all_have_seen(rig.left_at[i]))
			rig.owner[i] = OWNER_OTHER;
		else if (rig.owner[i] == OWNER_OTHER)
			rig.owner[i] = OWNER_VM;
	}
	if (all_have_seen(rig.vm.ept.generation))
		ept_reclaim(&rig.vm.ept, rig.vm.ept.generation);
}

static void ask_nmi(unsigned n)
{
	struct injector *in = &rig.vcpu[n].injector;

	if (!in->nmi && !guest.track[n].nmis)
		guest.track[n].nmis = 1;
	else if (!in->nmi)
		return; /* one is on its way: the second would be a second */
	inject_nmi(in);
}

static void step(uint8_t op)
{
	const unsigned n = guest_byte(&guest.in) % RIG_VCPUS;
	const uint8_t b = guest_byte(&guest.in);

	switch (op % 10) {
	case 0:
		if (b & 0x80)
			power_on(n);
		load(n, b % SWVMX_PCPUS);
		reset(n);
		break;
	case 1:
		irr[n][b / 32] |= b >= 16 ? 1u << b % 32 : 0;
		break;
	case 2:
		ask_nmi(n);
		break;
	case 3:
		map(b, guest_byte(&guest.in));
		break;
	case 4:
		unmap(b);
		break;
	case 5:
		ept_protect(&rig.vm.ept, (struct gpa){(b & 0x1full) << 12}, 4096,
			EPT_READ | (b & 0x20 ? EPT_WRITE : 0) | (b & 0x40 ? EPT_EXECUTE : 0));
		break;
	case 6:
		if (b & 0x80)
			pause();
		else
			trade();
		break;
	default:
		load(n, b % SWVMX_PCPUS);
		resume((uint16_t)(b << 8));
		turn(n);
		if (b & 0x40)
			set_aside(n);
	}
}

/* The guest's, in Hz: the processor's own, or another one, where it can. */
static const uint64_t rates[] = {1000000000, 2500000000, 1000000, 64000000000};

static void set_clock(unsigned rate)
{
	if (!(rig.controls.word[WORD_PROC2] & PROC2_TSC_SCALING))
		rate = 0;
	guest_clock_init(&rig.vm.clock, rates[0], rates[rate], swvmx.tsc);
	for (unsigned n = 0; rig.vm.clock.multiplier && n < RIG_VCPUS; n++) {
		swvmx.now = n;
		vcpu_reset(&rig.vcpu[n]);
		rig.vcpu[n].tsc_lag = guest_clock_lag(&rig.vm.clock, vtx_tsc_lag());
	}
	swvmx.tsc += TSC_APART;
}

/* Each vCPU on the pCPU of its number, as reset leaves it. */
static struct built {
	struct rig_snapshot rig;
	uint64_t began; /* as in struct guest */
} built[SWVMX_CPU_KINDS][ARRAY_SIZE(rates)];

static void build(enum swvmx_cpu_kind kind, unsigned rate)
{
	struct built *to = &built[kind][rate];

	rig_build(kind);
	for (unsigned p = 0; p < SWVMX_PCPUS; p++)
		set_host(p);
	for (unsigned n = 0; n < RIG_VCPUS; n++) {
		rig.vcpu[n].apic_ops = &apic;
		rig.vcpu[n].apic = irr[n];
		load(n, n);
		vcpu_reset(&rig.vcpu[n]);
	}
	to->began = swvmx.tsc;
	set_clock(rate);
	rig_save(&to->rig);
}

/* All of them before the first run, so that what building reaches is of no input. */
static void build_all(void)
{
	for (unsigned i = 0; i < SWVMX_CPU_KINDS * ARRAY_SIZE(rates); i++)
		build(i / ARRAY_SIZE(rates), i % ARRAY_SIZE(rates));
}

static void start(uint8_t how)
{
	const struct built *from = &built[how % SWVMX_CPU_KINDS][(how >> 4) % ARRAY_SIZE(rates)];

	if (!rig_restore(&from->rig)) {
		build_all();
		rig_restore(&from->rig);
	}
	guest.began = from->began;
	rig_clear(irr, sizeof(irr));
	guest.hostile = how & 0x80;
	rig.vm.touch = how & 0x40 ? touch : NULL;
	swvmx.chooser = (struct swvmx_chooser){guest_run, guest_entering, &guest};
	for (unsigned n = 0; n < SWVMX_PCPUS; n++)
		ran[n] = n < RIG_VCPUS;
	for (unsigned n = 0; n < RIG_VCPUS; n++) {
		guest.fpu[n].xcr0 = XCR0_X87;
		swvmx.now = n;
		set_entry(n);
	}
}

unsigned moves_run(const uint8_t *data, size_t size)
{
	rig_clear(&guest, sizeof(guest));
	guest.in = (struct guest_input){data, size, 0};
	guest.exits = EXITS;
	start(guest_byte(&guest.in));
	for (unsigned i = 0; i < STEPS && !guest.leave && guest.in.at < size; i++)
		step(guest_byte(&guest.in));
	for (unsigned n = 0; n < RIG_VCPUS; n++)
		unload(n);
	for (unsigned p = 0; p < SWVMX_PCPUS; p++) {
		swvmx.now = p;
		if (vtx_vmxoff() != VMX_OK)
			abort();
	}
	return swvmx.entries;
}
