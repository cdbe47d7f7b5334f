/* sources: kernel/vtx/inject.c kernel/vtx/vmcs.c */
/* Event injection: every vectoring case of SDM 3C 28.2.4, the windows, and exceptions combined. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "vtx/capabilities.h"
#include "vtx/inject.h"
#include "vtx/vtx_ops.h"

#define IF 0x200u
#define PE 1u

static uint64_t vmcs[VMCS_FIELD_COUNT];
static uint32_t controls;
static unsigned control_writes;

uint64_t vtx_vmread(enum vmcs_field field)
{
	return vmcs[vmcs_field_index(field)];
}

enum vmx_result vtx_vmwrite(enum vmcs_field field, uint64_t value)
{
	vmcs[vmcs_field_index(field)] = value;
	control_writes += field == VMCS_PROC_CONTROLS;
	return VMX_OK;
}

#define FIELD(name) vmcs[VMCS_INDEX_##name]

static struct injector fresh(uint64_t rflags, uint64_t blocking)
{
	memset(vmcs, 0, sizeof(vmcs));
	FIELD(GUEST_CR0) = PE;
	FIELD(GUEST_RFLAGS) = rflags | 2;
	FIELD(GUEST_INTERRUPTIBILITY) = blocking;
	controls = 0;
	control_writes = 0;
	return (struct injector){0};
}

/* The exit found `event` in the middle of its delivery. */
static void cut_off(struct injector *in, uint32_t event, uint32_t error, uint32_t length)
{
	FIELD(VECTORING_EVENT) = event | EVENT_VALID;
	FIELD(VECTORING_EVENT_ERROR) = error;
	FIELD(EXIT_INSTRUCTION_LENGTH) = length;
	FIELD(ENTRY_EVENT) = 0;
	inject_after_exit(in, EXIT_EPT_VIOLATION);
	FIELD(VECTORING_EVENT) = 0;
}

static void test_interrupt_when_it_can(void **state)
{
	struct injector in = fresh(IF, 0);

	assert_true(inject_before_entry(&in, 0x31, &controls));
	assert_int_equal(FIELD(ENTRY_EVENT), EVENT_VALID | 0x31);
	assert_int_equal(controls, 0);
	assert_int_equal(control_writes, 0);
	inject_after_exit(&in, EXIT_HLT);
	assert_false(inject_is_pending(&in));
	assert_false(inject_before_entry(&in, -1, &controls));
}

static void test_window_when_it_cannot(void **state)
{
	static const struct {
		uint64_t rflags, blocking;
	} cases[] = {{0, 0}, {IF, BLOCKED_BY_STI}, {IF, BLOCKED_BY_MOV_SS}};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct injector in = fresh(cases[i].rflags, cases[i].blocking);

		assert_false(inject_before_entry(&in, 0x31, &controls));
		assert_int_equal(FIELD(ENTRY_EVENT), 0);
		assert_int_equal(controls, PROC_INTERRUPT_WINDOW);
		assert_int_equal(FIELD(PROC_CONTROLS), PROC_INTERRUPT_WINDOW);
		/* Asked for once, not at every entry. */
		assert_false(inject_before_entry(&in, 0x31, &controls));
		assert_int_equal(control_writes, 1);
		FIELD(GUEST_RFLAGS) = IF | 2;
		FIELD(GUEST_INTERRUPTIBILITY) = 0;
		inject_after_exit(&in, EXIT_INTERRUPT_WINDOW);
		assert_true(inject_before_entry(&in, 0x31, &controls));
		assert_int_equal(FIELD(ENTRY_EVENT), EVENT_VALID | 0x31);
		assert_int_equal(controls, 0);
	}
}

static void test_nmi(void **state)
{
	static const uint64_t blockings[] = {BLOCKED_BY_NMI, BLOCKED_BY_STI, BLOCKED_BY_MOV_SS};
	struct injector in = fresh(0, 0);

	inject_nmi(&in);
	assert_true(inject_is_pending(&in));
	assert_false(inject_before_entry(&in, -1, &controls));
	assert_int_equal(FIELD(ENTRY_EVENT), EVENT_VALID | EVENT_NMI << 8 | 2);
	assert_int_equal(controls, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(blockings); i++) {
		in = fresh(IF, blockings[i]);
		inject_nmi(&in);
		inject_before_entry(&in, -1, &controls);
		assert_int_equal(FIELD(ENTRY_EVENT), 0);
		assert_int_equal(controls, PROC_NMI_WINDOW);
		FIELD(GUEST_INTERRUPTIBILITY) = 0;
		inject_after_exit(&in, EXIT_NMI_WINDOW);
		inject_before_entry(&in, -1, &controls);
		assert_int_equal(FIELD(ENTRY_EVENT), EVENT_VALID | EVENT_NMI << 8 | 2);
		assert_int_equal(controls, 0);
	}
}

