#include "boot/entropy.h"
#include "arch/x86/cpu.h"
#include "boot/boot_info.h"
#include "lib/log.h"
#include "lib/random.h"
#include <stdio.h>

#define LOG_MODULE        "Entropy"

#define CPUID7_EBX_RDSEED (1u << 18)
#define CPUID1_ECX_RDRAND (1u << 30)
#define TRIES             32 /* SDM 1, 7.3.17: RDRAND may need 10, RDSEED more */

static bool rdseed(uint64_t *v)
{
	bool ok = false;

	for (unsigned i = 0; i < TRIES && !ok; i++)
		__asm__ volatile("rdseed %0" : "=r"(*v), "=@ccc"(ok));
	return ok;
}

static bool rdrand(uint64_t *v)
{
	bool ok = false;

	for (unsigned i = 0; i < TRIES && !ok; i++)
		__asm__ volatile("rdrand %0" : "=r"(*v), "=@ccc"(ok));
	return ok;
}

/* What little the counter gives on its own: its low bits around accesses to a slow device. */
static uint64_t jitter(void)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 32; i++) {
		inb(0x61);
		v = (v << 2 | v >> 62) ^ rdtsc();
	}
	return v;
}

unsigned entropy_collect(uint64_t *to, unsigned words)
{
	bool has_seed, has_rand;
	unsigned sources = BOOT_ENTROPY_TSC;
	uint32_t r[4];

	cpuid(0, 0, r);
	has_seed = r[0] >= 7;
	cpuid(1, 0, r);
	has_rand = r[2] & CPUID1_ECX_RDRAND;
	if (has_seed) {
		cpuid(7, 0, r);
		has_seed = r[1] & CPUID7_EBX_RDSEED;
	}
	for (unsigned i = 0; i < words; i++) {
		uint64_t v;

		to[i] ^= jitter();
		if (has_seed && rdseed(&v)) {
			to[i] ^= v;
			sources |= BOOT_ENTROPY_RDSEED;
		}
		if (has_rand && rdrand(&v)) {
			to[i] += v;
			sources |= BOOT_ENTROPY_RDRAND;
		}
	}
	return sources;
}

static unsigned added; /* sources */

void entropy_add(unsigned source, const void *material, size_t bytes)
{
	random_seed(material, bytes);
	__atomic_or_fetch(&added, source, __ATOMIC_RELAXED);
}

unsigned entropy_sources(void)
{
	return boot_info->entropy_sources | __atomic_load_n(&added, __ATOMIC_RELAXED);
}

void entropy_describe(unsigned sources, char *to, size_t size)
{
	snprintf(to, size, "%s%s%s%s", sources & BOOT_ENTROPY_RDSEED ? "RDSEED " : "",
		sources & BOOT_ENTROPY_RDRAND ? "RDRAND " : "",
		sources & BOOT_ENTROPY_TPM ? "TPM " : "", sources & BOOT_ENTROPY_TSC ? "TSC" : "");
}

void entropy_log(void)
{
	unsigned sources = entropy_sources();
	char names[32];

	entropy_describe(sources, names, sizeof(names));
	vmk_log("random numbers come from %s", names);
	if (!(sources & (BOOT_ENTROPY_CPU | BOOT_ENTROPY_TPM)))
		vmk_error("neither the CPU nor a TPM gives random numbers: who knows when this "
			  "host started may guess its keys");
}
