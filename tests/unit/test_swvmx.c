/* sources: kernel/vtx/guest_clock.c */
/* sources: kernel/vtx/guest_fpu.c */
/* sources: fuzz/models/swvmx/instructions.c fuzz/models/swvmx/entry.c */
/* sources: fuzz/models/swvmx/checks.c fuzz/models/swvmx/check_guest.c */
/* sources: fuzz/models/swvmx/cpu_models.c */
/* sources: fuzz/models/swvmx/host.c fuzz/models/swvmx/host_fpu.c */
/* sources: fuzz/models/swvmx/vectors.c fuzz/models/swvmx/rig.c */
/* sources: kernel/vtx/vcpu_setup.c kernel/vtx/vcpu_run.c kernel/vtx/vcpu_exit.c */
/* sources: kernel/vtx/vcpu_control.c kernel/vtx/guest_msr.c kernel/vtx/cpuid_policy.c */
/* sources: kernel/vtx/capabilities.c kernel/vtx/inject.c kernel/vtx/ept.c kernel/vtx/vmcs.c */
/* The processor model: each check of VM entry has a state that fails it alone, and the VMCS state
 * machine answers with the SDM's error numbers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "fuzz/models/swvmx/rig.h"
#include "vtx/exits.h"

static uint64_t field(enum vmcs_index index)
{
	return swvmx_current()->current->f[index];
}

static uint64_t error_number(void)
{
	return field(VMCS_INDEX_INSTRUCTION_ERROR);
}

/* What the kernel's own set-up makes passes every check, on every processor and in every mode. */
static void test_states_that_pass(void **state)
{
	struct vtx_registers r = {0};

	for (enum swvmx_base base = 0; base < SWVMX_BASES; base++) {
		rig_start(base);
		assert_int_equal(vtx_enter(&r, false), VMX_OK);
		if (swvmx.failures.count)
			fail_msg("base %u fails %s", base, swvmx_check_name(swvmx.failures.first));
	}
}

static void expect_result(const struct swvmx_vector *vector, enum vmx_result result)
{
	if (vector->check < G_CR0) {
		assert_int_equal(result, VMX_FAIL_VALID);
		assert_int_equal(
			error_number(), vector->check < H_CR0 ? SWVMX_CONTROLS : SWVMX_HOST);
		return;
	}
	assert_int_equal(result, VMX_OK);
	assert_int_equal(field(VMCS_INDEX_EXIT_REASON),
		EXIT_ENTRY_FAILED |
			(vector->check < M_BASE ? EXIT_INVALID_GUEST_STATE : EXIT_MSR_LOADING));
}

static void test_each_check_fails_alone(void **state)
{
	bool covered[SWVMX_CHECK_COUNT] = {false};
	struct vtx_registers r = {0};

	for (unsigned i = 0; i < swvmx_vector_count; i++) {
		const struct swvmx_vector *vector = &swvmx_vectors[i];
		enum vmx_result result;

		rig_start(vector->base);
		swvmx_vector_apply(vector, swvmx_current()->current);
		result = vtx_enter(&r, false);
		if (swvmx.failures.count != 1 || swvmx.failures.first != vector->check)
			fail_msg("%s: %u checks fail, the first is %s",
				swvmx_check_name(vector->check), swvmx.failures.count,
				swvmx.failures.count ? swvmx_check_name(swvmx.failures.first)
						     : "none");
		expect_result(vector, result);
		covered[vector->check] = true;
	}
	for (unsigned i = 0; i < swvmx_passing_count; i++) {
		rig_start(swvmx_passing[i].base);
		swvmx_vector_apply(&swvmx_passing[i], swvmx_current()->current);
		assert_int_equal(vtx_enter(&r, false), VMX_OK);
		assert_int_equal(swvmx.failures.count, 0);
	}
	for (unsigned i = 0; i < SWVMX_CHECK_COUNT; i++)
		if (!covered[i] || !swvmx_seen[i][0] || !swvmx_seen[i][1])
			fail_msg("%s (SDM %s, %s) was not seen both ways", swvmx_check_name(i),
				swvmx_check_section(i), swvmx_check_text(i));
}

