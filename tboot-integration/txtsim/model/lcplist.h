/* One list of LCP_POLICY_DATA: its frame, its signature, its elements. Used by lcp.c alone. */
#ifndef TXTSIM_LCPLIST_H
#define TXTSIM_LCPLIST_H

#include "lib/reader.h"
#include "tboot-integration/txtsim/model/lcp.h"

enum lcp_element { LCP_ELEMENT_MLE2 = 0x10, LCP_ELEMENT_PCONF2 = 0x11 };

struct lcp_list {
	struct reader elements; /* of the bytes that lcp_list_read() was given */
	struct digests authority;
	bool is_signed;
	uint16_t revocation;
};

/* The search for an element of one type over all lists; starts with the type alone. */
struct lcp_match {
	uint32_t type;
	bool present;                /* there is an element of this type */
	bool old_sinit;              /* one was passed over because it wants a newer SINIT */
	const struct lcp_list *list; /* the list of the first element that matched, or NULL */
	uint16_t hash_alg;
	uint8_t digest[32]; /* what matched */
};

/* Bytes of a digest; 0 for an algorithm that is not supported. */
uint32_t lcp_hash_size(uint16_t alg);
/* The digest by that algorithm, which must be supported. */
const uint8_t *lcp_digest(const struct digests *digests, uint16_t alg);

/* Reads one list and checks its signature; r is then behind it. */
enum lcp_result lcp_list_read(
	struct reader *r, const struct lcp_policy *policy, struct lcp_list *list);
/* Looks through one list, unless an earlier one matched. */
enum lcp_result lcp_list_match(const struct lcp_list *list, const struct lcp_policy *policy,
	const struct lcp_launch *launch, struct lcp_match *match);

#endif
