/* sources: kernel/arch/x86/hardening.c kernel/arch/x86/speculation.c */
/* Each rule holds on a good machine, fails where its one fact is wrong, and is absent without the
 * CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "arch/x86/hardening.h"
#include <vmkapi/events.h>

static struct hardening_facts facts;
static struct vmk_info_hardening row;

static int good(void **state)
{
	(void)state;
	memset(&facts, 0, sizeof(facts));
	memset(facts.has, true, sizeof(facts.has));
	facts.cr0 = 0x80010033;
	facts.cr4 = 0x9f708e0;
	facts.efer = 0xd01;
	facts.s_cet = 5;
	facts.u_cet = 5;
	facts.canaries.worlds = 12;
	facts.freed.frames = 300;
	facts.places = (struct audit_places){.regions = 15, .ranges = 40, .close = 1};
	facts.heap_order = (struct heap_order){.objects = 16, .rising = 7};
	facts.code = (struct hardening_code){true, true, true, true};
	facts.sealed = true;
	facts.hardware_entropy = true;
	facts.audit.mappings = 100;
	facts.frames.mappings = 100;
	facts.frames.executable = 20;
	facts.guards.ranges = 10;
	facts.guards.spaces = 3;
	facts.heap.objects = 50;
	facts.cr4 &= ~0x10000ull;
	return 0;
}

static enum vmk_hardening look(enum hardening_rule rule)
{
	memset(&row, 0, sizeof(row));
	hardening_describe(&facts, rule, &row);
	assert_int_not_equal(row.name[0], 0);
	assert_int_not_equal(row.rule[0], 0);
	assert_int_not_equal(row.found[0], 0);
	return row.state;
}

static void test_good(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HARDENING_RULE_COUNT; i++)
		assert_int_equal(look(i), VMK_HARDENING_HOLDS);
}

static void fails_alone(enum hardening_rule rule)
{
	for (unsigned i = 0; i < HARDENING_RULE_COUNT; i++)
		assert_int_equal(look(i), i == rule ? VMK_HARDENING_FAILS : VMK_HARDENING_HOLDS);
	good(NULL);
}

static void test_each_fails(void **state)
{
	(void)state;
	facts.audit.both = 1;
	fails_alone(HARDENING_WX);
	facts.audit.wrong_half = 1;
	fails_alone(HARDENING_HALVES);
	facts.frames.exposed = 1;
	fails_alone(HARDENING_PRIVATE);
	facts.frames.strange = 1;
	fails_alone(HARDENING_PRIVATE);
	facts.guests.strange = 1;
	fails_alone(HARDENING_GUESTS);
	facts.frames.loose = 1;
	fails_alone(HARDENING_ALIASES);
	facts.frames.writable_aliases = 1;
	fails_alone(HARDENING_ALIASES);
	facts.guards.null_pages = 1;
	fails_alone(HARDENING_NULL);
	facts.guards.unguarded = 2;
	fails_alone(HARDENING_GUARDS);
	facts.sealed = false;
	fails_alone(HARDENING_SEALED);
	facts.cr0 &= ~0x10000ull;
	fails_alone(HARDENING_WP);
	facts.efer &= ~0x800ull;
	fails_alone(HARDENING_NX);
	facts.cr4 &= ~0x100000ull;
	fails_alone(HARDENING_SMEP);
	facts.cr4 &= ~0x200000ull;
	fails_alone(HARDENING_SMAP);
	facts.cr4 &= ~0x800ull;
	fails_alone(HARDENING_UMIP);
	facts.u_cet = 1;
	fails_alone(HARDENING_USER_IBT);
	facts.u_cet = 4;
	fails_alone(HARDENING_SHADOW);
	facts.s_cet = 1;
	fails_alone(HARDENING_IBT);
	facts.s_cet = 4;
	fails_alone(HARDENING_KERNEL_SHADOW);
	facts.cr4 &= ~0x400000ull;
	fails_alone(HARDENING_PKU);
	facts.cr4 &= ~0x8000000ull;
	fails_alone(HARDENING_LASS);
	facts.cr4 &= ~0x1000000ull;
	fails_alone(HARDENING_PKS);
	facts.cr4 |= 0x10000;
	fails_alone(HARDENING_GS);
	facts.heap.damaged = 1;
	fails_alone(HARDENING_HEAP);
	facts.canaries.weak = 1;
	fails_alone(HARDENING_CANARY);
	facts.canaries.shared = 1;
	fails_alone(HARDENING_CANARY);
	facts.freed.dirty = 1;
	fails_alone(HARDENING_FREED);
	facts.speculation.spec_ctrl = 1;
	fails_alone(HARDENING_SPECULATION);
	facts.speculation.one_thread = true;
	facts.sharing = 2;
	fails_alone(HARDENING_THREADS);
}

static void test_placement_fails(void **state)
{
	(void)state;
	facts.places.plain = 1;
	fails_alone(HARDENING_PLACEMENT);
	facts.places.tied = 1;
	fails_alone(HARDENING_PLACEMENT);
	facts.places.strays = 1;
	fails_alone(HARDENING_PLACEMENT);
	facts.places.close = 21;
	fails_alone(HARDENING_PLACEMENT);
	facts.places.regions = 0;
	fails_alone(HARDENING_PLACEMENT);
	/* Of two ranges chance may put one beside the other. */
	facts.places.ranges = facts.places.close = 2;
	assert_int_equal(look(HARDENING_PLACEMENT), VMK_HARDENING_HOLDS);
}

