/*
 * VM entry on the processor that this runs on beside the model: the same state in both, and both
 * have to come to the same end. Command line: seed=N first=N count=N, and
 * each=N to say each N vectors where it is (with 1, each vector's changes, too).
 */
#include "fuzz/differential/vmentry/generate.h"
#include "fuzz/differential/vmentry/known.h"
#include "fuzz/differential/vmentry/machine.h"
#include "fuzz/models/swvmx/rig.h"
#include "vtx/exits.h"
#include <stdlib.h>
#include <string.h>

#define VMXON 0u /* frames of the model's memory */
#define VMCS  4u

struct multiboot {
	uint32_t flags, lower, upper, device, command_line;
};

static struct {
	struct swvmx_cpu cpu;
	uint64_t base[SWVMX_BASES][VMCS_FIELD_COUNT];
	struct swvmx_vmcs wanted;         /* what the vector asks for */
	uint64_t there[VMCS_FIELD_COUNT]; /* what the processor's VMCS has */
	bool exists[VMCS_FIELD_COUNT], stale, launched;
	uint64_t seed, first, count, each;
	uint64_t ended[OUTCOME_OTHER + 1], skipped, open, by_known[KNOWN_MAX];
	/* By the first check that fails, the last place being for none, and how it ended. */
	uint64_t open_by[SWVMX_CHECK_COUNT + 1][OUTCOME_OTHER + 1];
} run;

void payload_main(const struct multiboot *info);

/* --- arguments */

static uint64_t argument(const char *line, const char *name, uint64_t otherwise)
{
	const size_t length = strlen(name);

	for (const char *at = line; *at; at++) {
		uint64_t value = 0;

		if (strncmp(at, name, length) || at[length] != '=')
			continue;
		for (at += length + 1; *at >= '0' && *at <= '9'; at++)
			value = value * 10 + (uint64_t)(*at - '0');
		return value;
	}
	return otherwise;
}

/* --- the VMCS */

static bool is_written(unsigned index)
{
	const uint32_t encoding = vmcs_field_encoding(index);

	return run.exists[index] && vmcs_kind(encoding) != VMCS_READ_ONLY &&
	       encoding != VMCS_HOST_RSP;
}

/* Which fields there are is the first thing to agree on. */
static void compare_fields(void)
{
	for (unsigned i = 0; i < VMCS_FIELD_COUNT; i++) {
		const uint32_t encoding = vmcs_field_encoding(i);
		bool there;

		run.exists[i] = swvmx_has_field(&run.cpu, vmcs_field_condition(i));
		if (vmcs_kind(encoding) == VMCS_READ_ONLY)
			continue;
		there = machine_vmwrite(encoding, 0);
		if (there == run.exists[i])
			continue;
		say("DIFFERENCE: field %s: %s, the model: %s", vmcs_field_name(encoding),
			there ? "there" : "not there", run.exists[i] ? "there" : "not there");
		run.open++;
		run.exists[i] = false;
	}
}

static void write_fields(void)
{
	for (unsigned i = 0; i < VMCS_FIELD_COUNT; i++) {
		if (!is_written(i) || (!run.stale && run.there[i] == run.wanted.f[i]))
			continue;
		if (!machine_vmwrite(vmcs_field_encoding(i), run.wanted.f[i]))
			abort();
		run.there[i] = run.wanted.f[i];
	}
	run.stale = false;
}

/* What does not exist has no value to check. */
static void make_bases(void)
{
	for (enum swvmx_base base = 0; base < SWVMX_BASES; base++) {
		rig_start(base);
		for (unsigned i = 0; i < VMCS_FIELD_COUNT; i++)
			run.base[base][i] = run.exists[i] ? swvmx_current()->current->f[i] : 0;
		run.base[base][VMCS_INDEX_PIN_CONTROLS] |= PIN_PREEMPTION_TIMER;
		run.base[base][VMCS_INDEX_EXIT_CONTROLS] &= ~(uint64_t)EXIT_SAVE_TIMER;
		run.base[base][VMCS_INDEX_PREEMPTION_TIMER] = 0;
	}
}

