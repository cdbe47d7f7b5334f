#include "vtx/capabilities.h"
#include <stdio.h>
#include <string.h>

#define MSR_VMX_PIN        0x481u
#define MSR_VMX_PROC       0x482u
#define MSR_VMX_EXIT       0x483u
#define MSR_VMX_ENTRY      0x484u
#define MSR_VMX_MISC       0x485u
#define MSR_VMX_CR0_FIXED0 0x486u
#define MSR_VMX_CR0_FIXED1 0x487u
#define MSR_VMX_CR4_FIXED0 0x488u
#define MSR_VMX_CR4_FIXED1 0x489u
#define MSR_VMX_PROC2      0x48bu
#define MSR_VMX_EPT_VPID   0x48cu
#define MSR_VMX_TRUE_PIN   0x48du
#define MSR_VMX_TRUE_PROC  0x48eu
#define MSR_VMX_TRUE_EXIT  0x48fu
#define MSR_VMX_TRUE_ENTRY 0x490u
#define MSR_VMX_VMFUNC     0x491u

#define MISC_HLT_ACTIVITY  (1ull << 6)

static const struct {
	uint8_t word, bit, need;
	const char *name, *why;
} rows[CONTROL_COUNT] = {
#define X(symbol, word, bit, need, name, why) {WORD_##word, bit, NEED_##need, name, why},
	VTX_CONTROLS(X)
#undef X
};

static const char *const word_names[WORDS] = {
	"pin-based", "processor-based", "secondary processor-based", "VM-exit", "VM-entry"};

void vtx_capability_read(
	bool (*read)(uint32_t msr, uint64_t *value), struct vtx_capability_msrs *to)
{
	struct {
		uint32_t msr;
		uint64_t *value;
	} list[] = {
		{MSR_VMX_BASIC, &to->basic},
		{MSR_VMX_PIN, &to->pin},
		{MSR_VMX_PROC, &to->proc},
		{MSR_VMX_EXIT, &to->exit},
		{MSR_VMX_ENTRY, &to->entry},
		{MSR_VMX_MISC, &to->misc},
		{MSR_VMX_CR0_FIXED0, &to->cr0_fixed0},
		{MSR_VMX_CR0_FIXED1, &to->cr0_fixed1},
		{MSR_VMX_CR4_FIXED0, &to->cr4_fixed0},
		{MSR_VMX_CR4_FIXED1, &to->cr4_fixed1},
		{MSR_VMX_PROC2, &to->proc2},
		{MSR_VMX_EPT_VPID, &to->ept_vpid},
		{MSR_VMX_VMFUNC, &to->vmfunc},
	};
	struct {
		uint32_t msr;
		uint64_t *value;
	} true_list[] = {
		{MSR_VMX_TRUE_PIN, &to->pin},
		{MSR_VMX_TRUE_PROC, &to->proc},
		{MSR_VMX_TRUE_EXIT, &to->exit},
		{MSR_VMX_TRUE_ENTRY, &to->entry},
	};

	memset(to, 0, sizeof(*to));
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		if (!read(list[i].msr, list[i].value))
			*list[i].value = 0;
	if (!(to->basic & VMX_BASIC_TRUE_CONTROLS))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(true_list); i++)
		if (!read(true_list[i].msr, true_list[i].value))
			*true_list[i].value = 0;
}

static enum vmk_status refuse(struct vtx_refusal *refusal, const char *what, const char *why)
{
	snprintf(refusal->text, sizeof(refusal->text), "%s: %s", what, why);
	return VMK_UNSUPPORTED;
}

/* Low half of a capability MSR: bits that must be 1; high half: bits that may be 1 (A.3.1). */
static enum vmk_status settle_word(
	enum vtx_word word, uint64_t capability, uint32_t *out, struct vtx_refusal *refusal)
{
	uint32_t must = (uint32_t)capability, may = (uint32_t)(capability >> 32), value = must;

	if (must & ~may)
		return refuse(refusal, word_names[word], "the capability MSR contradicts itself");
	for (unsigned i = 0; i < CONTROL_COUNT; i++) {
		uint32_t bit = 1u << rows[i].bit;

		if (rows[i].word != word)
			continue;
		if (rows[i].need == NEED_REQUIRED && !(may & bit))
			return refuse(refusal, rows[i].name, "the processor does not have it");
		if (rows[i].need == NEED_REFUSED && (must & bit))
			return refuse(refusal, rows[i].name, "the processor forces it on");
		if (rows[i].need != NEED_REFUSED)
			value |= bit & may;
	}
	*out = value;
	return VMK_OK;
}

