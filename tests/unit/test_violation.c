/* sources: kernel/arch/x86/violation.c */
/* What a panic says that an exception of ring 0 ran into. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "arch/x86/trap.h"
#include "arch/x86/violation.h"

static const char *page_fault(uint64_t error, enum where where)
{
	return violation_name(&(struct violation_facts){
		.vector = VECTOR_PAGE_FAULT, .error = error, .where = where});
}

static void names_what_a_page_fault_ran_into(void **state)
{
	static const struct {
		uint64_t error;
		enum where where;
		const char *word;
	} cases[] = {
		{0x00, WHERE_NULL, "null pointer"},
		{0x10, WHERE_NULL, "call through a null pointer"},
		{0x11, WHERE_DATA, "(NX)"},
		{0x11, WHERE_USER, "(SMEP)"},
		{0x10, WHERE_PAGES, "nothing is mapped"},
		{0x01, WHERE_USER, "(SMAP)"},
		{0x03, WHERE_USER, "(SMAP)"},
		{0x03, WHERE_TEXT, "kernel's code"},
		{0x03, WHERE_SEALED, "read-only data of the kernel"},
		{0x03, WHERE_MODULES, "of a module"},
		{0x03, WHERE_ELSEWHERE, "read-only page"},
		{0x00, WHERE_SLABS, "slab"},
		{0x02, WHERE_PAGES, "large heap object"},
		{0x02, WHERE_STACKS, "kernel stack"},
		{0x00, WHERE_DIRECT, "direct map"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *name = page_fault(cases[i].error, cases[i].where);

		assert_non_null(name);
		assert_non_null(strstr(name, cases[i].word));
	}
}

/* Better nothing than what may be wrong: reserved bits, protection keys, reads that are denied. */
static void claims_nothing_that_it_does_not_know(void **state)
{
	assert_null(page_fault(0x08, WHERE_NULL));
	assert_null(page_fault(0x25, WHERE_USER));
	assert_null(page_fault(0x01, WHERE_SLABS));
	assert_null(page_fault(0x00, WHERE_ELSEWHERE));
	assert_null(violation_name(&(struct violation_facts){.vector = VECTOR_GP}));
	assert_null(violation_name(&(struct violation_facts){.vector = VECTOR_INVALID_OPCODE}));
}

static const char *double_fault(uint64_t rsp, uint64_t address, enum where where)
{
	return violation_name(&(struct violation_facts){
		.vector = VECTOR_DOUBLE_FAULT, .rsp = rsp, .address = address, .where = where});
}

static void a_double_fault_is_an_overflow_only_beside_the_stack_pointer(void **state)
{
	uint64_t rsp = 0xffffb00000010010;

	assert_non_null(strstr(double_fault(rsp, rsp - 8, WHERE_STACKS), "overflow"));
	assert_non_null(strstr(double_fault(rsp, rsp + 16, WHERE_STACKS), "overflow"));
	assert_null(double_fault(rsp, rsp - 3 * PAGE_SIZE, WHERE_STACKS));
	assert_null(double_fault(rsp, rsp + 3 * PAGE_SIZE, WHERE_STACKS));
	assert_null(double_fault(rsp, rsp - 8, WHERE_PAGES));
}

static const char *opcode(const char *bytes)
{
	struct violation_facts facts = {.vector = VECTOR_INVALID_OPCODE};

	memcpy(facts.code, bytes, sizeof(facts.code));
	return violation_name(&facts);
}

static void knows_the_traps_of_the_compiler(void **state)
{
	assert_non_null(strstr(opcode("\x74\x02\x0f\x0b\x41\xff"), "control-flow integrity"));
	assert_non_null(strstr(opcode("\x90\x90\x0f\xb9\x40\x5c"), "stack guard"));
	assert_null(opcode("\x75\x02\x0f\x0b\x41\xff"));
	assert_null(opcode("\x90\x90\x0f\xb9\x40\x5d"));
}

static void knows_pointers_out_of_freed_objects(void **state)
{
	struct violation_facts facts = {.vector = VECTOR_GP, .poisoned = true};

	assert_non_null(strstr(violation_name(&facts), "freed heap object"));
	facts.vector = VECTOR_STACK;
	assert_non_null(strstr(violation_name(&facts), "freed heap object"));
	facts.vector = VECTOR_PAGE_FAULT;
	facts.where = WHERE_ELSEWHERE;
	assert_null(violation_name(&facts));
}

static const char *control_protection(uint64_t error)
{
	return violation_name(
		&(struct violation_facts){.vector = VECTOR_CONTROL_PROTECTION, .error = error});
}

static void tells_landing_pads_from_shadow_stacks(void **state)
{
	assert_non_null(strstr(control_protection(1), "(shadow stack)"));
	assert_non_null(strstr(control_protection(3), "(IBT)"));
	assert_non_null(strstr(control_protection(0x8003), "(IBT)")); /* within an enclave */
	assert_null(control_protection(0));
	assert_null(control_protection(6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_what_a_page_fault_ran_into),
		cmocka_unit_test(claims_nothing_that_it_does_not_know),
		cmocka_unit_test(a_double_fault_is_an_overflow_only_beside_the_stack_pointer),
		cmocka_unit_test(knows_the_traps_of_the_compiler),
		cmocka_unit_test(knows_pointers_out_of_freed_objects),
		cmocka_unit_test(tells_landing_pads_from_shadow_stacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
