#include "trust/quote.h"

#include "trust/hash.h"
#include "trust/tpm_run.h"

#include "lib/wipe.h"

#include <string.h>
#include <tss2/tss2_mu.h>

#define LABEL_1     "merlon-qd-1"
#define LABEL_2     "merlon-qd-2"
#define LABEL_BYTES (sizeof(LABEL_1) - 1)

#define PCR_MASK    ((1u << TPM_PCRS) - 1)

enum vmk_status quote_check(const struct vmk_quote_request *request)
{
	bool credential = request->credential_size != 0 || request->secret_size != 0;

	if (request->qd_version > 2)
		return VMK_UNSUPPORTED;
	if (request->pcr_mask == 0 || (request->pcr_mask & ~PCR_MASK))
		return VMK_BAD_PARAM;
	if (request->nonce_size < 8 || request->nonce_size > VMK_NONCE_MAX)
		return VMK_BAD_PARAM;
	if (request->credential_size > VMK_CREDENTIAL_MAX ||
		request->secret_size > VMK_CREDENTIAL_MAX)
		return VMK_BAD_PARAM;
	if (request->qd_version == 2)
		return request->credential_size && request->secret_size ? VMK_OK : VMK_BAD_PARAM;
	return credential ? VMK_BAD_PARAM : VMK_OK;
}

size_t quote_qualifying(const struct vmk_quote_request *request, const uint8_t *secret,
	size_t secret_bytes, uint8_t data[QUOTE_QUALIFYING_MAX])
{
	uint8_t joined[LABEL_BYTES + QUOTE_SECRET_MAX + VMK_NONCE_MAX];
	size_t at = LABEL_BYTES;

	if (request->qd_version == 0) {
		memcpy(data, request->nonce, request->nonce_size);
		return request->nonce_size;
	}
	if (request->qd_version == 1) {
		memcpy(joined, LABEL_1, LABEL_BYTES);
		memcpy(joined + at, request->channel_key, sizeof(request->channel_key));
		at += sizeof(request->channel_key);
	} else {
		memcpy(joined, LABEL_2, LABEL_BYTES);
		memcpy(joined + at, secret, secret_bytes);
		at += secret_bytes;
	}
	memcpy(joined + at, request->nonce, request->nonce_size);
	hash_sha256(joined, at + request->nonce_size, data);
	wipe(joined, sizeof(joined));
	return SHA256_BYTES;
}

static enum vmk_status fail(struct tpm *tpm, enum vmk_status status, const char *why)
{
	tpm->why = why;
	return status;
}

/* Both must be exactly one TPM2B, to the last byte. */
static enum vmk_status parse_credential(
	struct tpm *tpm, struct tpm_scratch *s, const struct vmk_quote_request *request)
{
	size_t at = 0;

	if (Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(request->credential, request->credential_size, &at,
		    &s->activate.credential) != 0 ||
		at != request->credential_size)
		return fail(tpm, VMK_BAD_FORMAT, "the credential is not a TPM2B_ID_OBJECT");
	at = 0;
	if (Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(
		    request->secret, request->secret_size, &at, &s->activate.secret) != 0 ||
		at != request->secret_size)
		return fail(tpm, VMK_BAD_FORMAT, "the secret is not a TPM2B_ENCRYPTED_SECRET");
	return VMK_OK;
}

/* An unsalted, unbound policy session: what it authorizes needs no secrecy from the bus. */
static enum vmk_status start_session(struct tpm *tpm, uint32_t *session)
{
	struct tpm_scratch *s = tpm_scratch_clear(tpm);

	s->activate.empty.size = 16;
	s->activate.symmetric.algorithm = TPM2_ALG_NULL;
	s->activate.nonce.size = TPM2B_ROOM(TPM2B_NONCE);
	return TPM_RUN(tpm, Tss2_Sys_StartAuthSession(tpm->sys, TPM2_RH_NULL, TPM2_RH_NULL, NULL,
				    &s->activate.empty, &s->activate.secret, TPM2_SE_POLICY,
				    &s->activate.symmetric, TPM2_ALG_SHA256, session,
				    &s->activate.nonce, NULL));
}

static enum vmk_status satisfy_policy(struct tpm *tpm, uint32_t session)
{
	struct tpm_scratch *s = tpm_scratch_clear(tpm);

	s->activate.timeout.size = TPM2B_ROOM(TPM2B_TIMEOUT);
	return TPM_RUN(tpm, Tss2_Sys_PolicySecret(tpm->sys, TPM2_RH_ENDORSEMENT, session, &s->auth,
				    &s->activate.empty, &s->activate.empty, &s->activate.empty, 0,
				    &s->activate.timeout, &s->activate.ticket, &s->auth_response));
}

