#include "tboot-integration/txtsim/model/lcplist.h"

#include <string.h>

#include "tboot-integration/txtsim/model/tpmcmd.h"

/* TCG algorithm ids of signatures. */
#define ALG_RSA    0x0001u
#define ALG_NULL   0x0010u
#define ALG_RSASSA 0x0014u
#define ALG_RSAPSS 0x0016u

/* Bits of LCP_POLICY's masks (D.1.1). */
#define HASH_SHA1            0x0001u
#define HASH_SHA256          0x0008u
#define SIGN_RSA_2048_SHA256 0x00000008u
#define SIGN_RSA_3072_SHA256 0x00000040u

#define LIST_HEADER          8u
#define ELEMENT_HEADER       12u
#define STRUCT_VERSION       0x10u /* of each part of a version 3 signature */
#define RSA_F4               0x10001u
#define RSA_2048_BYTES       256u
#define RSA_3072_BYTES       384u

/* A list's signature as it lies in the file; modulus and signature are little-endian. */
struct signature {
	const uint8_t *modulus;
	const uint8_t *value;
	uint32_t bytes;
	enum rsa_padding padding;
	const uint8_t *covered;
	size_t covered_size;
};

/* Version 2: {u16 revocation counter, u16 key size, key, signature}; all before it is signed. */
static bool read_signature_2(
	struct reader *r, size_t start, struct lcp_list *list, struct signature *s)
{
	list->revocation = reader_le16(r);
	s->bytes = reader_le16(r);
	s->modulus = reader_bytes(r, s->bytes);
	s->covered = r->data + start;
	s->covered_size = r->at - start;
	s->value = reader_bytes(r, s->bytes);
	s->padding = RSA_PADDING_PKCS1;
	return !r->failed;
}

/* Version 3: {u16 revocation counter, key and signature as tagged parts}. */
static bool read_signature_3(
	struct reader *r, size_t start, struct lcp_list *list, struct signature *s)
{
	bool good;

	list->revocation = reader_le16(r);
	s->covered = r->data + start;
	s->covered_size = r->at - start;
	good = reader_u8(r) == STRUCT_VERSION && reader_le16(r) == ALG_RSA;
	good = reader_u8(r) == STRUCT_VERSION && good;
	s->bytes = reader_le16(r) / 8u;
	good = reader_le32(r) == RSA_F4 && good;
	s->modulus = reader_bytes(r, s->bytes);
	good = reader_le16(r) == ALG_RSAPSS && good;
	good = reader_u8(r) == STRUCT_VERSION && good;
	good = reader_le16(r) / 8u == s->bytes && good;
	good = reader_le16(r) == TPM_ALG_SHA256 && good;
	s->value = reader_bytes(r, s->bytes);
	s->padding = RSA_PADDING_PSS;
	return good && !r->failed;
}

static enum lcp_result verify(
	const struct lcp_policy *policy, const struct signature *s, struct lcp_list *list)
{
	const uint32_t bit = s->bytes == RSA_2048_BYTES   ? SIGN_RSA_2048_SHA256
			     : s->bytes == RSA_3072_BYTES ? SIGN_RSA_3072_SHA256
							  : 0;
	struct digests digests;

	if (!(policy->sign_algs & bit))
		return LCP_BAD_SIGNATURE;
	digest_of(s->covered, s->covered_size, &digests);
	digest_of(s->modulus, s->bytes, &list->authority);
	return rsa_verify(s->modulus, s->value, s->bytes, RSA_F4, digests.sha256, s->padding)
		       ? LCP_ALLOWED
		       : LCP_BAD_SIGNATURE;
}

/* An unsigned list is its own authority. */
static enum lcp_result whole_list(struct reader *r, size_t start, struct lcp_list *list)
{
	if (r->failed)
		return LCP_BAD_DATA;
	digest_of(r->data + start, r->at - start, &list->authority);
	return LCP_ALLOWED;
}

enum lcp_result lcp_list_read(
	struct reader *r, const struct lcp_policy *policy, struct lcp_list *list)
{
	const size_t start = r->at;
	const uint16_t version = reader_le16(r);
	const uint16_t second = reader_le16(r); /* 2: signature algorithm; 3: its offset, or 0 */
	const uint32_t size = reader_le32(r);
	struct signature s = {0};
	bool good;

	*list = (struct lcp_list){.elements = reader_sub(r, size)};
	switch (version >> 8) {
	case 2:
		if (second == ALG_NULL)
			return whole_list(r, start, list);
		if (second != ALG_RSASSA)
			return LCP_BAD_SIGNATURE;
		good = read_signature_2(r, start, list, &s);
		break;
	case 3:
		if (!second)
			return whole_list(r, start, list);
		good = second == LIST_HEADER + size + 2 && read_signature_3(r, start, list, &s);
		break;
	default:
		return LCP_BAD_DATA;
	}
	if (!good || r->failed)
		return LCP_BAD_DATA;
	list->is_signed = true;
	return verify(policy, &s, list);
}

static bool alg_allowed(const struct lcp_policy *policy, uint16_t alg)
{
	return policy->hash_algs & (alg == TPM_ALG_SHA1            ? HASH_SHA1
					   : alg == TPM_ALG_SHA256 ? HASH_SHA256
								   : 0);
}