static void test_order_fails(void **state)
{
	(void)state;
	facts.heap_order.rising = 15;
	fails_alone(HARDENING_HEAP_ORDER);
	facts.heap_order.rising = 0;
	fails_alone(HARDENING_HEAP_ORDER);
	facts.heap_order.rising = 1;
	assert_int_equal(look(HARDENING_HEAP_ORDER), VMK_HARDENING_HOLDS);
}

/* The bytes of a function as they should be, and with each part missing. */
static void test_code(void **state)
{
	static const uint8_t good_code[] = {
		0xb8, 1, 2, 3, 4, 0xf3, 0x0f, 0x1e, 0xfa, 0x31, 0xc0, 0xc3, 0xcc, 0x90};
	static const struct {
		unsigned at;
		const char *found;
	} bad[] = {{0, "no type"}, {8, "no landing pad"}, {12, "no stop behind a return"}};
	const size_t bytes = sizeof(good_code) - HARDENING_CODE_BEFORE;
	uint8_t code[sizeof(good_code)];

	(void)state;
	hardening_read_code(good_code + HARDENING_CODE_BEFORE, bytes, true, &facts.code);
	assert_int_equal(look(HARDENING_CODE), VMK_HARDENING_HOLDS);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(code, good_code, sizeof(code));
		code[bad[i].at] = 0x90;
		hardening_read_code(code + HARDENING_CODE_BEFORE, bytes, true, &facts.code);
		assert_int_equal(look(HARDENING_CODE), VMK_HARDENING_FAILS);
		assert_string_equal(row.found, bad[i].found);
	}
	hardening_read_code(good_code + HARDENING_CODE_BEFORE, bytes, false, &facts.code);
	assert_int_equal(look(HARDENING_CODE), VMK_HARDENING_ABSENT);
}

static void test_found(void **state)
{
	(void)state;
	facts.guards.unguarded = 2;
	look(HARDENING_GUARDS);
	assert_string_equal(row.found, "2 of 10 ranges have a neighbour");
	look(HARDENING_WX);
	assert_string_equal(row.found, "0 of 100 mappings are");
}

static void test_absent(void **state)
{
	static const enum hardening_rule of_cpu[] = {HARDENING_NX, HARDENING_SMEP, HARDENING_SMAP,
		HARDENING_UMIP, HARDENING_IBT, HARDENING_USER_IBT, HARDENING_SHADOW,
		HARDENING_KERNEL_SHADOW, HARDENING_PKU, HARDENING_LASS, HARDENING_PKS};

	(void)state;
	memset(facts.has, false, sizeof(facts.has));
	facts.cr4 = facts.efer = facts.s_cet = 0;
	for (unsigned i = 0; i < sizeof(of_cpu) / sizeof(of_cpu[0]); i++)
		assert_int_equal(look(of_cpu[i]), VMK_HARDENING_ABSENT);
	facts.hardware_entropy = false;
	assert_int_equal(look(HARDENING_ENTROPY), VMK_HARDENING_ABSENT);
}