static void test_nmi_before_interrupt(void **state)
{
	struct injector in = fresh(IF, 0);

	inject_nmi(&in);
	assert_false(inject_before_entry(&in, 0x40, &controls));
	assert_int_equal(EVENT_TYPE(FIELD(ENTRY_EVENT)), EVENT_NMI);
	assert_int_equal(controls, PROC_INTERRUPT_WINDOW);
}

static void test_cut_off_events_come_again(void **state)
{
	static const struct {
		uint32_t event, error, length;
	} cases[] = {
		{EVENT_EXTERNAL << 8 | 0x20, 0, 0},
		{EVENT_NMI << 8 | 2, 0, 0},
		{EVENT_HARD_EXCEPTION << 8 | 14 | EVENT_ERROR_CODE, 7, 0},
		{EVENT_HARD_EXCEPTION << 8 | 6, 0, 0},
		{EVENT_SOFT_INTERRUPT << 8 | 0x80, 0, 2},
		{EVENT_PRIVILEGED_EXCEPTION << 8 | 1, 0, 1},
		{EVENT_SOFT_EXCEPTION << 8 | 3, 0, 1},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct injector in = fresh(IF, 0);

		/* Bit 12 of the word is undefined: it must not come back as a reserved bit. */
		cut_off(&in, cases[i].event | EVENT_NMI_UNBLOCKS, cases[i].error, cases[i].length);
		inject_before_entry(&in, -1, &controls);
		assert_int_equal(FIELD(ENTRY_EVENT), cases[i].event | EVENT_VALID);
		assert_int_equal(FIELD(ENTRY_EVENT_ERROR), cases[i].error);
		assert_int_equal(FIELD(ENTRY_INSTRUCTION_LENGTH), cases[i].length);
	}
}

static void test_cut_off_nmi_is_not_blocked(void **state)
{
	struct injector in = fresh(0, BLOCKED_BY_NMI);

	cut_off(&in, EVENT_NMI << 8 | 2, 0, 0);
	assert_int_equal(FIELD(GUEST_INTERRUPTIBILITY), 0);
}

static void test_unblocking_iret_blocks_again(void **state)
{
	struct injector in = fresh(0, 0);

	FIELD(EXIT_QUALIFICATION) = EPT_QUAL_NMI_UNBLOCKS;
	inject_after_exit(&in, EXIT_EPT_VIOLATION);
	assert_int_equal(FIELD(GUEST_INTERRUPTIBILITY), BLOCKED_BY_NMI);
	in = fresh(0, 0);
	FIELD(EXIT_EVENT) = EVENT_VALID | EVENT_HARD_EXCEPTION << 8 | 17 | EVENT_NMI_UNBLOCKS;
	inject_after_exit(&in, EXIT_EXCEPTION);
	assert_int_equal(FIELD(GUEST_INTERRUPTIBILITY), BLOCKED_BY_NMI);
	/* Not for a double fault, where the bit is undefined. */
	in = fresh(0, 0);
	FIELD(EXIT_EVENT) = EVENT_VALID | EVENT_HARD_EXCEPTION << 8 | 8 | EVENT_NMI_UNBLOCKS;
	inject_after_exit(&in, EXIT_EXCEPTION);
	assert_int_equal(FIELD(GUEST_INTERRUPTIBILITY), 0);
	in = fresh(0, 0);
	FIELD(EXIT_QUALIFICATION) = EPT_QUAL_NMI_UNBLOCKS;
	inject_after_exit(&in, EXIT_IO);
	assert_int_equal(FIELD(GUEST_INTERRUPTIBILITY), 0);
}

static void test_error_codes(void **state)
{
	struct injector in = fresh(0, 0);

	assert_true(inject_exception(&in, EXCEPTION_GP, 0x18));
	inject_before_entry(&in, -1, &controls);
	assert_int_equal(FIELD(ENTRY_EVENT),
		EVENT_VALID | EVENT_ERROR_CODE | EVENT_HARD_EXCEPTION << 8 | 13);
	assert_int_equal(FIELD(ENTRY_EVENT_ERROR), 0x18);
	in = fresh(0, 0);
	assert_true(inject_exception(&in, EXCEPTION_UD, 0x18));
	inject_before_entry(&in, -1, &controls);
	assert_int_equal(FIELD(ENTRY_EVENT), EVENT_VALID | EVENT_HARD_EXCEPTION << 8 | 6);
	/* Real mode pushes none. */
	in = fresh(0, 0);
	FIELD(GUEST_CR0) = 0;
	assert_true(inject_exception(&in, EXCEPTION_GP, 0));
	inject_before_entry(&in, -1, &controls);
	assert_int_equal(FIELD(ENTRY_EVENT), EVENT_VALID | EVENT_HARD_EXCEPTION << 8 | 13);
}

