/*
 * Launch control policies as SINIT reads them (MLE Developer's Guide, chapter 3 and appendix D):
 * LCP_POLICY from the owner's TPM NV index, LCP_POLICY_DATA from a file that the loader brought.
 * Pure; both are a stranger's bytes.
 *
 * Read: policy version 3, types ANY and LIST; lists of version 2 (unsigned or RSASSA) and 3
 * (unsigned or RSAPSS), RSA-2048 and RSA-3072 with SHA-256; elements MLE2 and PCONF2 with SHA-1 or
 * SHA-256. Elements of other types, and of hash algorithms that the policy's mask leaves out, are
 * passed over. A list that is malformed or whose signature does not verify refuses the launch.
 */
#ifndef TXTSIM_LCP_H
#define TXTSIM_LCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tboot-integration/txtsim/model/digest.h"

#define LCP_OWNER_INDEX 0x01c10106u
#define LCP_LISTS_MAX   8u
#define LCP_DATA_MAX    0x20000u /* of a policy data file */
#define LCP_PCRS        8u       /* PCR 0 to 7 are what a platform element may name */
/* What the two events of a launch under a policy may hold. */
#define LCP_EVENT_MAX 128u

enum lcp_type { LCP_TYPE_LIST = 0, LCP_TYPE_ANY = 1 };

struct lcp_policy {
	uint16_t version;
	uint16_t hash_alg; /* of `hash` */
	uint8_t type;      /* enum lcp_type */
	uint8_t sinit_min_version;
	uint16_t revocation[LCP_LISTS_MAX];
	uint32_t control;
	uint16_t hash_algs; /* mask of those that elements may use */
	uint32_t sign_algs; /* mask of those that lists may be signed with */
	uint8_t hash[32];   /* of the policy data; its first 20 bytes for SHA-1 */
};

/* What is launched, and on what. */
struct lcp_launch {
	struct digests mle;
	uint8_t sinit_version;
	struct digests pcr[LCP_PCRS]; /* values, by bank */
	/* Their values are not known: the only platform that the lists name must be it. */
	bool any_platform;
};

enum lcp_result {
	LCP_ALLOWED,
	LCP_MALFORMED,     /* of the policy itself */
	LCP_NO_DATA,       /* type LIST, and no policy data */
	LCP_BAD_DATA,      /* malformed, or not what the policy's hash names */
	LCP_BAD_SIGNATURE, /* of a list, or by an algorithm that the policy does not allow */
	LCP_REVOKED,       /* a signed list is older than the policy wants */
	LCP_OLD_SINIT,     /* SINIT is older than policy or element want */
	LCP_NO_MLE,        /* no MLE element matches */
	LCP_NO_PCONF,      /* no platform element matches */
	LCP_AMBIGUOUS,     /* any_platform, and the lists name more than one */
};

/* What SINIT then extends: data of LCP_DETAILS and LCP_AUTHORITIES. */
struct lcp_event {
	uint8_t data[LCP_EVENT_MAX];
	uint32_t size;
};

struct lcp_outcome {
	/* For each element type that decided, in the order MLE, PCONF: {u32 type, u16 hash
	 * algorithm, the digest that matched}. */
	struct lcp_event details;
	/* For each of them the digest of its list's authority: key, or the unsigned list. */
	struct lcp_event authorities;
};

enum lcp_result lcp_parse(const uint8_t *bytes, size_t size, struct lcp_policy *policy);
/* data may be NULL. `outcome` is all zero but for LCP_ALLOWED under a policy of type LIST. */
enum lcp_result lcp_evaluate(const struct lcp_policy *policy, const uint8_t *data, size_t size,
	const struct lcp_launch *launch, struct lcp_outcome *outcome);
const char *lcp_result_text(enum lcp_result result);

#endif
