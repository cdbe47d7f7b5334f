#include "trust/tpm_key.h"

#include "lib/reader.h"
#include "trust/hash.h"
#include "trust/tpm_run.h"

#include <string.h>
#include <tss2/tss2_mu.h>

/* What makes the two keys different. */
struct kind {
	uint32_t handle;
	void (*template)(TPMT_PUBLIC *public);
	bool replace; /* a foreign key at the handle is removed */
};

static void ak_template(TPMT_PUBLIC *public)
{
	TPMS_ECC_PARMS *ecc = &public->parameters.eccDetail;

	public->type = TPM2_ALG_ECC;
	public->nameAlg = TPM2_ALG_SHA256;
	/*
	 * noDA: a TPM counts each power cut after the use of a protected key as a failed
	 * authorization (TPM 2.0 part 1, 19.8.6), and would lock this one after a few.
	 */
	public->objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
				   TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
				   TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |
				   TPMA_OBJECT_SIGN_ENCRYPT;
	ecc->symmetric.algorithm = TPM2_ALG_NULL;
	ecc->scheme.scheme = TPM2_ALG_ECDSA;
	ecc->scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
	ecc->curveID = TPM2_ECC_NIST_P256;
	ecc->kdf.scheme = TPM2_ALG_NULL;
}

/* TCG EK Credential Profile 2.4, table 2: PolicySecret(TPM_RH_ENDORSEMENT). */
static const uint8_t ek_policy[32] = {0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90,
	0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2,
	0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};

static void ek_template(TPMT_PUBLIC *public)
{
	TPMS_RSA_PARMS *rsa = &public->parameters.rsaDetail;

	public->type = TPM2_ALG_RSA;
	public->nameAlg = TPM2_ALG_SHA256;
	public->objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
				   TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_ADMINWITHPOLICY |
				   TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
	public->authPolicy.size = sizeof(ek_policy);
	memcpy(public->authPolicy.buffer, ek_policy, sizeof(ek_policy));
	rsa->symmetric.algorithm = TPM2_ALG_AES;
	rsa->symmetric.keyBits.aes = 128;
	rsa->symmetric.mode.aes = TPM2_ALG_CFB;
	rsa->scheme.scheme = TPM2_ALG_NULL;
	rsa->keyBits = 2048;
	/* The unique field is 256 zero bytes: another value would derive another key. */
	public->unique.rsa.size = 256;
}

static const struct kind ak_kind = {TPM_AK_HANDLE, ak_template, true};
static const struct kind ek_kind = {TPM_EK_HANDLE, ek_template, false};

static enum vmk_status fail(struct tpm *tpm, enum vmk_status status, const char *why)
{
	tpm->why = why;
	return status;
}

/* Our template in every field but the key itself? */
static bool matches(const TPMT_PUBLIC *public, const struct kind *kind, TPMT_PUBLIC *template)
{
	uint8_t wanted[TPM_PUBLIC_MAX], found[TPM_PUBLIC_MAX];
	size_t wanted_bytes = 0, found_bytes = 0;

	memset(template, 0, sizeof(*template));
	kind->template(template);
	template->unique = public->unique;
	return Tss2_MU_TPMT_PUBLIC_Marshal(template, wanted, sizeof(wanted), &wanted_bytes) == 0 &&
	       Tss2_MU_TPMT_PUBLIC_Marshal(public, found, sizeof(found), &found_bytes) == 0 &&
	       found_bytes == wanted_bytes && memcmp(found, wanted, found_bytes) == 0;
}

/* TPM 2.0 part 1 section 16: QN = nameAlg || H(QN of the parent || name); a hierarchy's is its
 * handle. */
static bool in_endorsement_hierarchy(const TPM2B_NAME *name, const TPM2B_NAME *qualified)
{
	uint8_t joined[4 + TPM_NAME_BYTES] = {0x40, 0x00, 0x00, 0x0b}, digest[SHA256_BYTES];

	if (name->size != TPM_NAME_BYTES || qualified->size != TPM_NAME_BYTES)
		return false;
	memcpy(joined + 4, name->name, TPM_NAME_BYTES);
	hash_sha256(joined, sizeof(joined), digest);
	return memcmp(qualified->name + 2, digest, sizeof(digest)) == 0;
}

/* Fills *key from the object at `handle`; VMK_NOT_FOUND, or VMK_EXISTS for one that is not ours. */
static enum vmk_status read_key(
	struct tpm *tpm, uint32_t handle, const struct kind *kind, struct tpm_key *key)
{
	struct tpm_scratch *s = tpm_scratch_clear(tpm);
	enum vmk_status status;

	s->key.name.size = s->key.qualified.size = TPM2B_ROOM(TPM2B_NAME);
	status = TPM_RUN(tpm, Tss2_Sys_ReadPublic(tpm->sys, handle, NULL, &s->key.public,
				      &s->key.name, &s->key.qualified, NULL));
	if (status == VMK_TPM_ERROR)
		return VMK_NOT_FOUND;
	if (status != VMK_OK)
		return status;
	if (!matches(&s->key.public.publicArea, kind, &s->key.template.publicArea))
		return fail(
			tpm, VMK_EXISTS, "made anew: the key at its handle had other properties");
	if (!in_endorsement_hierarchy(&s->key.name, &s->key.qualified))
		return fail(tpm, VMK_EXISTS,
			"made anew: the key at its handle was of another hierarchy");
	key->public_bytes = 0;
	if (Tss2_MU_TPM2B_PUBLIC_Marshal(
		    &s->key.public, key->public, sizeof(key->public), &key->public_bytes) != 0)
		return fail(tpm, VMK_IO_ERROR, "its key is too large");
	memcpy(key->name, s->key.name.name, TPM_NAME_BYTES);
	key->handle = handle;
	return VMK_OK;
}

