/* Each rule against what was found. */
#include "arch/x86/hardening.h"
#include "arch/x86/cet.h"

#include <stdio.h>
#include <string.h>
#include <vmkapi/events.h>

#define CR0_WP        0x10000ull
#define CR4_UMIP      0x800ull
#define CR4_FSGSBASE  0x10000ull
#define CR4_SMEP      0x100000ull
#define CR4_SMAP      0x200000ull
#define CR4_PKE       0x400000ull
#define CR4_CET       0x800000ull
#define CR4_PKS       0x1000000ull
#define EFER_NXE      0x800ull

#define RANGES_ENOUGH 8u

static void set(struct vmk_info_hardening *row, enum vmk_hardening state, const char *found)
{
	row->state = state;
	snprintf(row->found, sizeof(row->found), "%s", found);
}

static void hold(struct vmk_info_hardening *row, bool holds, const char *found)
{
	set(row, holds ? VMK_HARDENING_HOLDS : VMK_HARDENING_FAILS, found);
}

/* Where the CPU has it, it must be on. */
static void feature(struct vmk_info_hardening *row, bool has, bool on)
{
	if (!has)
		set(row, VMK_HARDENING_ABSENT, "this CPU does not have it");
	else
		hold(row, on, on ? "on" : "off");
}

static void count(struct vmk_info_hardening *row, uint64_t bad, uint64_t all, const char *what)
{
	char text[sizeof(row->found)];

	snprintf(text, sizeof(text), "%llu of %llu %s", (unsigned long long)bad,
		(unsigned long long)all, what);
	hold(row, bad == 0, text);
}

static void describe_isolation(const struct hardening_facts *f, struct vmk_info_hardening *row)
{
	char text[sizeof(row->found)];

	if (f->speculation.state[SPEC_MELTDOWN] == SPEC_NOT_AFFECTED && !f->speculation.isolate) {
		hold(row, true, "the CPU keeps it apart");
		return;
	}
	if (!f->speculation.isolate) {
		set(row, VMK_HARDENING_ABSENT, "page tables are not split");
		return;
	}
	snprintf(text, sizeof(text), "%llu pages of ring 0, %llu wrong",
		(unsigned long long)f->gate.pages, (unsigned long long)f->gate.wrong);
	hold(row, f->gate.pages && !f->gate.wrong, text);
}

static void describe_speculation(const struct hardening_facts *f, struct vmk_info_hardening *row)
{
	char names[sizeof(row->found)], text[sizeof(row->found) + 16];

	if (f->spec_ctrl != f->speculation.spec_ctrl) {
		hold(row, false, "another value");
		return;
	}
	speculation_list(&f->speculation, SPEC_EXPOSED, names, sizeof(names));
	snprintf(text, sizeof(text), "exposed to %s", *names ? names : "nothing known");
	set(row, *names ? VMK_HARDENING_ABSENT : VMK_HARDENING_HOLDS, text);
}

static void describe_threads(const struct hardening_facts *f, struct vmk_info_hardening *row)
{
	char text[sizeof(row->found)];

	snprintf(text, sizeof(text), "%u CPUs share a core", f->sharing);
	hold(row, !f->speculation.one_thread || !f->sharing, text);
}

/* Neighbours are rare where places are drawn; with few ranges chance may make one. */
static void describe_placement(const struct hardening_facts *f, struct vmk_info_hardening *row)
{
	const struct audit_places *p = &f->places;
	const bool crowded = p->ranges >= RANGES_ENOUGH && 2 * p->close > p->ranges;
	char text[sizeof(row->found)];

	snprintf(text, sizeof(text),
		"of %llu regions %llu undrawn, %llu tied, %llu strays; of %llu ranges %llu close",
		(unsigned long long)p->regions, (unsigned long long)p->plain,
		(unsigned long long)p->tied, (unsigned long long)p->strays,
		(unsigned long long)p->ranges, (unsigned long long)p->close);
	hold(row, p->regions && !p->plain && !p->tied && !p->strays && !crowded, text);
}

