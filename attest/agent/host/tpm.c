#include "agent/host/tpm.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

#define EK_CERT_NV_INDEX 0x01c00002 /* RSA-2048: TCG EK Credential Profile 2.2.1.4 */
#define NV_CHUNK         1024
#define PCR_COUNT        24

/* TCG EK Credential Profile B.3.3: the policy of template L-1, PolicySecret(endorsement). */
static const uint8_t ek_policy[32] = {0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90,
	0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2,
	0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};

static enum vmk_status check(TSS2_RC rc, const char *command)
{
	if (rc == TSS2_RC_SUCCESS)
		return VMK_OK;
	fprintf(stderr, "vmkagent-host: %s: TPM response 0x%x\n", command, rc);
	return VMK_TPM_ERROR;
}

static enum vmk_status create_primary(
	struct host_tpm *tpm, const TPM2B_PUBLIC *template, ESYS_TR *key, struct host_blob *public)
{
	TPM2B_SENSITIVE_CREATE sensitive = {0};
	TPM2B_DATA outside = {0};
	TPML_PCR_SELECTION creation_pcrs = {0};
	TPM2B_PUBLIC *out = NULL;
	enum vmk_status status;

	status = check(Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD,
			       ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, template, &outside,
			       &creation_pcrs, key, &out, NULL, NULL, NULL),
		"TPM2_CreatePrimary");
	if (status != VMK_OK)
		return status;
	public->size = 0;
	status = check(Tss2_MU_TPM2B_PUBLIC_Marshal(
			       out, public->data, sizeof(public->data), &public->size),
		"TPM2B_PUBLIC");
	Esys_Free(out);
	return status;
}

static enum vmk_status create_ek(struct host_tpm *tpm)
{
	TPM2B_PUBLIC template = {
		.publicArea =
			{
				.type = TPM2_ALG_RSA,
				.nameAlg = TPM2_ALG_SHA256,
				.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
						    TPMA_OBJECT_SENSITIVEDATAORIGIN |
						    TPMA_OBJECT_ADMINWITHPOLICY |
						    TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
				.authPolicy.size = sizeof(ek_policy),
				.parameters.rsaDetail =
					{
						.symmetric = {.algorithm = TPM2_ALG_AES,
							.keyBits.aes = 128,
							.mode.aes = TPM2_ALG_CFB},
						.scheme.scheme = TPM2_ALG_NULL,
						.keyBits = 2048,
					},
				.unique.rsa.size = 256,
			},
	};

	memcpy(template.publicArea.authPolicy.buffer, ek_policy, sizeof(ek_policy));
	return create_primary(tpm, &template, &tpm->ek, &tpm->ek_pub);
}

static enum vmk_status create_ak(struct host_tpm *tpm)
{
	const TPM2B_PUBLIC template = {
		.publicArea =
			{
				.type = TPM2_ALG_ECC,
				.nameAlg = TPM2_ALG_SHA256,
				.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
						    TPMA_OBJECT_SENSITIVEDATAORIGIN |
						    TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA |
						    TPMA_OBJECT_RESTRICTED |
						    TPMA_OBJECT_SIGN_ENCRYPT,
				.parameters.eccDetail =
					{
						.symmetric.algorithm = TPM2_ALG_NULL,
						.scheme = {.scheme = TPM2_ALG_ECDSA,
							.details.ecdsa.hashAlg = TPM2_ALG_SHA256},
						.curveID = TPM2_ECC_NIST_P256,
						.kdf.scheme = TPM2_ALG_NULL,
					},
			},
	};

	return create_primary(tpm, &template, &tpm->ak, &tpm->ak_pub);
}

/* A TPM without a certificate in NV is usable too: the log is empty then. */
static enum vmk_status read_ek_cert(struct host_tpm *tpm)
{
	TPM2B_NV_PUBLIC *public = NULL;
	TPM2B_MAX_NV_BUFFER *part;
	ESYS_TR nv;
	size_t size, at = 0;
	enum vmk_status status = VMK_OK;

