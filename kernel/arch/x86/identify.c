#include "arch/x86/identify.h"
#include "arch/x86/cpu.h"
#include "arch/x86/features.h"
#include "arch/x86/percpu.h"
#include "arch/x86/time.h"

#include <stdio.h>
#include <string.h>

/* SDM 2A, CPUID: the brand string's leaves. */
#define LEAF_EXTENDED_MAX 0x80000000u
#define LEAF_BRAND        0x80000002u
#define BRAND_LEAVES      3u

/* What a CPU, or who emulates it, says of itself goes to terminals. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static void describe_kind(struct vmk_info_cpu *info)
{
	uint32_t r[4];

	cpuid(0, 0, r);
	memcpy(info->vendor, &r[CPUID_EBX], 4);
	memcpy(info->vendor + 4, &r[CPUID_EDX], 4);
	memcpy(info->vendor + 8, &r[CPUID_ECX], 4);
	make_printable(info->vendor);
	cpuid(1, 0, r);
	info->signature = r[CPUID_EAX];
	cpuid(LEAF_EXTENDED_MAX, 0, r);
	if (r[CPUID_EAX] < LEAF_BRAND + BRAND_LEAVES - 1)
		return;
	for (unsigned i = 0; i < BRAND_LEAVES; i++) {
		cpuid(LEAF_BRAND + i, 0, r);
		memcpy(info->brand + i * sizeof(r), r, sizeof(r));
	}
	make_printable(info->brand);
}

bool identify_describe(unsigned index, struct vmk_info_cpu *info)
{
	const struct percpu *cpu = percpu_of(index);

	if (!cpu)
		return false;
	describe_kind(info);
	info->apic_id = cpu->apic_id;
	info->online = percpu_is_online(cpu);
	info->tsc_hz = time_tsc_hz();
	features_describe(info->features, sizeof(info->features));
	return true;
}
