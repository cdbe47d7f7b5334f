/* sources: kernel/trust/hash.c tests/unit/shim/panic.c */
/* needs: build/host-lib/libmbedtls.a */
/* libs: build/host-lib/libmbedtls.a -lcrypto */
/* The kernel's SHA-256 in both its forms, with and without the CPU's SHA instructions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86/cpu.h"
#include "trust/hash.h"

#define LENGTHS       300u
#define LARGE         100003u
#define CPUID_EBX_SHA (1u << 29)

extern uint32_t GNUTLS_x86_cpuid_s[4];

static bool cpu_has_sha(void)
{
	uint32_t r[4];

	cpuid(7, 0, r);
	return r[1] & CPUID_EBX_SHA;
}

static void compare(const uint8_t *data, size_t bytes)
{
	uint8_t found[32], wanted[32], part[32];

	hash_sha256(data, bytes, found);
	SHA256(data, bytes, wanted);
	assert_memory_equal(found, wanted, sizeof(wanted));
	hash_sha256_both(data, bytes / 3, bytes, part, found);
	assert_memory_equal(found, wanted, sizeof(wanted));
	SHA256(data, bytes / 3, wanted);
	assert_memory_equal(part, wanted, sizeof(wanted));
}

static void compare_all(void)
{
	uint8_t *data = malloc(LARGE);

	assert_non_null(data);
	for (size_t i = 0; i < LARGE; i++)
		data[i] = (uint8_t)(i * 131 + (i >> 8));
	for (size_t bytes = 0; bytes < LENGTHS; bytes++)
		compare(data + bytes % 7, bytes);
	compare(data, LARGE);
	free(data);
}

static void test_general_registers(void **state)
{
	memcpy(GNUTLS_x86_cpuid_s, (uint32_t[4]){0, 0, 0, 1}, sizeof(GNUTLS_x86_cpuid_s));
	compare_all();
}

static void test_as_the_cpu_is(void **state)
{
	memset(GNUTLS_x86_cpuid_s, 0, sizeof(GNUTLS_x86_cpuid_s));
	compare_all();
	assert_int_equal(GNUTLS_x86_cpuid_s[2], cpu_has_sha() ? CPUID_EBX_SHA : 0);
	assert_int_equal(GNUTLS_x86_cpuid_s[0] | GNUTLS_x86_cpuid_s[1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_general_registers),
		cmocka_unit_test(test_as_the_cpu_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