static void describe_order(const struct hardening_facts *f, struct vmk_info_hardening *row)
{
	const struct heap_order *o = &f->heap_order;
	char text[sizeof(row->found)];

	snprintf(
		text, sizeof(text), "%u of %u come after their predecessor", o->rising, o->objects);
	hold(row, o->rising && o->rising + 1 < o->objects, text);
}

/* --- what the compiler made */

void hardening_read_code(
	const uint8_t *start, size_t bytes, bool has_types, struct hardening_code *code)
{
	static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa}, stop[] = {0xc3, 0xcc};
	const uint8_t load_type = 0xb8; /* MOV EAX, which nobody executes */

	*code = (struct hardening_code){.has_types = has_types};
	code->typed = start[-(ptrdiff_t)HARDENING_CODE_BEFORE] == load_type;
	code->landing = bytes >= sizeof(endbr64) && !memcmp(start, endbr64, sizeof(endbr64));
	for (size_t i = 0; i + sizeof(stop) <= bytes && !code->stopped; i++)
		code->stopped = !memcmp(start + i, stop, sizeof(stop));
}

static void describe_code(const struct hardening_code *code, struct vmk_info_hardening *row)
{
	if (!code->landing)
		hold(row, false, "no landing pad");
	else if (!code->stopped)
		hold(row, false, "no stop behind a return");
	else if (!code->has_types)
		set(row, VMK_HARDENING_ABSENT, "this compiler has no kCFI");
	else
		hold(row, code->typed, code->typed ? "both" : "no type");
}

/* Those of the CPU stand together, in the order of vmkapi/events.h. */
#define RULE_OF(protection) ((enum hardening_rule)(HARDENING_NX + (protection)))
_Static_assert(HARDENING_ENTROPY - HARDENING_NX + 1 == VMK_CPU_PROTECTION_COUNT, "a rule for each");

static void list_protections(const struct hardening_facts *f, char *to, size_t size)
{
	static const char *const names[VMK_CPU_PROTECTION_COUNT] = {
#define X(symbol, name) [symbol] = name,
		VMK_CPU_PROTECTIONS(X)
#undef X
	};
	size_t used = 0;

	*to = 0;
	for (unsigned i = 0; i < VMK_CPU_PROTECTION_COUNT && used < size; i++) {
		struct vmk_info_hardening row = {0};

		hardening_describe(f, RULE_OF(i), &row);
		if (row.state == VMK_HARDENING_HOLDS)
			used += (size_t)snprintf(
				to + used, size - used, "%s%s", used ? "," : "", names[i]);
	}
}

/* A measured text has no blanks in its values. */
static void list_issues(
	const struct hardening_facts *f, enum speculation_state state, char *to, size_t size)
{
	speculation_list(&f->speculation, state, to, size);
	for (char *blank = to; (blank = strchr(blank, ' '));)
		*blank = ',';
	if (!*to)
		snprintf(to, size, "none");
}

void hardening_describe_cpu(const struct hardening_facts *f, char *to, size_t size)
{
	char protections[128], mitigated[160], exposed[160];
	const char *smt = f->speculation.one_thread ? "off" : "shared";

	list_protections(f, protections, sizeof(protections));
	list_issues(f, SPEC_MITIGATED, mitigated, sizeof(mitigated));
	list_issues(f, SPEC_EXPOSED, exposed, sizeof(exposed));
	snprintf(to, size, VMK_CPU_FORMAT, protections, mitigated, exposed,
		f->speculation.threads ? smt : "none");
}

