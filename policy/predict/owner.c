#include "policy/predict/owner.h"

#include "lib/reader.h"
#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/tpmcmd.h"
#include "trust/txt_events.h"

/* TPMA_NV of the owner's index: TPM 2.0 Library, part 2, 13.4; the attributes of image/provision.
 */
enum {
	NV_OWNERWRITE = 1 << 1,
	NV_POLICYWRITE = 1 << 3,
	NV_AUTHREAD = 1 << 18,
	NV_NO_DA = 1 << 25,
	NV_WRITTEN = 1 << 29,
};
#define OWNER_ATTRIBUTES (NV_OWNERWRITE | NV_POLICYWRITE | NV_AUTHREAD | NV_NO_DA | NV_WRITTEN)

enum vmk_status owner_read(const struct buffer *policy, const struct buffer *data,
	const struct digests *mle, struct owner *owner, const char **why)
{
	const struct lcp_launch launch = {
		.mle = *mle, .sinit_version = UINT8_MAX, .any_platform = true};
	enum lcp_result result;

	*owner = (struct owner){.policy_size = policy->size};
	result = policy->size <= UINT16_MAX ? lcp_parse(policy->data, policy->size, &owner->policy)
					    : LCP_MALFORMED;
	if (result == LCP_ALLOWED)
		result = lcp_evaluate(&owner->policy, data ? data->data : NULL,
			data ? data->size : 0, &launch, &owner->outcome);
	if (result == LCP_ALLOWED)
		return VMK_OK;
	*why = lcp_result_text(result);
	return VMK_BAD_FORMAT;
}

static void put(struct owner_event *event, const void *bytes, size_t size)
{
	if (size > sizeof(event->data) - event->size)
		return;
	memcpy(event->data + event->size, bytes, size);
	event->size += size;
}

/* Nothing decided: one zero byte, as without a policy. */
static void put_outcome(struct owner_event *event, const struct lcp_event *outcome)
{
	if (outcome->size)
		put(event, outcome->data, outcome->size);
	else
		put(event, "", 1);
}

/* TPMS_NV_PUBLIC of the owner's index, behind the byte that says that it is there. */
static void put_owner_index(struct owner_event *event, size_t policy_size)
{
	uint8_t public[15] = {1};

	put_be32(public + 1, LCP_OWNER_INDEX);
	put_be16(public + 5, TPM_ALG_SHA256);
	put_be32(public + 7, OWNER_ATTRIBUTES);
	put_be16(public + 11, 0); /* no policy */
	put_be16(public + 13, (uint16_t)policy_size);
	put(event, public, sizeof(public));
}

/* One of {u8 present, TPMS_NV_PUBLIC}; 0 bytes where there is none. */
static size_t entry_size(struct reader r)
{
	const size_t start = r.at;

	if (reader_u8(&r) != 1)
		return 0;
	reader_skip(&r, 4 + 2 + 4);
	reader_skip(&r, reader_be16(&r));
	reader_skip(&r, 2);
	return r.failed ? 0 : r.at - start;
}

/* The indices of the start-up module, of the supplier and of the owner. */
static void put_nv_info(
	struct owner_event *event, const uint8_t *seen, size_t seen_size, size_t policy_size)
{
	struct reader r = reader_of(seen, seen_size);

	for (unsigned i = 0; i < 3; i++) {
		const size_t size = entry_size(r);

		if (size)
			put(event, r.data + r.at, size);
		else if (i < 2)
			put(event, "", 1);
		else
			put_owner_index(event, policy_size);
		reader_skip(&r, size ? size : 1);
	}
}

void owner_event(const struct owner *owner, uint32_t type, const uint8_t *seen, size_t seen_size,
	struct owner_event *event)
{
	uint8_t control[4];

	event->size = 0;
	switch (type) {
	case TXT_EV_LCP_CONTROL:
		put_le32(control, owner->policy.control);
		put(event, control, sizeof(control));
		break;
	case TXT_EV_LCP_DETAILS:
		put_outcome(event, &owner->outcome.details);
		break;
	case TXT_EV_LCP_AUTHORITIES:
		put_outcome(event, &owner->outcome.authorities);
		break;
	case TXT_EV_NV_INFO:
		put_nv_info(event, seen, seen_size, owner->policy_size);
		break;
	}
}
