/* sources: kernel/vtx/capabilities.c fuzz/models/swvmx/cpu_models.c */
/* Which controls follow from a processor's VMX capability MSRs, and what is said when none can. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "fuzz/models/swvmx/cpu_models.h"
#include "vtx/capabilities.h"

static struct vtx_controls controls;
static struct vtx_refusal refusal;
static struct vtx_capability_msrs msrs;

static void take(enum swvmx_cpu_kind kind)
{
	struct swvmx_cpu cpu;

	swvmx_cpu_fill(&cpu, kind);
	msrs = cpu.msrs;
}

static void expect_refusal(const char *text)
{
	assert_int_equal(vtx_settle(&msrs, &controls, &refusal), VMK_UNSUPPORTED);
	assert_string_equal(refusal.text, text);
}

static void test_every_processor_settles(void **state)
{
	for (unsigned kind = 0; kind < SWVMX_CPU_KINDS; kind++) {
		take((enum swvmx_cpu_kind)kind);
		assert_int_equal(vtx_settle(&msrs, &controls, &refusal), VMK_OK);
		assert_string_equal(refusal.text, "");
		assert_true(vtx_control_is_on(&controls, CONTROL_PROC2_EPT));
		assert_false(vtx_control_is_on(&controls, CONTROL_PROC2_VM_FUNCTIONS));
	}
}

static void test_wanted_is_taken_where_it_is(void **state)
{
	take(SWVMX_MAXIMAL);
	vtx_settle(&msrs, &controls, &refusal);
	assert_true(vtx_control_is_on(&controls, CONTROL_PROC2_VPID));
	assert_true(vtx_control_is_on(&controls, CONTROL_PROC_IO_BITMAPS));
	take(SWVMX_MINIMAL);
	vtx_settle(&msrs, &controls, &refusal);
	assert_false(vtx_control_is_on(&controls, CONTROL_PROC2_VPID));
	assert_false(vtx_control_is_on(&controls, CONTROL_PROC_IO_BITMAPS));
	assert_true(vtx_control_is_on(&controls, CONTROL_PROC_IO));
}

static void test_what_is_missing_is_named(void **state)
{
	take(SWVMX_TIGERLAKE);
	msrs.proc2 &= ~((uint64_t)PROC2_EPT << 32);
	expect_refusal("EPT: the processor does not have it");
	take(SWVMX_TIGERLAKE);
	msrs.proc |= (uint64_t)PROC_RDTSC << 32 | PROC_RDTSC;
	expect_refusal("RDTSC exiting: the processor forces it on");
	take(SWVMX_TIGERLAKE);
	msrs.exit |= 1u << 31;
	expect_refusal("VM-exit: the capability MSR contradicts itself");
	take(SWVMX_TIGERLAKE);
	msrs.ept_vpid &= ~EPT_CAP_INVEPT_ALL;
	expect_refusal("INVEPT of all contexts: the processor does not have it");
}

static void test_basic_information(void **state)
{
	take(SWVMX_TIGERLAKE);
	msrs.basic &= ~(0x1fffull << 32);
	expect_refusal("VMCS size: not between 1 and 4096 bytes");
	take(SWVMX_TIGERLAKE);
	msrs.basic |= VMX_BASIC_32BIT_ADDRESSES;
	expect_refusal("VMX addresses: limited to 32 bits");
	take(SWVMX_TIGERLAKE);
	msrs.basic |= 1u << 31; /* not a part of the revision */
	assert_int_equal(vtx_settle(&msrs, &controls, &refusal), VMK_OK);
	assert_int_equal(controls.revision, 4);
}

/* VPID without INVVPID of everything could not be used safely: it is given up. */
static void test_vpid_needs_invvpid(void **state)
{
	take(SWVMX_TIGERLAKE);
	msrs.ept_vpid &= ~VPID_CAP_ALL;
	assert_int_equal(vtx_settle(&msrs, &controls, &refusal), VMK_OK);
	assert_false(vtx_control_is_on(&controls, CONTROL_PROC2_VPID));
}

