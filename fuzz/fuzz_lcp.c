/* sources: tboot-integration/txtsim/model/lcp.c tboot-integration/txtsim/model/lcplist.c */
/* sources: tboot-integration/txtsim/model/digest.c */
/* libs: -lcrypto */
/*
 * Launch control policies: 70 bytes of LCP_POLICY, then LCP_POLICY_DATA. Whatever they hold, an
 * allowed launch has events that fit, and a list of type LIST is never satisfied by bytes that its
 * hash does not name. The elements are also matched without that hash, which bytes cannot guess.
 */
#include <stdlib.h>
#include <string.h>

#include "tboot-integration/txtsim/model/lcplist.h"

#define POLICY_SIZE 70u
#define DATA_HEADER 36u

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lcp_launch launch = {.sinit_version = 1};
	struct lcp_outcome outcome;
	struct lcp_policy policy;
	enum lcp_result result;

	memset(launch.mle.sha256, 0xaa, sizeof(launch.mle.sha256));
	if (size < POLICY_SIZE || lcp_parse(data, POLICY_SIZE, &policy) != LCP_ALLOWED)
		return 0;
	data += POLICY_SIZE;
	size -= POLICY_SIZE;
	result = lcp_evaluate(&policy, data, size, &launch, &outcome);
	if (!lcp_result_text(result) || outcome.details.size > LCP_EVENT_MAX ||
		outcome.authorities.size > LCP_EVENT_MAX)
		abort();
	if (result != LCP_ALLOWED && (outcome.details.size || outcome.authorities.size))
		abort();
	match_lists(&policy, &launch, reader_of(data, size));
	return 0;
}
