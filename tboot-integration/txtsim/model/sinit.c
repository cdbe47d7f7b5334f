#include "tboot-integration/txtsim/model/sinit.h"

#include <stdlib.h>

#include "tboot-integration/txtsim/model/acm.h"
#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/events.h"
#include "tboot-integration/txtsim/model/evlog.h"
#include "tboot-integration/txtsim/model/heap.h"
#include "tboot-integration/txtsim/model/mle.h"
#include "tboot-integration/txtsim/model/ownerpolicy.h"
#include "tboot-integration/txtsim/model/platform.h"
#include "tboot-integration/txtsim/model/tpmcmd.h"
#include "lib/hex.h"

#define SINIT_LOCALITY 3u

struct launch_state {
	struct txt_os_sinit os;
	struct txt_mle mle;
	struct digests sinit;
	struct digests sinit_key;
	struct owner_policy policy;
	struct evlog log;
	uint32_t flags;
};

void sinit_log_pcrs(struct txt *t, const char *title)
{
	uint8_t command[TPM_COMMAND_MAX], response[TPM_COMMAND_MAX], value[32];
	char text[65];

	for (unsigned pcr = 17; pcr <= 18; pcr++) {
		size_t n = tpm_pcr_read(command, pcr);
		int got = t->ops->tpm_command(t->ctx, 0, command, n, response, sizeof(response));

		if (!tpm_pcr_value(response, got, value))
			continue;
		hex_encode(text, value, 32);
		txt_log(t, "%s PCR%u %s", title, pcr, text);
	}
}

/* The processor's part: is this module one that the chipset trusts? */
static bool authenticate(struct txt *t, const uint8_t *acm, uint32_t size, struct launch_state *s)
{
	const struct acm_layout *layout = acm_check(acm, size);

	if (!layout || le16(acm + ACM_CHIPSET_ID) != (t->reg[TXT_REG_DIDVID] >> 16 & 0xffff)) {
		txt_fail(t, TXT_ERR_ACM_FORMAT, size);
		return false;
	}
	acm_key_digest(acm, layout, &s->sinit_key);
	acm_digest(acm, size, layout, &s->sinit);
	if (memcmp(s->sinit_key.sha256, t->config.public_key, 32) != 0) {
		txt_log(t, "SINIT's key is not the one in TXT.PUBLIC.KEY");
		txt_fail(t, TXT_ERR_ACM_AUTHENTICATION, 0);
		return false;
	}
	if (!acm_verify(acm, size, layout)) {
		txt_log(t, "SINIT's signature does not verify: the module was changed");
		txt_fail(t, TXT_ERR_ACM_AUTHENTICATION, 1);
		return false;
	}
	return true;
}

/* As the processor does: authenticates a copy that the guest can no longer reach. */
static bool load(struct txt *t, uint32_t acm, uint32_t size, struct launch_state *s)
{
	uint8_t *copy = malloc(size ? size : 1);
	bool good;

	if (!copy) {
		txt_fail(t, TXT_ERR_ACM_FORMAT, size);
		return false;
	}
	memcpy(copy, t->mem + (acm - TXT_MEM_BASE), size);
	if (txt_fault(t, TXT_FAULT_SINIT_SIGNATURE) && size)
		copy[size - 1] ^= 1;
	good = authenticate(t, copy, size, s);
	free(copy);
	return good;
}

static bool extend(struct txt *t, unsigned pcr, const struct digests *digests)
{
	uint8_t command[TPM_COMMAND_MAX], response[TPM_COMMAND_MAX];
	size_t n = tpm_pcr_extend(command, pcr, digests);
	int got =
		t->ops->tpm_command(t->ctx, SINIT_LOCALITY, command, n, response, sizeof(response));
	uint32_t code = tpm_response_code(response, got);

	if (txt_fault(t, pcr == 17 ? TXT_FAULT_TPM_EXTEND_17 : TXT_FAULT_TPM_EXTEND_18))
		code = TPM_RC_FAILURE;
	if (code)
		txt_fail(t, TXT_ERR_TPM_COMMAND, code);
	return code == 0;
}

/* PCR 17's first value: the hash sequence over SINIT's hash and the SENTER flags. */
static bool measure_start(struct txt *t, struct launch_state *s)
{
	uint8_t data[36];
	struct digests digests;

	memcpy(data, s->sinit.sha256, 32);
	put_le32(data + 32, s->flags);
	digest_of(data, sizeof(data), &digests);
	if (txt_fault(t, TXT_FAULT_TPM_ABSENT) || txt_fault(t, TXT_FAULT_TPM_HASH) ||
		!t->ops->tpm_hash(t->ctx, data, sizeof(data))) {
		txt_fail(t, TXT_ERR_TPM_HASH, 0);
		return false;
	}
	t->established = true;
	evlog_add(&s->log, 17, TXT_EV_HASH_START, &digests, data, sizeof(data));
	return true;
}

