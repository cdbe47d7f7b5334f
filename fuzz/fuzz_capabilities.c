/* sources: kernel/vtx/capabilities.c */
/* quiet: fuzz/models/swvmx/cpu_models.c */
/* coverage: edges */
/*
 * A processor's VMX capability MSRs with some bits changed: what is settled on is allowed by the
 * MSRs, has all that is required and nothing that is refused; or there is a reason in words.
 * Input: which processor, then changes of two bytes: an MSR and one of its bits.
 */
#include <stdlib.h>
#include <string.h>
#include "fuzz/models/swvmx/cpu_models.h"
#include "vtx/capabilities.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		abort();
}

static const struct {
	uint8_t word, bit, need;
} controls[CONTROL_COUNT] = {
#define X(symbol, word, bit, need, name, why) {WORD_##word, bit, NEED_##need},
	VTX_CONTROLS(X)
#undef X
};

static void check_settled(const struct vtx_capability_msrs *m, const struct vtx_controls *c)
{
	const uint64_t msrs[WORDS] = {m->pin, m->proc, m->proc2, m->exit, m->entry};

	for (unsigned w = 0; w < WORDS; w++) {
		/* VPID may be given up; its bit is then 0 although the processor allows it. */
		require((c->word[w] & (uint32_t)msrs[w]) == (uint32_t)msrs[w] ||
			(w == WORD_PROC2 &&
				!((uint32_t)msrs[w] & ~c->word[w] & ~(uint32_t)PROC2_VPID)));
		require(!(c->word[w] & ~(uint32_t)(msrs[w] >> 32)));
	}
	for (unsigned i = 0; i < CONTROL_COUNT; i++) {
		const bool on = c->word[controls[i].word] >> controls[i].bit & 1;

		require(on == vtx_control_is_on(c, (enum vtx_control)i));
		require(*vtx_control_name((enum vtx_control)i) &&
			*vtx_control_why((enum vtx_control)i));
		require(controls[i].need != NEED_REQUIRED || on);
		require(controls[i].need != NEED_REFUSED || !on);
	}
	require((c->ept_vpid & EPT_CAP_4_LEVELS) && (c->ept_vpid & EPT_CAP_WRITE_BACK) &&
		(c->ept_vpid & EPT_CAP_INVEPT) && (c->ept_vpid & EPT_CAP_INVEPT_ALL));
	if (c->word[WORD_PROC2] & PROC2_VPID)
		require((c->ept_vpid & VPID_CAP_INVVPID) && (c->ept_vpid & VPID_CAP_ALL));
	require(c->vmcs_bytes && c->vmcs_bytes <= 4096 && !(c->revision >> 31));
	require(c->timer_shift < 32 && c->msr_list_max >= 512);
}

/* IA32_FEATURE_CONTROL: a lock holds, and perhaps nothing can be written, or read. */
static struct {
	bool readable, writable;
	uint64_t value;
} feature_control;

static bool read_feature_control(uint32_t msr, uint64_t *value)
{
	require(msr == MSR_FEATURE_CONTROL);
	*value = feature_control.value;
	return feature_control.readable;
}

static bool write_feature_control(uint32_t msr, uint64_t value)
{
	require(msr == MSR_FEATURE_CONTROL && !(feature_control.value & FEATURE_CONTROL_LOCKED));
	if (feature_control.writable)
		feature_control.value = value;
	return feature_control.writable;
}

/* Allowed is what is locked that way; what firmware left besides stays. */
static void check_firmware(uint8_t how, uint16_t value)
{
	const bool smx = how & 0x80;
	const uint64_t needed = smx ? FEATURE_CONTROL_VMX_SMX : FEATURE_CONTROL_VMX;
	struct vtx_refusal refusal = {""};
	enum vmk_status status;

	feature_control.readable = !(how & 0x40);
	feature_control.writable = !(how & 0x20);
	feature_control.value = value;
	status = vtx_firmware_allows(smx, read_feature_control, write_feature_control, &refusal);
	require((status == VMK_OK) == !refusal.text[0]);
	require(!(value & ~feature_control.value));
	if (status == VMK_OK)
		require(feature_control.readable &&
			(feature_control.value & FEATURE_CONTROL_LOCKED) &&
			(feature_control.value & needed));
}

/* A processor that may lack some of the MSRs: what cannot be read is 0. */
static uint32_t missing;
static uint64_t basic;

static bool read_some(uint32_t msr, uint64_t *value)
{
	*value = UINT64_MAX;
	if (missing >> (msr & 31) & 1)
		return false;
	*value = msr == MSR_VMX_BASIC ? basic : 5;
	return true;
}

static void check_read(const struct swvmx_cpu *cpu, uint32_t which)
{
	struct vtx_capability_msrs msrs;

	basic = cpu->msrs.basic;
	missing = which;
	vtx_capability_read(read_some, &msrs);
	require(msrs.basic == (which >> (MSR_VMX_BASIC & 31) & 1 ? 0 : basic));
	require(msrs.pin == 0 || msrs.pin == 5);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vtx_refusal refusal;
	struct vtx_controls settled;
	struct swvmx_cpu cpu;
	uint64_t msrs[sizeof(cpu.msrs) / sizeof(uint64_t)];

	if (!size)
		return 0;
	check_firmware(data[0], (uint16_t)(size > 2 ? data[1] | data[2] << 8 : 0));
	swvmx_cpu_fill(&cpu, data[0] % SWVMX_CPU_KINDS);
	memcpy(msrs, &cpu.msrs, sizeof(msrs));
	for (size_t at = 1; at + 2 <= size && at < 128; at += 2)
		msrs[data[at] % ARRAY_SIZE(msrs)] ^= 1ull << (data[at + 1] & 63);
	memcpy(&cpu.msrs, msrs, sizeof(msrs));
	check_read(&cpu, size > 2 ? data[1] * 0x01010101u ^ data[2] << 5 : 0);
	if (vtx_settle(&cpu.msrs, &settled, &refusal) == VMK_OK) {
		require(!refusal.text[0]);
		check_settled(&cpu.msrs, &settled);
	} else {
		require(memchr(refusal.text, 0, sizeof(refusal.text)) &&
			strstr(refusal.text, ": "));
	}
	return 0;
}