	tpm->ek_cert.size = 0;
	if (Esys_TR_FromTPMPublic(
		    tpm->esys, EK_CERT_NV_INDEX, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nv))
		return VMK_OK;
	status = check(Esys_NV_ReadPublic(tpm->esys, nv, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
			       &public, NULL),
		"TPM2_NV_ReadPublic");
	if (status != VMK_OK)
		return status;
	size = public->nvPublic.dataSize;
	Esys_Free(public);
	if (size > HOST_BLOB_MAX)
		return VMK_TOO_LARGE;
	while (at < size && status == VMK_OK) {
		size_t n = size - at < NV_CHUNK ? size - at : NV_CHUNK;

		status = check(Esys_NV_Read(tpm->esys, nv, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE,
				       ESYS_TR_NONE, (uint16_t)n, (uint16_t)at, &part),
			"TPM2_NV_Read");
		if (status != VMK_OK)
			return status;
		memcpy(tpm->ek_cert.data + at, part->buffer, n);
		at += n;
		Esys_Free(part);
	}
	tpm->ek_cert.size = size;
	return status;
}

enum vmk_status host_tpm_open(struct host_tpm *tpm, const char *tcti)
{
	enum vmk_status status;
	TSS2_RC rc;

	memset(tpm, 0, sizeof(*tpm));
	status = check(Tss2_TctiLdr_Initialize(tcti, &tpm->tcti), tcti);
	if (status != VMK_OK)
		return status;
	status = check(Esys_Initialize(&tpm->esys, tpm->tcti, NULL), "Esys_Initialize");
	if (status != VMK_OK)
		return status;
	rc = Esys_Startup(tpm->esys, TPM2_SU_CLEAR);
	if (rc != TPM2_RC_INITIALIZE && check(rc, "TPM2_Startup") != VMK_OK)
		return VMK_TPM_ERROR;
	status = create_ek(tpm);
	if (status == VMK_OK)
		status = create_ak(tpm);
	return status == VMK_OK ? read_ek_cert(tpm) : status;
}

void host_tpm_close(struct host_tpm *tpm)
{
	if (tpm->ak)
		Esys_FlushContext(tpm->esys, tpm->ak);
	if (tpm->ek)
		Esys_FlushContext(tpm->esys, tpm->ek);
	if (tpm->esys)
		Esys_Finalize(&tpm->esys);
	if (tpm->tcti)
		Tss2_TctiLdr_Finalize(&tpm->tcti);
}

/* A policy session that satisfies the EK's policy: PolicySecret(endorsement). */
static enum vmk_status start_ek_session(struct host_tpm *tpm, ESYS_TR *session)
{
	const TPMT_SYM_DEF symmetric = {.algorithm = TPM2_ALG_NULL};
	enum vmk_status status;

	status = check(Esys_StartAuthSession(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
			       ESYS_TR_NONE, ESYS_TR_NONE, NULL, TPM2_SE_POLICY, &symmetric,
			       TPM2_ALG_SHA256, session),
		"TPM2_StartAuthSession");
	if (status != VMK_OK)
		return status;
	status = check(
		Esys_PolicySecret(tpm->esys, ESYS_TR_RH_ENDORSEMENT, *session, ESYS_TR_PASSWORD,
			ESYS_TR_NONE, ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL),
		"TPM2_PolicySecret");
	if (status != VMK_OK)
		Esys_FlushContext(tpm->esys, *session);
	return status;
}

static enum vmk_status activate(
	struct host_tpm *tpm, const struct vmk_quote_request *request, TPM2B_DIGEST **activated)
{
	TPM2B_ENCRYPTED_SECRET secret = {0};
	TPM2B_ID_OBJECT credential = {0};
	enum vmk_status status;
	size_t at = 0;
	ESYS_TR session;

	if (Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(
		    request->credential, request->credential_size, &at, &credential) ||
		at != request->credential_size)
		return VMK_BAD_FORMAT;
	at = 0;
	if (Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(
		    request->secret, request->secret_size, &at, &secret) ||
		at != request->secret_size)
		return VMK_BAD_FORMAT;
	status = start_ek_session(tpm, &session);
	if (status != VMK_OK)
		return status;
	status = check(Esys_ActivateCredential(tpm->esys, tpm->ak, tpm->ek, ESYS_TR_PASSWORD,
			       session, ESYS_TR_NONE, &credential, &secret, activated),
		"TPM2_ActivateCredential");
	Esys_FlushContext(tpm->esys, session); /* ESAPI sessions continue by default */
	return status;
}

