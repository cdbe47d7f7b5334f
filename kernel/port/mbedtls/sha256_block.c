/*
 * mbedTLS's SHA-256 compression (MBEDTLS_SHA256_PROCESS_ALT) in CRYPTOGAMS' assembly as GnuTLS
 * ships it: the SHA instructions where the CPU has them, general registers elsewhere. It is told so
 * by what CPUID would say; nothing but that one bit is ever set, so its SSSE3 and AVX code never
 * runs.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/vector.h"

#include <mbedtls/sha256.h>

#define CPUID_FEATURES   7u /* SDM 2A, CPUID: leaf 7, EBX bit 29 */
#define CPUID_EBX_SHA    (1u << 29)
#define SETTLED          3 /* the fourth word is not looked at: here it says that the others are */
#define WORD_OF_LEAF_EBX 2

extern uint32_t GNUTLS_x86_cpuid_s[4];
uint32_t GNUTLS_x86_cpuid_s[4];
void sha256_block_data_order(uint32_t state[8], const void *data, size_t blocks);

static bool has_sha(void)
{
	uint32_t r[4];

	if (!__atomic_load_n(&GNUTLS_x86_cpuid_s[SETTLED], __ATOMIC_ACQUIRE)) {
		cpuid(0, 0, r);
		if (r[0] >= CPUID_FEATURES) {
			cpuid(CPUID_FEATURES, 0, r);
			GNUTLS_x86_cpuid_s[WORD_OF_LEAF_EBX] = r[1] & CPUID_EBX_SHA;
		}
		__atomic_store_n(&GNUTLS_x86_cpuid_s[SETTLED], 1, __ATOMIC_RELEASE);
	}
	return GNUTLS_x86_cpuid_s[WORD_OF_LEAF_EBX] != 0;
}

int mbedtls_internal_sha256_process(mbedtls_sha256_context *context, const unsigned char data[64])
{
	struct vector_registers saved __attribute__((uninitialized)); /* all of it is written */
	uint64_t interrupts;

	if (!has_sha()) {
		sha256_block_data_order(context->MBEDTLS_PRIVATE(state), data, 1);
		return 0;
	}
	interrupts = vector_begin(&saved);
	sha256_block_data_order(context->MBEDTLS_PRIVATE(state), data, 1);
	vector_end(&saved, interrupts);
	return 0;
}