/* What EPT and VPID must be able to do. VPID is given up, EPT is not. */
static enum vmk_status settle_ept(struct vtx_controls *c, struct vtx_refusal *refusal)
{
	static const struct {
		uint64_t bit;
		const char *what;
	} needed[] = {
		{EPT_CAP_4_LEVELS, "EPT page-walk length 4"},
		{EPT_CAP_WRITE_BACK, "EPT write-back structures"},
		{EPT_CAP_INVEPT, "INVEPT"},
		{EPT_CAP_INVEPT_ALL, "INVEPT of all contexts"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!(c->ept_vpid & needed[i].bit))
			return refuse(refusal, needed[i].what, "the processor does not have it");
	if (!(c->ept_vpid & VPID_CAP_INVVPID) || !(c->ept_vpid & VPID_CAP_ALL))
		c->word[WORD_PROC2] &= ~(uint32_t)PROC2_VPID;
	return VMK_OK;
}

enum vmk_status vtx_settle(
	const struct vtx_capability_msrs *msrs, struct vtx_controls *c, struct vtx_refusal *refusal)
{
	const uint64_t words[WORDS] = {msrs->pin, msrs->proc, msrs->proc2, msrs->exit, msrs->entry};

	memset(c, 0, sizeof(*c));
	memset(refusal, 0, sizeof(*refusal));
	c->revision = (uint32_t)msrs->basic & 0x7fffffffu;
	c->vmcs_bytes = (uint32_t)(msrs->basic >> 32) & 0x1fffu;
	c->cr0_fixed0 = msrs->cr0_fixed0;
	c->cr0_fixed1 = msrs->cr0_fixed1;
	c->cr4_fixed0 = msrs->cr4_fixed0;
	c->cr4_fixed1 = msrs->cr4_fixed1;
	c->ept_vpid = msrs->ept_vpid;
	c->timer_shift = (unsigned)msrs->misc & 31;
	c->msr_list_max = 512 * ((uint32_t)(msrs->misc >> 25 & 7) + 1);
	c->hlt_activity = msrs->misc & MISC_HLT_ACTIVITY;
	if (c->vmcs_bytes == 0 || c->vmcs_bytes > 4096)
		return refuse(refusal, "VMCS size", "not between 1 and 4096 bytes");
	if (msrs->basic & VMX_BASIC_32BIT_ADDRESSES)
		return refuse(refusal, "VMX addresses", "limited to 32 bits");
	for (unsigned w = 0; w < WORDS; w++) {
		enum vmk_status status = settle_word(w, words[w], &c->word[w], refusal);

		if (status != VMK_OK)
			return status;
	}
	return settle_ept(c, refusal);
}

static enum vmk_status refuse_value(struct vtx_refusal *refusal, uint64_t value, const char *why)
{
	snprintf(refusal->text, sizeof(refusal->text), "IA32_FEATURE_CONTROL is %#llx: %s",
		(unsigned long long)value, why);
	return VMK_UNSUPPORTED;
}

enum vmk_status vtx_firmware_allows(bool smx, bool (*read)(uint32_t msr, uint64_t *value),
	bool (*write)(uint32_t msr, uint64_t value), struct vtx_refusal *refusal)
{
	const uint64_t both = FEATURE_CONTROL_VMX | FEATURE_CONTROL_VMX_SMX;
	const uint64_t needed = smx ? FEATURE_CONTROL_VMX_SMX : FEATURE_CONTROL_VMX;
	uint64_t value;

	if (!read(MSR_FEATURE_CONTROL, &value))
		return refuse(refusal, "IA32_FEATURE_CONTROL", "the processor does not have it");
	if (!(value & FEATURE_CONTROL_LOCKED)) {
		write(MSR_FEATURE_CONTROL, value | both | FEATURE_CONTROL_LOCKED);
		if (!read(MSR_FEATURE_CONTROL, &value) || !(value & FEATURE_CONTROL_LOCKED))
			return refuse_value(
				refusal, value, "the processor does not let it be locked");
	}
	if (value & needed)
		return VMK_OK;
	return refuse_value(refusal, value,
		value & both ? smx ? "firmware has disabled VMX after a measured launch"
				   : "firmware has disabled VMX but after a measured launch"
			     : "firmware has disabled VMX");
}

const char *vtx_control_name(enum vtx_control control)
{
	return rows[control].name;
}

const char *vtx_control_why(enum vtx_control control)
{
	return rows[control].why;
}

bool vtx_control_is_on(const struct vtx_controls *controls, enum vtx_control control)
{
	return controls->word[rows[control].word] >> rows[control].bit & 1;
}