/* All checks, as for a VMCS that was never entered with. */
static void check_from_scratch(const struct swvmx_vmcs *vmcs, struct swvmx_failures *failures)
{
	const struct swvmx_referenced nothing = {.link_header = ~0u};

	*failures = (struct swvmx_failures){0};
	swvmx_check_controls(&swvmx.cpu, vmcs->f, failures);
	if (!failures->count)
		swvmx_check_host(&swvmx.cpu, vmcs->f, failures);
	if (!failures->count)
		swvmx_check_guest(&swvmx.cpu, vmcs->f, &nothing, failures);
}

/* One bit, and back. What the entry finds is what all checks find. */
static void change_a_bit(const struct swvmx_vector *of, enum vmcs_field changed, unsigned bit)
{
	const struct swvmx_vmcs *vmcs = swvmx_current()->current;
	const uint64_t before = vtx_vmread(changed);
	struct vtx_registers r = {0};
	struct swvmx_failures expected;

	if (vtx_vmwrite(changed, before ^ 1ull << bit) != VMX_OK)
		return; /* read-only, or not there */
	check_from_scratch(vmcs, &expected);
	/* And again: what failed is not remembered. */
	for (unsigned i = 0; i < 2; i++) {
		vtx_enter(&r, vmcs->launched);
		if (!memcmp(expected.failed, swvmx.failures.failed, sizeof(expected.failed)))
			continue;
		fail_msg("base %u, %s, bit %u of %s: %s", of->base, swvmx_check_name(of->check),
			bit, vmcs_field_name(changed),
			expected.count ? swvmx_check_name(expected.first) : "none should fail");
	}
	vtx_vmwrite(changed, before);
	assert_int_equal(vtx_enter(&r, vmcs->launched), VMX_OK);
	assert_int_equal(swvmx.failures.count, 0);
}

static void change_after_an_entry(
	const struct swvmx_vector *of, enum vmcs_field changed, unsigned bit)
{
	struct vtx_registers r = {0};

	rig_start(of->base);
	swvmx_vector_apply(of, swvmx_current()->current);
	assert_int_equal(vtx_enter(&r, false), VMX_OK);
	assert_int_equal(swvmx.failures.count, 0);
	change_a_bit(of, changed, bit);
}

/* The controls have passed, the guest has not: the event is still to be delivered. */
static void change_after_a_refusal(
	const struct swvmx_vector *of, enum vmcs_field changed, unsigned bit)
{
	struct vtx_registers r = {0};
	uint64_t flags;

	rig_start(of->base);
	flags = vtx_vmread(VMCS_GUEST_RFLAGS);
	vtx_vmwrite(VMCS_ENTRY_EVENT,
		EVENT_VALID | EVENT_ERROR_CODE | EVENT_HARD_EXCEPTION << 8 | EXCEPTION_GP);
	swvmx_vector_apply(of, swvmx_current()->current);
	vtx_vmwrite(VMCS_GUEST_RFLAGS, 0);
	assert_int_equal(vtx_enter(&r, false), VMX_OK);
	assert_true(swvmx.failures.count);
	vtx_vmwrite(VMCS_GUEST_RFLAGS, flags);
	change_a_bit(of, changed, bit);
}

static void change_each_bit(const struct swvmx_vector *of)
{
	for (unsigned i = 0; i < VMCS_FIELD_COUNT * 64; i++) {
		const enum vmcs_field field = vmcs_field_encoding((enum vmcs_index)(i / 64));

		change_after_an_entry(of, field, i % 64);
		change_after_a_refusal(of, field, i % 64);
	}
}