static void apply(const struct vector *v)
{
	static const struct swvmx_msr_entry harmless = {0x277, 0, 0x0007040600070406ull};

	memcpy(run.wanted.f, run.base[v->base], sizeof(run.wanted.f));
	for (unsigned i = 0; i < v->count; i++)
		if (is_written(v->changes[i].index))
			swvmx_change_apply(&v->changes[i], &run.wanted);
	memcpy(swvmx_at(hpa(SWVMX_MSR_LIST)), v->msr.index ? &v->msr : &harmless, sizeof(harmless));
}

/* --- one vector */

/* Here the model's memory and the payload's are the same; the rest of what is mapped is only read.
 * Where nothing is, nothing that matters can be read. */
static void look_up(struct swvmx_referenced *to)
{
	const uint64_t link = run.wanted.f[VMCS_INDEX_LINK],
		       table = run.wanted.f[VMCS_INDEX_GUEST_CR3] & 0xffffffe0;

	*to = (struct swvmx_referenced){.link_header = ~0u};
	if (swvmx_at(hpa(link)) && link != swvmx_frame(VMCS).v && !(link & 0xfff))
		memcpy(&to->link_header, swvmx_at(hpa(link)), sizeof(to->link_header));
	memcpy(to->pdptes, (const void *)(uintptr_t)table, sizeof(to->pdptes));
}

static struct outcome enter(void)
{
	const int how = machine_enter(run.launched);
	struct outcome o = {OUTCOME_OTHER, 0};

	if (how == 0) {
		const uint64_t reason = machine_vmread(VMCS_EXIT_REASON);

		machine_restore();
		run.stale = true;
		o.detail = reason;
		if (reason == (EXIT_ENTRY_FAILED | EXIT_INVALID_GUEST_STATE))
			o = (struct outcome){
				OUTCOME_GUEST, machine_vmread(VMCS_EXIT_QUALIFICATION)};
		else if (reason == (EXIT_ENTRY_FAILED | EXIT_MSR_LOADING))
			o = (struct outcome){OUTCOME_MSR, machine_vmread(VMCS_EXIT_QUALIFICATION)};
		else if (!(reason & EXIT_ENTRY_FAILED)) {
			o.kind = OUTCOME_ENTERED;
			run.launched = true;
		}
		return o;
	}
	if (how == 2) {
		o.detail = machine_vmread(VMCS_INSTRUCTION_ERROR);
		if (o.detail == SWVMX_CONTROLS)
			o.kind = OUTCOME_CONTROLS;
		if (o.detail == SWVMX_HOST)
			o.kind = OUTCOME_HOST;
	}
	return o;
}

static void say_failures(const struct swvmx_failures *failures)
{
	for (enum swvmx_check check = 0; check < SWVMX_CHECK_COUNT; check++)
		if (failures->failed[check])
			say("  fails %s (%s): %s", swvmx_check_name(check),
				swvmx_check_section(check), swvmx_check_text(check));
}

static void say_vector(const struct vector *v)
{
	for (unsigned i = 0; i < v->count; i++)
		say("  %s = 0x%llx", vmcs_field_name(vmcs_field_encoding(v->changes[i].index)),
			(unsigned long long)run.wanted.f[v->changes[i].index]);
	if (v->msr.index)
		say("  MSR 0x%x = 0x%llx, reserved 0x%x", v->msr.index,
			(unsigned long long)v->msr.value, v->msr.reserved);
}

static void show(uint64_t number, const struct vector *v, const struct prediction *p,
	const struct outcome *o)
{
	say("DIFFERENCE: vector %llu, base %u: %s, detail 0x%llx; the model: %s",
		(unsigned long long)number, v->base, outcome_name(o->kind),
		(unsigned long long)o->detail, outcome_name(prediction_kind(p)));
	say_failures(&p->controls);
	say_failures(&p->host);
	say_failures(&p->guest);
	say_failures(&p->msr);
	say_vector(v);
}

static unsigned first_failed(const struct prediction *p)
{
	const struct swvmx_failures *const groups[] = {&p->controls, &p->host, &p->guest, &p->msr};

	for (unsigned i = 0; i < ARRAY_SIZE(groups); i++)
		if (groups[i]->count)
			return groups[i]->first;
	return SWVMX_CHECK_COUNT;
}

