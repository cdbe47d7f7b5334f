/* Randomness before anything else runs. */
#include "boot/entropy.h"
#include "arch/x86/cpu.h"
#include "boot/boot_info.h"

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