static enum vmk_status activate(struct tpm *tpm, uint32_t ak, uint32_t ek, uint32_t session,
	const struct vmk_quote_request *request)
{
	struct tpm_scratch *s = tpm_scratch_clear(tpm);
	enum vmk_status status = parse_credential(tpm, s, request);

	if (status != VMK_OK)
		return status;
	s->auth.count = 2;
	s->auth.auths[1].sessionHandle = session;
	s->activate.result.size = TPM2B_ROOM(TPM2B_DIGEST);
	status = TPM_RUN(tpm,
		Tss2_Sys_ActivateCredential(tpm->sys, ak, ek, &s->auth, &s->activate.credential,
			&s->activate.secret, &s->activate.result, &s->auth_response));
	/* libtpms answers TPM_RC_FAILURE to a secret that is no ciphertext at all. */
	if (status != VMK_OK && (tpm->rc & TSS2_RC_LAYER_MASK) == TSS2_TPM_RC_LAYER)
		return fail(tpm, VMK_DENIED, "the credential is not for these keys");
	return status;
}

enum vmk_status quote_activate(struct tpm *tpm, const struct tpm_key *ak, const struct tpm_key *ek,
	const struct vmk_quote_request *request, uint8_t out[QUOTE_SECRET_MAX], size_t *out_bytes)
{
	uint32_t session = 0;
	enum vmk_status status = parse_credential(tpm, tpm_scratch_clear(tpm), request);

	*out_bytes = 0;
	if (status == VMK_OK)
		status = start_session(tpm, &session);
	if (status != VMK_OK)
		return status;
	status = satisfy_policy(tpm, session);
	if (status == VMK_OK)
		status = activate(tpm, ak->handle, ek->handle, session, request);
	if (status == VMK_OK && tpm->scratch->activate.result.size <= QUOTE_SECRET_MAX) {
		*out_bytes = tpm->scratch->activate.result.size;
		memcpy(out, tpm->scratch->activate.result.buffer, *out_bytes);
	}
	wipe(tpm->scratch, sizeof(*tpm->scratch));
	/* A session that was used without continueSession is gone already. */
	if (status != VMK_OK)
		tpm_forget(tpm, session);
	return status;
}

static enum vmk_status copy_out(
	struct tpm *tpm, const struct tpm_scratch *s, struct vmk_quote_reply *reply)
{
	size_t at = 0;

	if (s->quote.attest.size > sizeof(reply->attest))
		return fail(tpm, VMK_IO_ERROR, "its quote is too large");
	if (Tss2_MU_TPMT_SIGNATURE_Marshal(
		    &s->quote.signature, reply->signature, sizeof(reply->signature), &at) != 0)
		return fail(tpm, VMK_IO_ERROR, "its signature is too large");
	reply->attest_size = s->quote.attest.size;
	memcpy(reply->attest, s->quote.attest.attestationData, s->quote.attest.size);
	reply->signature_size = (uint32_t)at;
	return VMK_OK;
}

enum vmk_status quote_make(struct tpm *tpm, const struct tpm_key *ak,
	const struct vmk_quote_request *request, const uint8_t *qualifying, size_t bytes,
	struct vmk_quote_reply *reply)
{
	struct tpm_scratch *s = tpm_scratch_clear(tpm);
	TPMS_PCR_SELECTION *bank = &s->quote.pcrs.pcrSelections[0];
	TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_NULL};
	enum vmk_status status;

	memset(reply, 0, sizeof(*reply));
	if (bytes > sizeof(s->quote.qualifying.buffer))
		return VMK_BAD_PARAM;
	s->quote.qualifying.size = (UINT16)bytes;
	memcpy(s->quote.qualifying.buffer, qualifying, bytes);
	s->quote.pcrs.count = 1;
	bank->hash = TPM2_ALG_SHA256;
	bank->sizeofSelect = 3;
	for (unsigned i = 0; i < 3; i++)
		bank->pcrSelect[i] = (uint8_t)(request->pcr_mask >> (8 * i));
	s->quote.attest.size = TPM2B_ROOM(TPM2B_ATTEST);
	status = TPM_RUN(tpm,
		Tss2_Sys_Quote(tpm->sys, ak->handle, &s->auth, &s->quote.qualifying, &scheme,
			&s->quote.pcrs, &s->quote.attest, &s->quote.signature, &s->auth_response));
	return status == VMK_OK ? copy_out(tpm, s, reply) : status;
}