/* What the owner's policy says in place of a platform without one; NULL if it has no say. */
static const uint8_t *policy_data(
	const struct owner_policy *policy, enum txt_event_type type, uint32_t *size)
{
	const struct lcp_event *event = NULL;

	if (!policy->present)
		return NULL;
	if (type == TXT_EV_LCP_CONTROL) {
		*size = sizeof(policy->control);
		return policy->control;
	}
	if (type == TXT_EV_NV_INFO) {
		*size = policy->nv_info_size;
		return policy->nv_info;
	}
	if (type == TXT_EV_LCP_DETAILS)
		event = &policy->outcome.details;
	if (type == TXT_EV_LCP_AUTHORITIES)
		event = &policy->outcome.authorities;
	if (!event || !event->size)
		return NULL;
	*size = event->size;
	return event->data;
}

static bool measure_event(struct txt *t, struct launch_state *s, const struct sinit_event *event)
{
	uint8_t capabilities[4];
	const uint8_t *data = NULL;
	struct digests digests;
	uint32_t size = 0;

	put_le32(capabilities, s->os.capabilities);
	switch (event->source) {
	case SOURCE_PLATFORM:
		data = policy_data(&s->policy, event->type, &size);
		if (!data)
			data = sinit_platform_data(event->type, &size);
		break;
	case SOURCE_CAPABILITIES:
		data = capabilities;
		size = sizeof(capabilities);
		break;
	case SOURCE_MLE:
		digests = s->mle.digests;
		break;
	case SOURCE_SINIT_KEY:
		digests = s->sinit_key;
		break;
	}
	if (data)
		digest_of(data, size, &digests);
	if (!extend(t, event->pcr, &digests))
		return false;
	evlog_add(&s->log, event->pcr, (uint32_t)event->type, &digests, data, size);
	return true;
}

static bool measure(struct txt *t, struct launch_state *s)
{
	evlog_init(&s->log);
	if (!measure_start(t, s))
		return false;
	for (const struct sinit_event *event = sinit_events; event->pcr; event++) {
		if (!measure_event(t, s, event))
			return false;
	}
	if (s->log.overflow) {
		txt_fail(t, TXT_ERR_EVENT_LOG, EVLOG_MAX);
		return false;
	}
	return true;
}

static bool report(struct txt *t, struct launch_state *s)
{
	struct txt_sinit_result result = {.edx_flags = s->flags};

	memcpy(result.sinit_sha1, s->sinit.sha1, sizeof(result.sinit_sha1));
	memcpy(result.mle_sha1, s->mle.digests.sha1, sizeof(result.mle_sha1));
	return heap_write_log(t, &s->os, s->log.bytes, s->log.size) &&
	       heap_write_sinit_mle(t, &s->os, &result);
}

bool sinit_run(
	struct txt *t, uint32_t acm, uint32_t size, uint32_t flags, struct sinit_launch *launch)
{
	struct launch_state s = {.flags = flags};
	char text[65];

	txt_log(t, "SENTER: SINIT at %#x, %#x bytes, flags %#x", acm, size, flags);
	sinit_log_pcrs(t, "before");
	if (acm != TXT_SINIT_BASE || size > t->reg[TXT_REG_SINIT_SIZE] || size % 64) {
		txt_fail(t, TXT_ERR_ACM_PLACE, acm);
		return false;
	}
	if (!load(t, acm, size, &s) || !heap_parse(t, &s.os))
		return false;
	txt_log(t, "OsSinitData v%u: MLE %#llx bytes, page table %#llx, capabilities %#x",
		s.os.version, (unsigned long long)s.os.mle_size,
		(unsigned long long)s.os.mle_page_table, s.os.capabilities);
	if (!mle_measure(t, &s.os, &s.mle) ||
		!owner_policy_allows(t, &s.os, &s.mle.digests, &s.policy) || !measure(t, &s) ||
		!report(t, &s))
		return false;
	hex_encode(text, s.sinit.sha256, 32);
	txt_log(t, "SINIT sha256 %s", text);
	hex_encode(text, s.mle.digests.sha256, 32);
	txt_log(t, "MLE sha256 %s entry %#x", text, s.mle.entry);
	t->reg[TXT_REG_STS] &= ~(uint64_t)TXT_STS_SEXIT_DONE;
	t->reg[TXT_REG_STS] |= TXT_STS_SENTER_DONE | TXT_STS_MEM_CONFIG_LOCK |
			       TXT_STS_PRIVATE_OPEN | TXT_STS_LOCALITY2_OPEN;
	sinit_log_pcrs(t, "launched");
	launch->entry = s.mle.entry;
	launch->page_table = (uint32_t)s.os.mle_page_table;
	return true;
}