/* What passed at the entry before is looked at again wherever it could fail by now. */
static void test_changes_are_checked(void **state)
{
	static const struct swvmx_vector bases[] = {{.base = BASE_LONG}, {.base = BASE_V86},
		{.base = BASE_MINIMAL},
		{.base = BASE_FLAT,
			.changes = {{VMCS_INDEX_GUEST_CR0, CHANGE_OR, 1u << 31},
				{VMCS_INDEX_GUEST_CR4, CHANGE_OR, 1u << 5}}},
		/* What no entry loads yet. */
		{.base = BASE_LONG,
			.changes = {{VMCS_INDEX_GUEST_PERF_GLOBAL, CHANGE_SET, ~0ull},
				{VMCS_INDEX_GUEST_BNDCFGS, CHANGE_SET, ~0ull},
				{VMCS_INDEX_GUEST_RTIT_CTL, CHANGE_SET, ~0ull},
				{VMCS_INDEX_GUEST_PKRS, CHANGE_SET, ~0ull}}}};

	for (unsigned i = 0; i < ARRAY_SIZE(bases); i++)
		change_each_bit(&bases[i]);
	/* Memory is not what check_from_scratch() takes it for. */
	for (unsigned i = 0; i < swvmx_passing_count; i++)
		if (swvmx_passing[i].check != G_LINK_REVISION && swvmx_passing[i].check < M_BASE)
			change_each_bit(&swvmx_passing[i]);
}

/* Without EPT they are in memory, which no VMWRITE changes. */
static void test_pdptes_in_memory(void **state)
{
	uint64_t *pdptes, proc2;
	struct vtx_registers r = {0};

	rig_start(BASE_FLAT);
	pdptes = swvmx_at(rig_frame(0));
	memset(pdptes, 0, 32);
	proc2 = vtx_vmread(VMCS_PROC2_CONTROLS);
	vtx_vmwrite(VMCS_PROC2_CONTROLS, proc2 & ~(uint64_t)(PROC2_EPT | PROC2_UNRESTRICTED));
	vtx_vmwrite(VMCS_GUEST_CR0, vtx_vmread(VMCS_GUEST_CR0) | 1u << 31);
	vtx_vmwrite(VMCS_GUEST_CR4, vtx_vmread(VMCS_GUEST_CR4) | 1u << 5);
	vtx_vmwrite(VMCS_GUEST_CR3, rig_frame(0).v);
	assert_int_equal(vtx_enter(&r, false), VMX_OK);
	assert_int_equal(swvmx.failures.count, 0);
	pdptes[2] = 3;
	assert_int_equal(vtx_enter(&r, true), VMX_OK);
	assert_int_equal(swvmx.failures.count, 1);
	assert_int_equal(swvmx.failures.first, G_PDPTE_2);
}

/* A guest that was refused keeps its event, which is looked at again in its new mode. */
static void test_an_event_in_another_mode(void **state)
{
	const uint64_t event =
		EVENT_VALID | EVENT_ERROR_CODE | EVENT_HARD_EXCEPTION << 8 | EXCEPTION_GP;
	struct vtx_registers r = {0};
	uint64_t flags, cr0;

	rig_start(BASE_REAL);
	flags = vtx_vmread(VMCS_GUEST_RFLAGS);
	cr0 = vtx_vmread(VMCS_GUEST_CR0);
	vtx_vmwrite(VMCS_ENTRY_EVENT, event);
	vtx_vmwrite(VMCS_GUEST_CR0, cr0 | 1);
	vtx_vmwrite(VMCS_GUEST_RFLAGS, 0);
	assert_int_equal(vtx_enter(&r, false), VMX_OK);
	assert_int_equal(swvmx.failures.first, G_RFLAGS);
	vtx_vmwrite(VMCS_GUEST_RFLAGS, flags);
	vtx_vmwrite(VMCS_GUEST_CR0, cr0);
	assert_int_equal(vtx_enter(&r, false), VMX_FAIL_VALID);
	assert_int_equal(swvmx.failures.first, C_EVENT_ERROR);
}