static void try(uint64_t number)
{
	static struct prediction sdm, bochs;
	struct swvmx_referenced referenced;
	bool which[KNOWN_MAX] = {0}, can_run;
	struct outcome outcome;
	struct vector v;

	vector_make(&v, &run.cpu, run.seed, number);
	apply(&v);
	if (run.each == 1)
		say_vector(&v);
	look_up(&referenced);
	predict(&sdm, &run.cpu, run.wanted.f, &referenced);
	bochs = sdm;
	can_run = known_apply(&bochs, &run.cpu, run.wanted.f, which);
	if (!can_run || !may_end(prediction_kind(&bochs), run.wanted.f, run.base[v.base])) {
		run.skipped++;
		return;
	}
	write_fields();
	outcome = enter();
	run.ended[outcome.kind]++;
	if (prediction_allows(&sdm, &outcome))
		return;
	if (prediction_allows(&bochs, &outcome)) {
		for (unsigned i = 0; i < known_count; i++)
			run.by_known[i] += which[i];
		return;
	}
	run.open++;
	if (!run.open_by[first_failed(&sdm)][outcome.kind]++)
		show(number, &v, &sdm, &outcome);
}

/* --- the whole run */

static void report(void)
{
	unsigned both = 0;

	for (unsigned check = 0; check <= SWVMX_CHECK_COUNT; check++)
		for (enum outcome_kind kind = 0; kind <= OUTCOME_OTHER; kind++)
			if (run.open_by[check][kind])
				say("OPEN: %s first, %s: %llu",
					check < SWVMX_CHECK_COUNT ? swvmx_check_name(check)
								  : "nothing",
					outcome_name(kind),
					(unsigned long long)run.open_by[check][kind]);
	for (unsigned i = 0; i < known_count; i++)
		if (run.by_known[i])
			say("KNOWN: %s: %s (%s): %llu", known[i].name, known[i].why,
				known[i].is_free ? "left to processors" : "Bochs",
				(unsigned long long)run.by_known[i]);
	for (enum swvmx_check check = 0; check < SWVMX_CHECK_COUNT; check++) {
		both += swvmx_seen[check][0] && swvmx_seen[check][1];
		if (!swvmx_seen[check][0] || !swvmx_seen[check][1])
			say("UNSEEN: %s%s%s", swvmx_check_name(check),
				swvmx_seen[check][0] ? "" : " passing",
				swvmx_seen[check][1] ? "" : " failing");
	}
	say("RESULT: vectors=%llu skipped=%llu controls=%llu host=%llu guest=%llu msr=%llu "
	    "entered=%llu other=%llu checks-both-ways=%u of=%u open=%llu",
		(unsigned long long)run.count, (unsigned long long)run.skipped,
		(unsigned long long)run.ended[OUTCOME_CONTROLS],
		(unsigned long long)run.ended[OUTCOME_HOST],
		(unsigned long long)run.ended[OUTCOME_GUEST],
		(unsigned long long)run.ended[OUTCOME_MSR],
		(unsigned long long)run.ended[OUTCOME_ENTERED],
		(unsigned long long)run.ended[OUTCOME_OTHER], both, (unsigned)SWVMX_CHECK_COUNT,
		(unsigned long long)run.open);
	say("payload: done");
}

void payload_main(const struct multiboot *info)
{
	const char *line = (const char *)(uintptr_t)info->command_line;

	machine_init();
	run.seed = argument(line, "seed", 1);
	run.each = argument(line, "each", 100000);
	run.first = argument(line, "first", 0);
	run.count = argument(line, "count", 1000);
	machine_describe(&run.cpu);
	swvmx_cpu_given = &run.cpu;
	say("payload: VMX_BASIC 0x%llx, EPT 0x%llx", (unsigned long long)run.cpu.msrs.basic,
		(unsigned long long)run.cpu.msrs.ept_vpid);
	say("payload: physical addresses of %u bits, seed %llu, vectors %llu to %llu",
		run.cpu.physical_bits, (unsigned long long)run.seed, (unsigned long long)run.first,
		(unsigned long long)(run.first + run.count - 1));
	machine_vmx_on((uint32_t)run.cpu.msrs.basic, swvmx_frame(VMXON).v, swvmx_frame(VMCS).v);
	compare_fields();
	make_bases();
	run.stale = true;
	for (uint64_t i = 0; i < run.count; i++) {
		if (i % run.each == 0)
			say("payload: at vector %llu", (unsigned long long)(run.first + i));
		try(run.first + i);
	}
	report();
}