static enum vmk_status create(struct tpm *tpm, const struct kind *kind, uint32_t *handle)
{
	struct tpm_scratch *s = tpm_scratch_clear(tpm);
	enum vmk_status status;

	kind->template(&s->key.template.publicArea);
	s->key.hash.size = TPM2B_ROOM(TPM2B_DIGEST);
	s->key.name.size = TPM2B_ROOM(TPM2B_NAME);
	status = TPM_RUN(
		tpm, Tss2_Sys_CreatePrimary(tpm->sys, TPM2_RH_ENDORSEMENT, &s->auth,
			     &s->key.sensitive, &s->key.template, &s->key.outside, &s->key.pcrs,
			     handle, &s->key.public, &s->key.creation, &s->key.hash, &s->key.ticket,
			     &s->key.name, &s->auth_response));
	if (status == VMK_OK && *handle >> TPM2_HR_SHIFT != TPM2_HT_TRANSIENT)
		return fail(tpm, VMK_IO_ERROR, "the handle of its new key is none of a key");
	return status;
}

/* Makes a transient object persistent, or removes a persistent one (object == persistent). */
static enum vmk_status evict(struct tpm *tpm, uint32_t object, uint32_t persistent)
{
	struct tpm_scratch *s = tpm_scratch_clear(tpm);

	return TPM_RUN(tpm, Tss2_Sys_EvictControl(tpm->sys, TPM2_RH_OWNER, object, &s->auth,
				    persistent, &s->auth_response));
}

static enum vmk_status make_key(struct tpm *tpm, const struct kind *kind, struct tpm_key *key,
	bool keep, const char *origin)
{
	uint32_t transient = 0;
	enum vmk_status status = create(tpm, kind, &transient);

	if (status != VMK_OK)
		return status;
	key->origin = origin;
	if (keep && evict(tpm, transient, kind->handle) == VMK_OK) {
		tpm_forget(tpm, transient);
		return read_key(tpm, kind->handle, kind, key);
	}
	key->transient = true;
	if (keep)
		key->origin = "made anew for this boot: the TPM would not keep it";
	status = read_key(tpm, transient, kind, key);
	if (status != VMK_OK)
		tpm_forget(tpm, transient);
	return status;
}

static enum vmk_status open_key(struct tpm *tpm, const struct kind *kind, struct tpm_key *key)
{
	const char *why;
	enum vmk_status status;

	memset(key, 0, sizeof(*key));
	key->origin = "found in the TPM";
	status = read_key(tpm, kind->handle, kind, key);
	if (status == VMK_NOT_FOUND)
		return make_key(tpm, kind, key, true, "made: the TPM had none");
	if (status != VMK_EXISTS)
		return status;
	why = tpm->why;
	if (!kind->replace)
		return make_key(
			tpm, kind, key, false, "made for this boot: another key is in its place");
	status = evict(tpm, kind->handle, kind->handle);
	return make_key(tpm, kind, key, status == VMK_OK, why);
}

enum vmk_status tpm_ak_open(struct tpm *tpm, struct tpm_key *key)
{
	return open_key(tpm, &ak_kind, key);
}

enum vmk_status tpm_ek_open(struct tpm *tpm, struct tpm_key *key)
{
	return open_key(tpm, &ek_kind, key);
}

void tpm_key_close(struct tpm *tpm, struct tpm_key *key)
{
	if (key->handle && key->transient)
		tpm_forget(tpm, key->handle);
	memset(key, 0, sizeof(*key));
}

enum vmk_status tpm_ek_certificate_find(
	const uint8_t *nv, size_t bytes, size_t *offset, size_t *length)
{
	struct reader r = reader_of(nv, bytes);
	uint64_t body;

	/* TCG PC Client Specific Implementation 1.21, 7.3.2: 10 01, type, 2 bytes length, 10 02. */
	if (bytes >= 7 && nv[0] == 0x10 && nv[1] == 0x01 && nv[5] == 0x10 && nv[6] == 0x02)
		reader_skip(&r, 7);
	*offset = r.at;
	/* A certificate is a SEQUENCE of 256 to 65535 bytes: X.690 section 8.1.3.5. */
	if (reader_u8(&r) != 0x30 || reader_u8(&r) != 0x82)
		return VMK_BAD_FORMAT;
	body = reader_be16(&r);
	if (!reader_skip(&r, body) || body == 0)
		return VMK_BAD_FORMAT;
	*length = (size_t)body + 4;
	return VMK_OK;
}

enum vmk_status tpm_ek_certificate(struct tpm *tpm, uint8_t *to, size_t room, size_t *got)
{
	size_t offset = 0, length = 0;
	enum vmk_status status = tpm_nv_read(tpm, TPM_EK_CERT_INDEX, to, room, got);

	if (status != VMK_OK)
		return status;
	status = tpm_ek_certificate_find(to, *got, &offset, &length);
	if (status != VMK_OK) {
		*got = 0;
		return fail(tpm, status, "its EK certificate is not DER");
	}
	memmove(to, to + offset, length);
	*got = length;
	return VMK_OK;
}
