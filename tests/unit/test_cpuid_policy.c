/* sources: kernel/vtx/cpuid_policy.c */
/* What a guest sees of CPUID: features of the host as far as the table allows, topology, limits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "vtx/cpuid_policy.h"

/* A host with every bit of every leaf. */
static void full_host(uint32_t leaf, uint32_t subleaf, struct cpuid_registers *r)
{
	*r = (struct cpuid_registers){~0u, ~0u, ~0u, ~0u};
}

static void empty_host(uint32_t leaf, uint32_t subleaf, struct cpuid_registers *r)
{
	*r = (struct cpuid_registers){0};
}

static struct cpuid_policy policy;
static struct cpuid_vcpu vcpu;

static int set_up(void **state)
{
	policy = (struct cpuid_policy){.host = full_host, .vcpus = 4, .tsc_hz = 2000000000};
	vcpu = (struct cpuid_vcpu){.apic_id = 3, .apic_on = true};
	return 0;
}

static struct cpuid_registers ask(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_registers r;

	cpuid_answer(&policy, &vcpu, leaf, subleaf, &r);
	return r;
}

static void test_no_nested_virtualization(void **state)
{
	const struct cpuid_registers one = ask(1, 0);

	assert_int_equal(one.ecx & (1u << 5 | 1u << 6), 0); /* VMX, SMX */
	assert_int_equal(one.ecx & 1u << 3, 0);             /* MONITOR */
	assert_true(one.ecx & 1u << 31);                    /* hypervisor */
	assert_int_equal(ask(0x80000001u, 0).ecx & 1u << 2, 0);
	assert_int_equal(ask(0xa, 0).eax, 0);
}

static void test_leaf_one_is_the_vcpus(void **state)
{
	struct cpuid_registers r = ask(1, 0);

	assert_int_equal(r.ebx >> 24, 3);
	assert_int_equal(r.ebx >> 16 & 0xff, 4);
	assert_true(r.edx & 1u << 9);
	vcpu.apic_on = false;
	assert_false(ask(1, 0).edx & 1u << 9);
}

static void test_xsave_needs_the_policy(void **state)
{
	vcpu.osxsave = true;
	assert_int_equal(ask(1, 0).ecx & (1u << 26 | 1u << 27 | 1u << 28), 0);
	assert_int_equal(ask(0xd, 0).eax, 0);
	policy.xcr0 = 7;
	assert_int_equal(ask(1, 0).ecx & (1u << 26 | 1u << 27), 1u << 26 | 1u << 27);
	assert_int_equal(ask(0xd, 0).eax, 7);
	assert_int_equal(ask(1, 0).ecx & 1u << 28, 1u << 28);
	assert_int_equal(ask(7, 0).ebx & 1u << 16, 0); /* AVX-512 needs more */
	assert_int_equal(ask(0xd, 1).eax, 7);          /* no XSAVES */
	assert_int_equal(ask(0xd, 3).eax, 0);          /* not in XCR0 */
}

/* SDM 1, 13.5: as Intel's server processors have it, with MPX, PKRU and AMX. */
static uint32_t host_xcr0, host_avx512_bytes;
static void server_host(uint32_t leaf, uint32_t subleaf, struct cpuid_registers *r)
{
	static const struct cpuid_registers components[] = {[2] = {256, 576, 0, 0},
		[3] = {64, 960, 0, 0},
		[4] = {64, 1024, 0, 0},
		[5] = {64, 1088, 0, 0},
		[6] = {512, 1152, 0, 0},
		[7] = {1024, 1664, 2, 0},
		[9] = {8, 2688, 0, 0}};

	full_host(leaf, subleaf, r);
	if (leaf != 0xd)
		return;
	*r = (struct cpuid_registers){0};
	if (subleaf == 0)
		*r = (struct cpuid_registers){host_xcr0, 2696, 2696, 0};
	else if (subleaf == 1)
		r->eax = 0xf;
	else if (subleaf < ARRAY_SIZE(components))
		*r = components[subleaf];
	if (subleaf == 7)
		r->eax = host_avx512_bytes;
}

static void test_state_of_a_server(void **state)
{
	host_xcr0 = 0x602ff;
	host_avx512_bytes = 1024;
	policy.host = server_host;
	assert_int_equal(cpuid_guest_xcr0(server_host), 0xe7);
	policy.xcr0 = 0xe7;
	vcpu.xcr0 = 1;
	assert_int_equal(ask(0xd, 0).ebx, 576);
	assert_int_equal(ask(0xd, 0).ecx, 2688);
	vcpu.xcr0 = 7;
	assert_int_equal(ask(0xd, 0).ebx, 832);
	vcpu.xcr0 = 0xe7;
	assert_int_equal(ask(0xd, 0).ebx, 2688);
	/* Compacted: nothing of MPX between, and the last at a multiple of 64. */
	assert_int_equal(ask(0xd, 1).ebx, 576 + 256 + 64 + 512 + 1024);
	assert_int_equal(ask(0xd, 7).ebx, 1664);
	assert_int_equal(ask(0xd, 9).eax, 0);
	assert_int_equal(ask(0xd, 18).eax, 0);
}

