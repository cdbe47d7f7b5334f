#include "tboot-integration/txtsim/model/lcp.h"

#include "lib/reader.h"
#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/lcplist.h"
#include "tboot-integration/txtsim/model/tpmcmd.h"

/* LCP_POLICY_DATA: signature, reserved bytes, number of lists. */
static const uint8_t file_signature[32] = "Intel(R) TXT LCP_POLICY_DATA";
#define FILE_RESERVED 3u

#define POLICY_MAJOR  3u

const char *lcp_result_text(enum lcp_result result)
{
	static const char *const texts[] = {
		[LCP_ALLOWED] = "allowed",
		[LCP_MALFORMED] = "the policy in TPM NV is malformed",
		[LCP_NO_DATA] = "the policy wants policy data, and none were loaded",
		[LCP_BAD_DATA] = "the policy data are not those of the policy",
		[LCP_BAD_SIGNATURE] = "a list's signature is not acceptable",
		[LCP_REVOKED] = "a signed list is revoked",
		[LCP_OLD_SINIT] = "the policy wants a newer SINIT",
		[LCP_NO_MLE] = "the MLE is on no list",
		[LCP_NO_PCONF] = "the platform's PCRs are on no list",
		[LCP_AMBIGUOUS] = "the lists name several platforms",
	};

	return texts[result];
}

uint32_t lcp_hash_size(uint16_t alg)
{
	switch (alg) {
	case TPM_ALG_SHA1:
		return sizeof(((struct digests *)NULL)->sha1);
	case TPM_ALG_SHA256:
		return sizeof(((struct digests *)NULL)->sha256);
	default:
		return 0;
	}
}

const uint8_t *lcp_digest(const struct digests *digests, uint16_t alg)
{
	return alg == TPM_ALG_SHA1 ? digests->sha1 : digests->sha256;
}

enum lcp_result lcp_parse(const uint8_t *bytes, size_t size, struct lcp_policy *policy)
{
	struct reader r = reader_of(bytes, size);
	uint32_t hash_size;

	*policy = (struct lcp_policy){0};
	policy->version = reader_le16(&r);
	policy->hash_alg = reader_le16(&r);
	policy->type = reader_u8(&r);
	policy->sinit_min_version = reader_u8(&r);
	for (unsigned i = 0; i < LCP_LISTS_MAX; i++)
		policy->revocation[i] = reader_le16(&r);
	policy->control = reader_le32(&r);
	reader_skip(&r, 2); /* bounds of what firmware may promote */
	policy->hash_algs = reader_le16(&r);
	policy->sign_algs = reader_le32(&r);
	reader_skip(&r, 4); /* the AUX index' algorithms, reserved */
	hash_size = lcp_hash_size(policy->hash_alg);
	if (!hash_size || policy->version >> 8 != POLICY_MAJOR || policy->type > LCP_TYPE_ANY ||
		!reader_copy(&r, policy->hash, hash_size))
		return LCP_MALFORMED;
	return LCP_ALLOWED;
}

/* The digests of all lists' authorities, one after the other, must have the policy's hash. */
static enum lcp_result check_hash(
	const struct lcp_policy *policy, const struct lcp_list *lists, unsigned count)
{
	const uint32_t size = lcp_hash_size(policy->hash_alg);
	uint8_t all[LCP_LISTS_MAX * 32];
	struct digests digests;

	for (unsigned i = 0; i < count; i++)
		memcpy(all + i * size, lcp_digest(&lists[i].authority, policy->hash_alg), size);
	digest_of(all, count * size, &digests);
	return memcmp(lcp_digest(&digests, policy->hash_alg), policy->hash, size) ? LCP_BAD_DATA
										  : LCP_ALLOWED;
}

static enum lcp_result read_lists(const struct lcp_policy *policy, struct reader *r,
	struct lcp_list lists[LCP_LISTS_MAX], unsigned *count)
{
	const uint8_t *signature = reader_bytes(r, sizeof(file_signature));

	if (!signature || memcmp(signature, file_signature, sizeof(file_signature)) != 0 ||
		!reader_skip(r, FILE_RESERVED))
		return LCP_BAD_DATA;
	*count = reader_u8(r);
	if (r->failed || !*count || *count > LCP_LISTS_MAX)
		return LCP_BAD_DATA;
	for (unsigned i = 0; i < *count; i++) {
		enum lcp_result result = lcp_list_read(r, policy, &lists[i]);

		if (result != LCP_ALLOWED)
			return result;
		if (lists[i].is_signed && lists[i].revocation < policy->revocation[i])
			return LCP_REVOKED;
	}
	return check_hash(policy, lists, *count);
}

static void add(struct lcp_event *event, const void *data, uint32_t size)
{
	memcpy(event->data + event->size, data, size);
	event->size += size;
}

static void add_match(
	struct lcp_outcome *outcome, const struct lcp_policy *policy, const struct lcp_match *match)
{
	uint8_t header[6];

	if (!match->list)
		return;
	put_le32(header, match->type);
	put_le16(header + 4, match->hash_alg);
	add(&outcome->details, header, sizeof(header));
	add(&outcome->details, match->digest, lcp_hash_size(match->hash_alg));
	add(&outcome->authorities, lcp_digest(&match->list->authority, policy->hash_alg),
		lcp_hash_size(policy->hash_alg));
}

/* A type of element that is on some list must match on some list. */
static enum lcp_result match_all(const struct lcp_policy *policy, const struct lcp_list *lists,
	unsigned count, const struct lcp_launch *launch, struct lcp_outcome *outcome)
{
	struct lcp_match mle = {.type = LCP_ELEMENT_MLE2};
	struct lcp_match pconf = {.type = LCP_ELEMENT_PCONF2};

	for (unsigned i = 0; i < count; i++) {
		enum lcp_result result = lcp_list_match(&lists[i], policy, launch, &mle);

		if (result == LCP_ALLOWED)
			result = lcp_list_match(&lists[i], policy, launch, &pconf);
		if (result != LCP_ALLOWED)
			return result;
	}
	if (mle.present && !mle.list)
		return mle.old_sinit ? LCP_OLD_SINIT : LCP_NO_MLE;
	if (pconf.present && !pconf.list)
		return LCP_NO_PCONF;
	add_match(outcome, policy, &mle);
	add_match(outcome, policy, &pconf);
	return LCP_ALLOWED;
}

enum lcp_result lcp_evaluate(const struct lcp_policy *policy, const uint8_t *data, size_t size,
	const struct lcp_launch *launch, struct lcp_outcome *outcome)
{
	struct lcp_list lists[LCP_LISTS_MAX];
	struct reader r = reader_of(data, size);
	enum lcp_result result;
	unsigned count;

	*outcome = (struct lcp_outcome){0};
	if (launch->sinit_version < policy->sinit_min_version)
		return LCP_OLD_SINIT;
	if (policy->type == LCP_TYPE_ANY)
		return LCP_ALLOWED;
	if (!data)
		return LCP_NO_DATA;
	result = read_lists(policy, &r, lists, &count);
	return result == LCP_ALLOWED ? match_all(policy, lists, count, launch, outcome) : result;
}