static bool without_true_controls;

/* Each MSR says its own number; those beyond the plain ones are not there. */
static bool read_number(uint32_t msr, uint64_t *value)
{
	if (msr == MSR_VMX_BASIC)
		*value = without_true_controls ? 0 : VMX_BASIC_TRUE_CONTROLS;
	else
		*value = msr;
	return msr != 0x491;
}

static void test_reading(void **state)
{
	without_true_controls = false;
	vtx_capability_read(read_number, &msrs);
	assert_int_equal(msrs.pin, 0x48d);
	assert_int_equal(msrs.entry, 0x490);
	assert_int_equal(msrs.proc2, 0x48b);
	assert_int_equal(msrs.vmfunc, 0);
	without_true_controls = true;
	vtx_capability_read(read_number, &msrs);
	assert_int_equal(msrs.pin, 0x481);
	assert_int_equal(msrs.entry, 0x484);
}

/* --- IA32_FEATURE_CONTROL */

static struct {
	bool missing, fixed; /* the processor does not have it; nothing can be written */
	uint64_t value;
	unsigned writes;
} feature_control;

static bool read_feature_control(uint32_t msr, uint64_t *value)
{
	assert_int_equal(msr, 0x3a);
	*value = feature_control.value;
	return !feature_control.missing;
}

/* Locked, a write is #GP. */
static bool write_feature_control(uint32_t msr, uint64_t value)
{
	assert_int_equal(msr, 0x3a);
	assert_false(feature_control.value & FEATURE_CONTROL_LOCKED);
	feature_control.writes++;
	if (!feature_control.fixed)
		feature_control.value = value;
	return !feature_control.fixed;
}

static void expect_firmware(uint64_t value, bool smx, const char *why)
{
	const enum vmk_status status = why ? VMK_UNSUPPORTED : VMK_OK;

	feature_control.value = value;
	refusal.text[0] = 0;
	assert_int_equal(
		vtx_firmware_allows(smx, read_feature_control, write_feature_control, &refusal),
		status);
	assert_string_equal(refusal.text, why ? why : "");
}

/* 1: locked, 2: VMX in SMX operation, 4: outside of it. */
static void test_firmware_locks(void **state)
{
	memset(&feature_control, 0, sizeof(feature_control));
	expect_firmware(5, false, NULL);
	expect_firmware(7, false, NULL);
	expect_firmware(3, true, NULL);
	expect_firmware(0xff07, true, NULL);
	expect_firmware(1, false, "IA32_FEATURE_CONTROL is 0x1: firmware has disabled VMX");
	expect_firmware(0xff01, true, "IA32_FEATURE_CONTROL is 0xff01: firmware has disabled VMX");
	expect_firmware(5, true,
		"IA32_FEATURE_CONTROL is 0x5: firmware has disabled VMX after a measured launch");
	expect_firmware(3, false,
		"IA32_FEATURE_CONTROL is 0x3: firmware has disabled VMX but after a measured "
		"launch");
	assert_int_equal(feature_control.writes, 0);
}

static void test_firmware_leaves_it_open(void **state)
{
	memset(&feature_control, 0, sizeof(feature_control));
	for (uint64_t was = 0; was < 8; was += 2) {
		expect_firmware(0xff00 | was, was & 2, NULL);
		assert_int_equal(feature_control.value, 0xff07); /* the rest stays */
	}
	assert_int_equal(feature_control.writes, 4);
	feature_control.fixed = true;
	expect_firmware(
		6, false, "IA32_FEATURE_CONTROL is 0x6: the processor does not let it be locked");
	feature_control.missing = true;
	expect_firmware(7, false, "IA32_FEATURE_CONTROL: the processor does not have it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_processor_settles),
		cmocka_unit_test(test_wanted_is_taken_where_it_is),
		cmocka_unit_test(test_what_is_missing_is_named),
		cmocka_unit_test(test_basic_information),
		cmocka_unit_test(test_vpid_needs_invvpid),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_firmware_locks),
		cmocka_unit_test(test_firmware_leaves_it_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