static enum vmk_status labelled_hash(TPM2B_DATA *out, const char *label, const void *middle,
	size_t middle_size, const struct vmk_quote_request *request)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	unsigned size = 0;
	bool ok = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) &&
		  EVP_DigestUpdate(hash, label, strlen(label)) &&
		  EVP_DigestUpdate(hash, middle, middle_size) &&
		  EVP_DigestUpdate(hash, request->nonce, request->nonce_size) &&
		  EVP_DigestFinal_ex(hash, out->buffer, &size);

	EVP_MD_CTX_free(hash);
	out->size = (uint16_t)size;
	return ok ? VMK_OK : VMK_INTERNAL;
}

/* attest/PROTOCOL.md, "Qualifying data". */
static enum vmk_status qualify(
	struct host_tpm *tpm, const struct vmk_quote_request *request, TPM2B_DATA *out)
{
	TPM2B_DIGEST *activated = NULL;
	enum vmk_status status;

	switch (request->qd_version) {
	case 0:
		out->size = (uint16_t)request->nonce_size;
		memcpy(out->buffer, request->nonce, request->nonce_size);
		return VMK_OK;
	case 1:
		return labelled_hash(out, "merlon-qd-1", request->channel_key,
			sizeof(request->channel_key), request);
	case 2:
		status = activate(tpm, request, &activated);
		if (status != VMK_OK)
			return status;
		status = labelled_hash(
			out, "merlon-qd-2", activated->buffer, activated->size, request);
		Esys_Free(activated);
		return status;
	default:
		return VMK_UNSUPPORTED;
	}
}

enum vmk_status host_tpm_quote(struct host_tpm *tpm, const struct vmk_quote_request *request,
	struct vmk_quote_reply *reply)
{
	const TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_NULL};
	TPML_PCR_SELECTION selection = {
		.count = 1,
		.pcrSelections[0] = {.hash = TPM2_ALG_SHA256,
			.sizeofSelect = 3,
			.pcrSelect = {request->pcr_mask & 0xff, request->pcr_mask >> 8 & 0xff,
				request->pcr_mask >> 16 & 0xff}},
	};
	TPM2B_DATA qualifying = {0};
	TPM2B_ATTEST *attest = NULL;
	TPMT_SIGNATURE *signature = NULL;
	size_t size = 0;
	enum vmk_status status = qualify(tpm, request, &qualifying);

	if (status != VMK_OK)
		return status;
	status = check(Esys_Quote(tpm->esys, tpm->ak, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
			       &qualifying, &scheme, &selection, &attest, &signature),
		"TPM2_Quote");
	if (status != VMK_OK)
		return status;
	if (attest->size > sizeof(reply->attest))
		status = VMK_TOO_LARGE;
	else
		status = check(Tss2_MU_TPMT_SIGNATURE_Marshal(signature, reply->signature,
				       sizeof(reply->signature), &size),
			"TPMT_SIGNATURE");
	if (status == VMK_OK) {
		memcpy(reply->attest, attest->attestationData, attest->size);
		reply->attest_size = attest->size;
		reply->signature_size = (uint32_t)size;
	}
	Esys_Free(attest);
	Esys_Free(signature);
	return status;
}

/* A TPM reads at most eight PCRs at a time. */
static enum vmk_status read_eight(struct host_tpm *tpm, unsigned group, uint8_t values[8 * 32])
{
	TPML_PCR_SELECTION selection = {
		.count = 1,
		.pcrSelections[0] = {.hash = TPM2_ALG_SHA256, .sizeofSelect = 3},
	};
	TPML_DIGEST *digests = NULL;
	enum vmk_status status;

	selection.pcrSelections[0].pcrSelect[group] = 0xff;
	status = check(Esys_PCR_Read(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
			       &selection, NULL, NULL, &digests),
		"TPM2_PCR_Read");
	if (status != VMK_OK)
		return status;
	for (unsigned i = 0; i < 8; i++) {
		if (digests->count != 8 || digests->digests[i].size != 32)
			status = VMK_IO_ERROR;
		else
			memcpy(values + 32 * i, digests->digests[i].buffer, 32);
	}
	Esys_Free(digests);
	return status;
}

enum vmk_status host_tpm_pcrs(struct host_tpm *tpm, struct host_blob *values)
{
	enum vmk_status status = VMK_OK;

	for (unsigned group = 0; group < PCR_COUNT / 8 && status == VMK_OK; group++)
		status = read_eight(tpm, group, values->data + group * 8 * 32);
	values->size = status == VMK_OK ? PCR_COUNT * 32 : 0;
	return status;
}
