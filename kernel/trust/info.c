/* The launch and its signs, for management. */
#include "trust/info.h"
#include "trust/state.h"

#include <stdio.h>
#include <string.h>

_Static_assert(
	sizeof(((struct vmk_info_sign *)0)->found) == sizeof(((struct verdict_sign *)0)->found),
	"what was found fits its record");

void trust_describe_launch(struct vmk_info_launch *info)
{
	const struct trust_state *s = &trust_state;

	info->measured = s->verdict.measured;
	info->launch = (uint8_t)s->launched;
	info->tpm_present = s->tpm_present;
	info->tpm_ready = s->tpm_ready;
	info->signs_missing = s->verdict.missing;
	if (!s->tpm_ready)
		snprintf(info->tpm_error, sizeof(info->tpm_error), "%s", s->tpm_error);
	snprintf(info->tpm_manufacturer, sizeof(info->tpm_manufacturer), "%s", s->tpm.manufacturer);
	info->tpm_firmware = s->tpm.firmware;
}

bool trust_describe_sign(unsigned index, struct vmk_info_sign *info)
{
	const struct verdict_sign *sign = &trust_state.verdict.signs[index];

	if (index >= VERDICT_SIGN_COUNT)
		return false;
	snprintf(info->name, sizeof(info->name), "%s",
		verdict_sign_name((enum verdict_sign_name)index));
	snprintf(info->meaning, sizeof(info->meaning), "%s",
		verdict_sign_meaning((enum verdict_sign_name)index));
	memcpy(info->expected, sign->expected, sizeof(info->expected));
	memcpy(info->found, sign->found, sizeof(info->found));
	info->holds = sign->holds;
	return true;
}