static void test_state_without_its_parts(void **state)
{
	host_avx512_bytes = 1024;
	host_xcr0 = 0xc7; /* a part of AVX-512 */
	assert_int_equal(cpuid_guest_xcr0(server_host), 7);
	host_xcr0 = 0xe3; /* no AVX */
	assert_int_equal(cpuid_guest_xcr0(server_host), 3);
	host_xcr0 = 1;
	assert_int_equal(cpuid_guest_xcr0(server_host), 0);
	host_xcr0 = 0xe7;
	host_avx512_bytes = 4096; /* more than there is room for */
	assert_int_equal(cpuid_guest_xcr0(server_host), 7);
	host_avx512_bytes = UINT32_MAX;
	assert_int_equal(cpuid_guest_xcr0(server_host), 7);
	assert_int_equal(cpuid_guest_xcr0(empty_host), 0);
}

static void test_nothing_that_the_host_lacks(void **state)
{
	policy.host = empty_host;
	policy.invpcid = policy.rdtscp = true;
	assert_int_equal(ask(7, 0).ebx, 0);
	assert_int_equal(ask(0x80000001u, 0).edx, 0);
	assert_int_equal(cpuid_efer_allowed(&policy), 0);
	assert_int_equal(cpuid_cr4_allowed(&policy), 1u << 6 | 1u << 8);
}

static void test_control_bits_follow(void **state)
{
	const uint64_t cr4 = cpuid_cr4_allowed(&policy);

	assert_true(cr4 & 1u << 20 && cr4 & 1u << 21);        /* SMEP, SMAP */
	assert_false(cr4 & (1u << 13 | 1u << 14 | 1u << 12)); /* VMXE, SMXE, LA57 */
	assert_false(cr4 & 1u << 18);                         /* OSXSAVE without XSAVE */
	assert_int_equal(cpuid_efer_allowed(&policy), 0xd01);
}

static void test_topology(void **state)
{
	assert_int_equal(ask(0xb, 0).ecx >> 8, 1);
	assert_int_equal(ask(0xb, 1).ecx >> 8, 2);
	assert_int_equal(ask(0xb, 1).eax, 2);
	assert_int_equal(ask(0xb, 1).ebx, 4);
	assert_int_equal(ask(0xb, 2).ecx >> 8, 0);
	assert_int_equal(ask(0xb, 1).edx, 3);
}

static void test_time(void **state)
{
	assert_int_equal(ask(0x15, 0).ecx, 2000000000);
	assert_int_equal(ask(CPUID_HYPERVISOR_LAST, 0).eax, 2000000);
	policy.tsc_hz = 1ull << 33;
	assert_int_equal(ask(0x15, 0).eax, 0);
}

static void test_limits(void **state)
{
	const struct cpuid_registers r = ask(CPUID_HYPERVISOR, 0);

	assert_int_equal(ask(0, 0).eax, 0x16);
	assert_int_equal(ask(0x80000000u, 0).eax, 0x80000008u);
	assert_int_equal(r.eax, CPUID_HYPERVISOR_LAST);
	assert_memory_equal(&r.ebx, CPUID_HYPERVISOR_SIGNATURE, 12);
	assert_int_equal(ask(0x50000000u, 0).eax, 0);
}

static void test_prepared_is_the_same(void **state)
{
	struct cpuid_registers before[0x20];

	for (uint32_t i = 0; i < ARRAY_SIZE(before); i++)
		before[i] = ask(i < 0x10 ? i : 0x80000000u + i - 0x10, 0);
	cpuid_prepare(&policy);
	for (uint32_t i = 0; i < ARRAY_SIZE(before); i++) {
		struct cpuid_registers now = ask(i < 0x10 ? i : 0x80000000u + i - 0x10, 0);

		assert_memory_equal(&before[i], &now, sizeof(now));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_no_nested_virtualization, set_up),
		cmocka_unit_test_setup(test_leaf_one_is_the_vcpus, set_up),
		cmocka_unit_test_setup(test_xsave_needs_the_policy, set_up),
		cmocka_unit_test_setup(test_state_of_a_server, set_up),
		cmocka_unit_test_setup(test_state_without_its_parts, set_up),
		cmocka_unit_test_setup(test_nothing_that_the_host_lacks, set_up),
		cmocka_unit_test_setup(test_control_bits_follow, set_up),
		cmocka_unit_test_setup(test_topology, set_up),
		cmocka_unit_test_setup(test_time, set_up),
		cmocka_unit_test_setup(test_limits, set_up),
		cmocka_unit_test_setup(test_prepared_is_the_same, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