static void take(
	struct lcp_match *match, const struct lcp_list *list, uint16_t alg, const uint8_t *digest)
{
	match->list = list;
	match->hash_alg = alg;
	memcpy(match->digest, digest, lcp_hash_size(alg));
}

/* Without values every platform matches, so there may be no second one. */
static enum lcp_result take_any(
	struct lcp_match *match, const struct lcp_list *list, uint16_t alg, const uint8_t *digest)
{
	if (!match->list)
		take(match, list, alg, digest);
	else if (match->hash_alg != alg || memcmp(match->digest, digest, lcp_hash_size(alg)) != 0)
		return LCP_AMBIGUOUS;
	return LCP_ALLOWED;
}

/* LCP_MLE_ELEMENT2: {u8 SINIT's lowest version, u8, u16 algorithm, u16 count, digests}. */
static enum lcp_result match_mle(struct reader *e, const struct lcp_list *list,
	const struct lcp_policy *policy, const struct lcp_launch *launch, struct lcp_match *match)
{
	const uint8_t sinit = reader_u8(e);
	uint16_t alg, count;

	reader_skip(e, 1);
	alg = reader_le16(e);
	count = reader_le16(e);
	if (e->failed)
		return LCP_BAD_DATA;
	if (!alg_allowed(policy, alg))
		return LCP_ALLOWED;
	for (unsigned i = 0; i < count; i++) {
		const uint8_t *digest = reader_bytes(e, lcp_hash_size(alg));

		if (!digest)
			return LCP_BAD_DATA;
		if (memcmp(digest, lcp_digest(&launch->mle, alg), lcp_hash_size(alg)) != 0)
			continue;
		if (launch->sinit_version < sinit)
			match->old_sinit = true;
		else
			take(match, list, alg, digest);
	}
	return LCP_ALLOWED;
}

/* The digest of the values of the selected PCRs, in order (TPM 2.0 Library, part 1, 17.5). */
static void digest_pcrs(
	const struct lcp_launch *launch, uint8_t selected, uint16_t alg, struct digests *out)
{
	struct digest_stream *stream = digest_begin();

	for (unsigned i = 0; i < LCP_PCRS; i++) {
		if (selected >> i & 1)
			digest_update(stream, lcp_digest(&launch->pcr[i], alg), lcp_hash_size(alg));
	}
	digest_end(stream, out);
}

/* One TPMS_QUOTE_INFO: a selection of one bank, and a digest; big-endian. */
static enum lcp_result match_quote_info(struct reader *e, uint16_t alg, const struct lcp_list *list,
	const struct lcp_launch *launch, struct lcp_match *match)
{
	const bool one = reader_be32(e) == 1 && reader_be16(e) == alg && reader_u8(e) == 3;
	const uint8_t selected = reader_u8(e);
	const bool low = reader_be16(e) == 0; /* no PCR above 7 */
	const bool sized = reader_be16(e) == lcp_hash_size(alg);
	const uint8_t *digest = reader_bytes(e, lcp_hash_size(alg));
	struct digests found;

	if (!digest || !one || !low || !sized)
		return LCP_BAD_DATA;
	if (launch->any_platform)
		return take_any(match, list, alg, digest);
	digest_pcrs(launch, selected, alg, &found);
	if (!memcmp(digest, lcp_digest(&found, alg), lcp_hash_size(alg)))
		take(match, list, alg, digest);
	return LCP_ALLOWED;
}

/* LCP_PCONF_ELEMENT2: {u16 algorithm, u16 count, quote infos}. */
static enum lcp_result match_pconf(struct reader *e, const struct lcp_list *list,
	const struct lcp_policy *policy, const struct lcp_launch *launch, struct lcp_match *match)
{
	const uint16_t alg = reader_le16(e), count = reader_le16(e);

	if (e->failed)
		return LCP_BAD_DATA;
	for (unsigned i = 0; alg_allowed(policy, alg) && i < count; i++) {
		enum lcp_result result = match_quote_info(e, alg, list, launch, match);

		if (result != LCP_ALLOWED)
			return result;
	}
	return LCP_ALLOWED;
}

enum lcp_result lcp_list_match(const struct lcp_list *list, const struct lcp_policy *policy,
	const struct lcp_launch *launch, struct lcp_match *match)
{
	const bool all = launch->any_platform && match->type == LCP_ELEMENT_PCONF2;
	struct reader r = list->elements;

	while ((all || !match->list) && reader_left(&r)) {
		const uint32_t size = reader_le32(&r), type = reader_le32(&r);
		enum lcp_result result = LCP_ALLOWED;
		struct reader e;

		reader_skip(&r, 4); /* control: overrides of the supplier's policy */
		if (r.failed || size < ELEMENT_HEADER)
			return LCP_BAD_DATA;
		e = reader_sub(&r, size - ELEMENT_HEADER);
		if (r.failed)
			return LCP_BAD_DATA;
		if (type != match->type)
			continue;
		match->present = true;
		result = type == LCP_ELEMENT_MLE2 ? match_mle(&e, list, policy, launch, match)
						  : match_pconf(&e, list, policy, launch, match);
		if (result != LCP_ALLOWED)
			return result;
	}
	return LCP_ALLOWED;
}