static void test_qualification_of_a_refused_guest(void **state)
{
	struct vtx_registers r = {0};

	rig_start(BASE_LONG);
	vtx_vmwrite(VMCS_LINK, SWVMX_NO_VMCS);
	assert_int_equal(vtx_enter(&r, false), VMX_OK);
	assert_int_equal(field(VMCS_INDEX_EXIT_QUALIFICATION), 4);
	vtx_vmwrite(VMCS_LINK, ~0ull);
	vtx_vmwrite(VMCS_GUEST_RFLAGS, 0);
	assert_int_equal(vtx_enter(&r, false), VMX_OK);
	assert_int_equal(field(VMCS_INDEX_EXIT_QUALIFICATION), 0);
}

static void test_launch_and_resume(void **state)
{
	struct vtx_registers r = {0};

	rig_start(BASE_LONG);
	assert_int_equal(vtx_enter(&r, true), VMX_FAIL_VALID);
	assert_int_equal(error_number(), SWVMX_RESUME_NOT_LAUNCHED);
	assert_int_equal(vtx_enter(&r, false), VMX_OK);
	assert_int_equal(vtx_enter(&r, false), VMX_FAIL_VALID);
	assert_int_equal(error_number(), SWVMX_LAUNCH_NOT_CLEAR);
	assert_int_equal(vtx_enter(&r, true), VMX_OK);
}

static void test_vmclear_and_vmptrld(void **state)
{
	struct vtx_registers r = {0};

	rig_start(BASE_LONG);
	assert_int_equal(vtx_vmclear(hpa(SWVMX_BASE + 1)), VMX_FAIL_VALID);
	assert_int_equal(error_number(), SWVMX_VMCLEAR_ADDRESS);
	assert_int_equal(vtx_vmclear(swvmx_frame(0)), VMX_FAIL_VALID);
	assert_int_equal(error_number(), SWVMX_VMCLEAR_VMXON);
	assert_int_equal(vtx_vmptrld(hpa(1ull << 50)), VMX_FAIL_VALID);
	assert_int_equal(error_number(), SWVMX_VMPTRLD_ADDRESS);
	assert_int_equal(vtx_vmptrld(swvmx_frame(0)), VMX_FAIL_VALID);
	assert_int_equal(error_number(), SWVMX_VMPTRLD_VMXON);
	assert_int_equal(vtx_vmptrld(hpa(SWVMX_NO_VMCS)), VMX_FAIL_VALID);
	assert_int_equal(error_number(), SWVMX_VMPTRLD_REVISION);
	assert_int_equal(vtx_vmclear(rig.vcpu[0].vmcs), VMX_OK);
	assert_int_equal(vtx_enter(&r, false), VMX_FAIL_INVALID);
	assert_int_equal(vtx_vmwrite(VMCS_GUEST_RIP, 0), VMX_FAIL_INVALID);
}

static void test_fields(void **state)
{
	rig_start(BASE_MINIMAL);
	assert_int_equal(vtx_vmwrite(VMCS_EXIT_REASON, 1), VMX_FAIL_VALID);
	assert_int_equal(error_number(), SWVMX_READ_ONLY);
	assert_int_equal(vtx_vmwrite(VMCS_VPID, 1), VMX_FAIL_VALID);
	assert_int_equal(error_number(), SWVMX_NO_FIELD);
	assert_int_equal(vtx_vmwrite(VMCS_GUEST_CS, 0x12345), VMX_OK);
	assert_int_equal(vtx_vmread(VMCS_GUEST_CS), 0x2345);
}

static void test_invalidation(void **state)
{
	rig_start(BASE_MINIMAL);
	assert_int_equal(vtx_invept(INVEPT_SINGLE, 0), VMX_FAIL_VALID);
	assert_int_equal(error_number(), SWVMX_INVALIDATE);
	assert_int_equal(vtx_invept(INVEPT_ALL, 0), VMX_OK);
	assert_int_equal(vtx_invvpid(INVVPID_ALL, 0, 0), VMX_FAIL_VALID);
	rig_start(BASE_LONG);
	assert_int_equal(vtx_invvpid(INVVPID_SINGLE, 0, 0), VMX_FAIL_VALID);
	assert_int_equal(vtx_invvpid(INVVPID_SINGLE, 1, 0), VMX_OK);
}

