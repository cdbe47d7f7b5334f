#include "tboot-integration/txtsim/model/ownerpolicy.h"

#include <stdlib.h>
#include <string.h>

#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/heap.h"
#include "tboot-integration/txtsim/model/platform.h"
#include "tboot-integration/txtsim/model/tpmcmd.h"

#define SINIT_LOCALITY 3u
/* This SINIT's version, which policies may set a minimum for: acmwrite.c. */
#define SINIT_VERSION 1u
#define POLICY_MAX    128u

static int ask(struct txt *t, const uint8_t *command, size_t size, uint8_t *response)
{
	return t->ops->tpm_command(t->ctx, SINIT_LOCALITY, command, size, response, TPM_BUFFER_MAX);
}

static bool refuse(struct txt *t, enum txt_error error, enum lcp_result result)
{
	txt_log(t, "launch control policy: %s", lcp_result_text(result));
	txt_fail(t, error, (uint64_t)result);
	return false;
}

/* The owner's index, as NV_INFO describes it; false, after txt_fail(), if nobody can say. */
static bool find_index(struct txt *t, struct owner_policy *policy, uint16_t *data_size)
{
	uint8_t command[TPM_COMMAND_MAX], response[TPM_BUFFER_MAX];
	size_t n = tpm_nv_read_public(command, LCP_OWNER_INDEX);
	int answered = ask(t, command, n, response);
	uint16_t size;
	const uint8_t *area = tpm_nv_public(response, answered, &size, data_size);
	const uint8_t absent[2] = {0};

	if (tpm_response_code(response, answered) == TPM_RC_NO_INDEX)
		return true;
	if (!area || size > NV_INFO_MAX - sizeof(absent) - 1) {
		txt_fail(t, TXT_ERR_TPM_COMMAND, tpm_response_code(response, answered));
		return false;
	}
	policy->present = true;
	memcpy(policy->nv_info, absent, sizeof(absent));
	policy->nv_info[sizeof(absent)] = 1;
	memcpy(policy->nv_info + sizeof(absent) + 1, area, size);
	policy->nv_info_size = (uint32_t)(sizeof(absent) + 1 + size);
	return true;
}

static enum lcp_result read_policy(struct txt *t, uint16_t size, struct lcp_policy *policy)
{
	uint8_t command[TPM_COMMAND_MAX], response[TPM_BUFFER_MAX];
	const uint8_t *data = NULL;
	size_t n;

	if (size <= POLICY_MAX) {
		n = tpm_nv_read(command, LCP_OWNER_INDEX, size);
		data = tpm_nv_data(response, ask(t, command, n, response), size);
	}
	return data ? lcp_parse(data, size, policy) : LCP_MALFORMED;
}

/* A bank that the TPM does not have reads as zeros, which is no PCR's value after a boot. */
static void read_pcrs(struct txt *t, struct lcp_launch *launch)
{
	uint8_t command[TPM_COMMAND_MAX], response[TPM_BUFFER_MAX];

	for (unsigned i = 0; i < LCP_PCRS; i++) {
		size_t n = tpm_pcr_read(command, i);

		tpm_pcr_value(response, ask(t, command, n, response), launch->pcr[i].sha256);
		n = tpm_pcr_read_sha1(command, i);
		tpm_pcr_value_sha1(response, ask(t, command, n, response), launch->pcr[i].sha1);
	}
}

/* A copy that the guest can no longer change; NULL if there are none or too many. */
static uint8_t *copy_data(struct txt *t, const struct txt_os_sinit *os)
{
	uint8_t *data;

	if (!os->lcp_size || os->lcp_size > LCP_DATA_MAX)
		return NULL;
	data = malloc(os->lcp_size);
	if (data && txt_read_memory(t, os->lcp_base, data, os->lcp_size))
		return data;
	free(data);
	return NULL;
}

static enum txt_error error_of(enum lcp_result result)
{
	switch (result) {
	case LCP_MALFORMED:
		return TXT_ERR_LCP_INDEX;
	case LCP_OLD_SINIT:
		return TXT_ERR_LCP_SINIT;
	case LCP_NO_MLE:
	case LCP_NO_PCONF:
		return TXT_ERR_LCP_MATCH;
	default:
		return TXT_ERR_LCP_DATA;
	}
}

bool owner_policy_allows(struct txt *t, const struct txt_os_sinit *os, const struct digests *mle,
	struct owner_policy *policy)
{
	struct lcp_launch launch = {.mle = *mle, .sinit_version = SINIT_VERSION};
	struct lcp_policy lcp;
	enum lcp_result result;
	uint16_t size = 0;
	uint8_t *data;

	memset(policy, 0, sizeof(*policy));
	if (!find_index(t, policy, &size))
		return false;
	if (!policy->present)
		return true;
	result = read_policy(t, size, &lcp);
	if (result != LCP_ALLOWED)
		return refuse(t, error_of(result), result);
	put_le32(policy->control, lcp.control);
	read_pcrs(t, &launch);
	data = copy_data(t, os);
	result = lcp_evaluate(&lcp, data, data ? os->lcp_size : 0, &launch, &policy->outcome);
	free(data);
	if (result != LCP_ALLOWED)
		return refuse(t, error_of(result), result);
	txt_log(t, "launch control policy: allowed by type %s",
		lcp.type == LCP_TYPE_ANY ? "any" : "list");
	return true;
}
