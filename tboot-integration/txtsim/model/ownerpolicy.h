/* The platform owner's launch control policy: from the TPM and the loader to SINIT's decision. */
#ifndef TXTSIM_OWNERPOLICY_H
#define TXTSIM_OWNERPOLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "tboot-integration/txtsim/model/lcp.h"

struct txt;
struct txt_os_sinit;

#define NV_INFO_MAX 128u

struct owner_policy {
	bool present; /* the TPM has the owner's index */
	uint8_t control[4];
	struct lcp_outcome outcome;
	/* NV_INFO's data: {present, TPMS_NV_PUBLIC} for the AUX, the supplier's, the owner's index.
	 */
	uint8_t nv_info[NV_INFO_MAX];
	uint32_t nv_info_size;
};

/* Decides whether this MLE may be launched; on refusal calls txt_fail(). */
bool owner_policy_allows(struct txt *t, const struct txt_os_sinit *os, const struct digests *mle,
	struct owner_policy *policy);

#endif
