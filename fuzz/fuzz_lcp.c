/* sources: tboot-integration/txtsim/model/lcp.c tboot-integration/txtsim/model/lcplist.c */
/* sources: tboot-integration/txtsim/model/digest.c */
/* libs: -lcrypto */
/* coverage: edges, comparisons, lean */
/* options: -max_len=1024 */
/*
 * Launch control policies: 70 bytes of LCP_POLICY, then LCP_POLICY_DATA. Whatever they hold, an
 * allowed launch has events that fit, and a list of type LIST is never satisfied by bytes that its
 * hash does not name. Where it is not given, the elements are matched without it, which bytes
 * cannot guess. A reserved byte of the policy chooses the platform: bit 0 that any will do, bit 1
 * other PCRs, bit 2 that the policy is given the hash of its data.
 */
#include <stdlib.h>
#include <string.h>

#include "tboot-integration/txtsim/model/lcplist.h"

#define POLICY_SIZE 70u
#define DATA_HEADER 36u
#define RESERVED    36u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match_lists(
	const struct lcp_policy *policy, const struct lcp_launch *launch, struct reader r)
{
	struct lcp_match mle = {.type = LCP_ELEMENT_MLE2}, pconf = {.type = LCP_ELEMENT_PCONF2};
	struct lcp_list list;

	reader_skip(&r, DATA_HEADER);
	while (reader_left(&r) && lcp_list_read(&r, policy, &list) == LCP_ALLOWED) {
		lcp_list_match(&list, policy, launch, &mle);
		lcp_list_match(&list, policy, launch, &pconf);
	}
	if ((mle.list && !mle.present) || (pconf.list && !pconf.present))
		abort();
}

/* What the policy's owner would have written into it for these data. */
static void give_hash(struct lcp_policy *policy, const uint8_t *data, size_t size)
{
	const uint32_t hash = lcp_hash_size(policy->hash_alg);
	struct reader r = reader_of(data, size);
	uint8_t all[LCP_LISTS_MAX * 32];
	struct digests digests;
	struct lcp_list list;
	size_t n = 0;

	if (size <= DATA_HEADER || data[DATA_HEADER - 1] > LCP_LISTS_MAX)
		return;
	reader_skip(&r, DATA_HEADER);
	for (unsigned i = 0; i < data[DATA_HEADER - 1]; i++, n += hash) {
		if (lcp_list_read(&r, policy, &list) != LCP_ALLOWED)
			return;
		memcpy(all + n, lcp_digest(&list.authority, policy->hash_alg), hash);
	}
	digest_of(all, n, &digests);
	memcpy(policy->hash, lcp_digest(&digests, policy->hash_alg), hash);
}

static struct lcp_launch make_launch(uint8_t how)
{
	struct lcp_launch launch = {.sinit_version = 1, .any_platform = how & 1};

	memset(launch.mle.sha256, 0xaa, sizeof(launch.mle.sha256));
	memset(launch.mle.sha1, 0xa1, sizeof(launch.mle.sha1));
	memset(launch.pcr[0].sha256, how & 2 ? 0 : 0xc0, 32);
	memset(launch.pcr[2].sha256, how & 2 ? 0 : 0xc0, 32);
	return launch;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lcp_launch launch;
	struct lcp_outcome outcome;
	struct lcp_policy policy;
	enum lcp_result result;
	bool hash_given;

	if (size < POLICY_SIZE || lcp_parse(data, POLICY_SIZE, &policy) != LCP_ALLOWED)
		return 0;
	launch = make_launch(data[RESERVED]);
	hash_given = data[RESERVED] & 4;
	if (hash_given)
		give_hash(&policy, data + POLICY_SIZE, size - POLICY_SIZE);
	data += POLICY_SIZE;
	size -= POLICY_SIZE;
	if (!size && lcp_evaluate(&policy, NULL, 0, &launch, &outcome) == LCP_ALLOWED &&
		policy.type != LCP_TYPE_ANY)
		abort();
	result = lcp_evaluate(&policy, data, size, &launch, &outcome);
	if (!lcp_result_text(result) || outcome.details.size > LCP_EVENT_MAX ||
		outcome.authorities.size > LCP_EVENT_MAX)
		abort();
	if (result != LCP_ALLOWED && (outcome.details.size || outcome.authorities.size))
		abort();
	if (!hash_given)
		match_lists(&policy, &launch, reader_of(data, size));
	return 0;
}