void hardening_describe(
	const struct hardening_facts *f, enum hardening_rule rule, struct vmk_info_hardening *row)
{
	static const struct {
		const char *name, *rule;
	} rules[] = {
#define X(symbol, name, rule) {name, rule},
		HARDENING_RULES(X)
#undef X
	};

	snprintf(row->name, sizeof(row->name), "%s", rules[rule].name);
	snprintf(row->rule, sizeof(row->rule), "%s", rules[rule].rule);
	switch (rule) {
	case HARDENING_WX:
		count(row, f->audit.both, f->audit.mappings, "mappings are");
		return;
	case HARDENING_HALVES:
		count(row, f->audit.wrong_half, f->audit.mappings,
			"mappings are in the wrong half");
		return;
	case HARDENING_PRIVATE:
		count(row, f->frames.exposed + f->frames.strange, f->frames.mappings,
			"mappings are of another's frame");
		return;
	case HARDENING_ALIASES:
		count(row, f->frames.loose + f->frames.writable_aliases, f->frames.executable,
			"pages of code have a second face");
		return;
	case HARDENING_ISOLATION:
		describe_isolation(f, row);
		return;
	case HARDENING_GUESTS:
		count(row, f->guests.strange, f->guests.mappings,
			"mappings of guests are of another's frame");
		return;
	case HARDENING_NULL:
		count(row, f->guards.null_pages, f->guards.spaces,
			"address spaces have a page there");
		return;
	case HARDENING_GUARDS:
		count(row, f->guards.unguarded, f->guards.ranges, "ranges have a neighbour");
		return;
	case HARDENING_FREED:
		count(row, f->freed.dirty, f->freed.frames, "free frames hold something");
		return;
	case HARDENING_PLACEMENT:
		describe_placement(f, row);
		return;
	case HARDENING_SEALED:
		hold(row, f->sealed, f->sealed ? "read-only" : "writable");
		return;
	case HARDENING_WP:
		feature(row, true, f->cr0 & CR0_WP);
		return;
	case HARDENING_NX:
		feature(row, f->has[CPU_NX], f->efer & EFER_NXE);
		return;
	case HARDENING_SMEP:
		feature(row, f->has[CPU_SMEP], f->cr4 & CR4_SMEP);
		return;
	case HARDENING_SMAP:
		feature(row, f->has[CPU_SMAP], f->cr4 & CR4_SMAP);
		return;
	case HARDENING_UMIP:
		feature(row, f->has[CPU_UMIP], f->cr4 & CR4_UMIP);
		return;
	case HARDENING_IBT:
		feature(row, f->has[CPU_IBT], f->cr4 & CR4_CET && f->s_cet & CET_ENDBR_EN);
		return;
	case HARDENING_USER_IBT:
		feature(row, f->has[CPU_IBT], f->cr4 & CR4_CET && f->u_cet & CET_ENDBR_EN);
		return;
	case HARDENING_SHADOW:
		feature(row, f->has[CPU_SHSTK], f->cr4 & CR4_CET && f->u_cet & CET_SH_STK_EN);
		return;
	case HARDENING_KERNEL_SHADOW:
		feature(row, f->has[CPU_SHSTK], f->cr4 & CR4_CET && f->s_cet & CET_SH_STK_EN);
		return;
	case HARDENING_PKU:
		feature(row, f->has[CPU_PKU], f->cr4 & CR4_PKE);
		return;
	case HARDENING_LASS:
		feature(row, f->has[CPU_LASS], f->cr4 & CR4_LASS);
		return;
	case HARDENING_PKS:
		feature(row, f->has[CPU_PKS], f->cr4 & CR4_PKS);
		return;
	case HARDENING_GS:
		feature(row, true, !(f->cr4 & CR4_FSGSBASE));
		return;
	case HARDENING_CANARY:
		count(row, f->canaries.shared + f->canaries.weak, f->canaries.worlds,
			"worlds have another's or a weak one");
		return;
	case HARDENING_ENTROPY:
		if (f->hardware_entropy)
			hold(row, true, "drawn from the CPU, mixed with time");
		else
			set(row, VMK_HARDENING_ABSENT, "this CPU has neither");
		return;
	case HARDENING_HEAP:
		count(row, f->heap.damaged, f->heap.objects, "objects are damaged");
		return;
	case HARDENING_HEAP_ORDER:
		describe_order(f, row);
		return;
	case HARDENING_CODE:
		describe_code(&f->code, row);
		return;
	case HARDENING_SPECULATION:
		describe_speculation(f, row);
		return;
	case HARDENING_THREADS:
		describe_threads(f, row);
		return;
	case HARDENING_RULE_COUNT:
		break;
	}
}