/* SDM 3A, table 6-5. */
static void test_combinations(void **state)
{
	enum { SECOND, DOUBLE, TRIPLE };
	static const struct {
		uint8_t first, second, result;
	} cases[] = {
		{EXCEPTION_DB, EXCEPTION_GP, SECOND},
		{EXCEPTION_DB, EXCEPTION_PF, SECOND},
		{EXCEPTION_GP, EXCEPTION_DB, SECOND},
		{EXCEPTION_GP, EXCEPTION_PF, SECOND},
		{EXCEPTION_GP, EXCEPTION_NP, DOUBLE},
		{EXCEPTION_DE, EXCEPTION_GP, DOUBLE},
		{EXCEPTION_PF, EXCEPTION_AC, SECOND},
		{EXCEPTION_PF, EXCEPTION_GP, DOUBLE},
		{EXCEPTION_PF, EXCEPTION_PF, DOUBLE},
		{EXCEPTION_DF, EXCEPTION_AC, SECOND},
		{EXCEPTION_DF, EXCEPTION_GP, TRIPLE},
		{EXCEPTION_DF, EXCEPTION_PF, TRIPLE},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct injector in = fresh(0, 0);
		uint32_t expected = cases[i].result == DOUBLE ? EXCEPTION_DF : cases[i].second;
		bool lives;

		cut_off(&in, EVENT_HARD_EXCEPTION << 8 | cases[i].first, 0, 0);
		lives = inject_exception(&in, cases[i].second, 0);
		assert_int_equal(lives, cases[i].result != TRIPLE);
		if (!lives)
			continue;
		inject_before_entry(&in, -1, &controls);
		assert_int_equal(EVENT_VECTOR(FIELD(ENTRY_EVENT)), expected);
		assert_int_equal(
			!!(FIELD(ENTRY_EVENT) & EVENT_ERROR_CODE), exception_has_error(expected));
	}
}

static void test_exception_during_interrupt(void **state)
{
	struct injector in = fresh(IF, 0);

	cut_off(&in, EVENT_EXTERNAL << 8 | 0x55, 0, 0);
	assert_true(inject_exception(&in, EXCEPTION_AC, 0));
	inject_before_entry(&in, -1, &controls);
	assert_int_equal(EVENT_VECTOR(FIELD(ENTRY_EVENT)), EXCEPTION_AC);
	/* The interrupt was acknowledged already: it is not lost, but waits for its window. */
	assert_int_equal(controls, PROC_INTERRUPT_WINDOW);
	inject_after_exit(&in, EXIT_INTERRUPT_WINDOW);
	assert_false(inject_before_entry(&in, 0x60, &controls));
	assert_int_equal(FIELD(ENTRY_EVENT), EVENT_VALID | 0x55);
	inject_after_exit(&in, EXIT_INTERRUPT_WINDOW);
	assert_true(inject_before_entry(&in, 0x60, &controls));
	assert_int_equal(FIELD(ENTRY_EVENT), EVENT_VALID | 0x60);
}

static void test_exception_during_nmi(void **state)
{
	struct injector in = fresh(IF, BLOCKED_BY_NMI);

	cut_off(&in, EVENT_NMI << 8 | 2, 0, 0);
	assert_true(inject_exception(&in, EXCEPTION_DB, 0));
	inject_before_entry(&in, -1, &controls);
	assert_int_equal(EVENT_VECTOR(FIELD(ENTRY_EVENT)), EXCEPTION_DB);
	assert_int_equal(controls, PROC_NMI_WINDOW);
	inject_after_exit(&in, EXIT_NMI_WINDOW);
	inject_before_entry(&in, -1, &controls);
	assert_int_equal(EVENT_TYPE(FIELD(ENTRY_EVENT)), EVENT_NMI);
}

static void test_failed_entry_keeps_the_event(void **state)
{
	struct injector in = fresh(IF, 0);

	assert_true(inject_before_entry(&in, 0x31, &controls));
	inject_after_exit(&in, EXIT_INVALID_GUEST_STATE | EXIT_ENTRY_FAILED);
	assert_true(inject_is_pending(&in));
	inject_before_entry(&in, -1, &controls);
	assert_int_equal(FIELD(ENTRY_EVENT), EVENT_VALID | 0x31);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interrupt_when_it_can),
		cmocka_unit_test(test_window_when_it_cannot),
		cmocka_unit_test(test_nmi),
		cmocka_unit_test(test_nmi_before_interrupt),
		cmocka_unit_test(test_cut_off_events_come_again),
		cmocka_unit_test(test_cut_off_nmi_is_not_blocked),
		cmocka_unit_test(test_unblocking_iret_blocks_again),
		cmocka_unit_test(test_error_codes),
		cmocka_unit_test(test_combinations),
		cmocka_unit_test(test_exception_during_interrupt),
		cmocka_unit_test(test_exception_during_nmi),
		cmocka_unit_test(test_failed_entry_keeps_the_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