/* What is measured: only what is on, in one order, and no blank in any value. */
static void test_measured(void **state)
{
	char text[512];

	(void)state;
	hardening_describe_cpu(&facts, text, sizeof(text));
	assert_string_equal(text,
		"cpu protections=nx,smep,smap,umip,ibt,user-ibt,shadow-stack,kernel-shadow,pku,"
		"lass,pks,entropy mitigated=none exposed=none smt=none");
	facts.hardware_entropy = false;
	facts.has[CPU_SMAP] = facts.has[CPU_LASS] = facts.has[CPU_PKS] = false;
	facts.cr4 &= ~0x100000ull;
	facts.speculation.state[SPEC_BHI] = SPEC_EXPOSED;
	facts.speculation.state[SPEC_ITS] = SPEC_EXPOSED;
	facts.speculation.state[SPEC_MDS] = SPEC_MITIGATED;
	facts.speculation.threads = true;
	hardening_describe_cpu(&facts, text, sizeof(text));
	assert_string_equal(text,
		"cpu protections=nx,umip,ibt,user-ibt,shadow-stack,kernel-shadow,pku "
		"mitigated=mds exposed=bhi,its smt=shared");
	facts.speculation.one_thread = true;
	hardening_describe_cpu(&facts, text, sizeof(text));
	assert_non_null(strstr(text, " smt=off"));
}

/* Policies speak of protections by the names of the rows. */
static void test_names(void **state)
{
	static const char *const names[] = {
#define X(symbol, name) name,
		VMK_CPU_PROTECTIONS(X)
#undef X
	};

	(void)state;
	for (unsigned i = 0; i < VMK_CPU_PROTECTION_COUNT; i++) {
		look(HARDENING_NX + i);
		assert_string_equal(row.name, names[i]);
	}
}

static void test_isolation(void **state)
{
	(void)state;
	facts.speculation.state[SPEC_MELTDOWN] = SPEC_EXPOSED;
	assert_int_equal(look(HARDENING_ISOLATION), VMK_HARDENING_ABSENT);
	facts.speculation.state[SPEC_MELTDOWN] = SPEC_MITIGATED;
	facts.speculation.isolate = true;
	facts.gate.pages = 12;
	assert_int_equal(look(HARDENING_ISOLATION), VMK_HARDENING_HOLDS);
	assert_string_equal(row.found, "12 pages of ring 0, 0 wrong");
	facts.gate.wrong = 1;
	fails_alone(HARDENING_ISOLATION);
}

/* Threads that cannot read each other may share a core. */
static void test_threads(void **state)
{
	(void)state;
	facts.sharing = 4;
	assert_int_equal(look(HARDENING_THREADS), VMK_HARDENING_HOLDS);
	assert_string_equal(row.found, "4 CPUs share a core");
	facts.speculation.one_thread = true;
	assert_int_equal(look(HARDENING_THREADS), VMK_HARDENING_FAILS);
}

static void test_exposed(void **state)
{
	(void)state;
	facts.speculation.state[SPEC_BHI] = SPEC_EXPOSED;
	facts.speculation.state[SPEC_ITS] = SPEC_EXPOSED;
	assert_int_equal(look(HARDENING_SPECULATION), VMK_HARDENING_ABSENT);
	assert_string_equal(row.found, "exposed to bhi its");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_good, good),
		cmocka_unit_test_setup(test_each_fails, good),
		cmocka_unit_test_setup(test_placement_fails, good),
		cmocka_unit_test_setup(test_order_fails, good),
		cmocka_unit_test_setup(test_code, good),
		cmocka_unit_test_setup(test_found, good),
		cmocka_unit_test_setup(test_absent, good),
		cmocka_unit_test_setup(test_exposed, good),
		cmocka_unit_test_setup(test_isolation, good),
		cmocka_unit_test_setup(test_threads, good),
		cmocka_unit_test_setup(test_measured, good),
		cmocka_unit_test_setup(test_names, good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
