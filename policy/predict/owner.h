/*
 * The platform owner's launch control policy: what SINIT measures of it (TXT MLE developer's guide,
 * chapter 3 and appendix D). It is in TPM NV, so no log of a launch is needed to know it.
 */
#ifndef PREDICT_OWNER_H
#define PREDICT_OWNER_H

#include "policy/predict/buffer.h"
#include "tboot-integration/txtsim/model/lcp.h"

#define OWNER_EVENT_MAX 256u

/* The data of an event; `size` 0: this policy has no say in it. */
struct owner_event {
	uint8_t data[OWNER_EVENT_MAX];
	size_t size;
};

struct owner {
	struct lcp_policy policy;
	size_t policy_size;         /* of the NV index that holds it */
	struct lcp_outcome outcome; /* details and authorities; empty for a policy of type ANY */
};

/*
 * Pure. `data` is the policy data file, NULL where the policy is of type ANY. Which SINIT and which
 * platform a policy wants is not judged here: a launch that they refuse does not take place.
 * VMK_BAD_FORMAT, with *why (static text), for a policy that would refuse this MLE, is malformed,
 * or names several platforms, so that nobody can tell which of them will be measured.
 */
enum vmk_status owner_read(const struct buffer *policy, const struct buffer *data,
	const struct digests *mle, struct owner *owner, const char **why);
/*
 * What SINIT extends for an event of that type: LCP_CONTROL, LCP_DETAILS, LCP_AUTHORITIES or
 * NV_INFO. `seen` is that event's data in the platform layer: of NV_INFO it tells the indices of
 * others, and the owner's where it was there already; else that is as image/provision defines it.
 */
void owner_event(const struct owner *owner, uint32_t type, const uint8_t *seen, size_t seen_size,
	struct owner_event *event);

#endif