/* What a pCPU remembers outlives a change of the tables, until INVEPT. */
static void test_translations_stay_until_invept(void **state)
{
	struct swvmx_vmcs *vmcs;
	uint64_t qualification;
	struct hpa to;

	rig_start(BASE_LONG);
	vmcs = swvmx_current()->current;
	assert_false(swvmx_touch(vmcs, 0x5000, EPT_READ, &to, &qualification));
	assert_int_equal(ept_map(&rig.vm.ept, (struct gpa){0x5000}, rig_frame(3), 4096,
				 EPT_READ | EPT_WRITE | EPT_WRITE_BACK),
		VMK_OK);
	assert_true(swvmx_touch(vmcs, 0x5008, EPT_WRITE, &to, &qualification));
	assert_int_equal(to.v, rig_frame(3).v + 8);
	assert_int_equal(ept_unmap(&rig.vm.ept, (struct gpa){0x5000}, 4096), VMK_OK);
	assert_true(swvmx_touch(vmcs, 0x5000, EPT_READ, &to, &qualification));
	assert_int_equal(vtx_invept(INVEPT_SINGLE, vmcs->f[VMCS_INDEX_EPTP]), VMX_OK);
	assert_false(swvmx_touch(vmcs, 0x5000, EPT_READ, &to, &qualification));
}

static bool exits(unsigned port, unsigned bytes)
{
	return swvmx_ports_exit(swvmx_current()->current, (uint16_t)port, bytes);
}

/* SDM 25.6.4, 26.1.3: each port has a bit, any of an access's is enough, and so is the end. */
static void test_ports(void **state)
{
	struct swvmx_vmcs *v;
	uint8_t *low, *high;

	rig_start(BASE_LONG);
	v = swvmx_current()->current;
	low = swvmx_at(rig_frame(0));
	high = swvmx_at(rig_frame(1));
	memset(low, 0, 4096);
	memset(high, 0, 4096);
	v->f[VMCS_INDEX_IO_BITMAP_A] = rig_frame(0).v;
	v->f[VMCS_INDEX_IO_BITMAP_B] = rig_frame(1).v;
	low[0x80 / 8] = 1;
	high[0x7ff8 / 8] = 1;
	assert_true(exits(0x80, 1) && exits(0x7f, 2) && exits(0x7d, 4));
	assert_false(exits(0x81, 1) || exits(0x7e, 2) || exits(0x7c, 4));
	assert_true(exits(0xfff8, 1) && exits(0xfff5, 4));
	assert_false(exits(0xffff, 1) || exits(0x7fff, 2));
	assert_true(exits(0xffff, 2) && exits(0xfffd, 4));
	assert_false(swvmx_all_ports_exit(v));
	memset(low, 0xff, 4096);
	assert_false(swvmx_all_ports_exit(v));
	memset(high, 0xff, 4096);
	assert_true(swvmx_all_ports_exit(v));
	high[4095] = 0x7f;
	assert_false(swvmx_all_ports_exit(v));
	v->f[VMCS_INDEX_PROC_CONTROLS] &= ~(uint64_t)PROC_IO_BITMAPS;
	assert_true(swvmx_all_ports_exit(v) && exits(0xffff, 1));
	v->f[VMCS_INDEX_PROC_CONTROLS] &= ~(uint64_t)PROC_IO;
	assert_false(swvmx_all_ports_exit(v) || exits(0x80, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states_that_pass),
		cmocka_unit_test(test_each_check_fails_alone),
		cmocka_unit_test(test_changes_are_checked),
		cmocka_unit_test(test_pdptes_in_memory),
		cmocka_unit_test(test_an_event_in_another_mode),
		cmocka_unit_test(test_qualification_of_a_refused_guest),
		cmocka_unit_test(test_launch_and_resume),
		cmocka_unit_test(test_vmclear_and_vmptrld),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_invalidation),
		cmocka_unit_test(test_translations_stay_until_invept),
		cmocka_unit_test(test_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
