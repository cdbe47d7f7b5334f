/*
 * The kernel's trust/signature.h and trust/hash.h over OpenSSL: vmksign runs the kernel's own
 * package reader, and a second implementation of the cryptography beneath it.
 */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "signing/crypto.h"
#include "trust/signature.h"
#include "trust/hash.h"

struct check {
	X509_STORE *store;
	STACK_OF(X509) * chain;
	CMS_ContentInfo *cms;
	BIO *content;
	struct signature_path *path;
};

static enum vmk_status refuse(const char **why, enum vmk_status status, const char *text)
{
	ERR_clear_error();
	if (why)
		*why = text;
	return status;
}

void hash_sha256(const void *data, size_t bytes, uint8_t digest[32])
{
	if (EVP_Digest(data, bytes, digest, NULL, EVP_sha256(), NULL) != 1)
		memset(digest, 0, 32);
}

void hash_sha256_both(
	const void *data, size_t part, size_t bytes, uint8_t of_part[32], uint8_t of_all[32])
{
	hash_sha256(data, part, of_part);
	hash_sha256(data, bytes, of_all);
}

/* One certificate; advances *at to its end. */
static X509 *parse_certificate(const uint8_t **at, const uint8_t *end)
{
	return d2i_X509(NULL, at, (long)(end - *at));
}

static bool load_roots(struct check *c, const uint8_t *roots, size_t bytes)
{
	const uint8_t *end = roots + bytes;
	unsigned count = 0;

	while (roots < end && count < SIGNATURE_ROOTS_MAX) {
		X509 *x = parse_certificate(&roots, end);
		bool added = x && X509_STORE_add_cert(c->store, x);

		X509_free(x);
		if (!added)
			return false;
		count++;
	}
	return roots == end && count > 0;
}

static enum vmk_status load(struct check *c, const uint8_t *cms, size_t cms_n,
	const struct signature_cert *certs, unsigned count, const uint8_t *roots, size_t roots_n,
	const char **why)
{
	const uint8_t *at;

	c->store = X509_STORE_new();
	c->chain = sk_X509_new_null();
	if (!c->store || !c->chain || !load_roots(c, roots, roots_n))
		return refuse(why, VMK_BAD_FORMAT, "the root certificates do not parse");
	for (unsigned i = 0; i < count; i++) {
		const uint8_t *end = certs[i].der + certs[i].bytes;
		X509 *x;

		at = certs[i].der;
		x = parse_certificate(&at, end);
		if (!x || at != end || !sk_X509_push(c->chain, x)) {
			X509_free(x);
			return refuse(why, VMK_BAD_FORMAT, "certificate does not parse");
		}
	}
	at = cms;
	c->cms = d2i_CMS_ContentInfo(NULL, &at, (long)cms_n);
	if (!c->cms || at != cms + cms_n)
		return refuse(why, VMK_BAD_FORMAT, "signature does not parse");
	return VMK_OK;
}

static enum vmk_status check_form(struct check *c, const char **why)
{
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(c->cms);
	STACK_OF(X509) *embedded = CMS_get1_certs(c->cms);
	bool has_certificates = embedded != NULL && sk_X509_num(embedded) > 0;

	sk_X509_pop_free(embedded, X509_free);
	if (OBJ_obj2nid(CMS_get0_type(c->cms)) != NID_pkcs7_signed || !CMS_is_detached(c->cms))
		return refuse(why, VMK_UNSUPPORTED, "not a detached SignedData");
	if (sk_CMS_SignerInfo_num(signers) != 1)
		return refuse(why, VMK_UNSUPPORTED, "not exactly one signer");
	if (has_certificates)
		return refuse(why, VMK_UNSUPPORTED, "certificates inside the signature");
	if (CMS_signed_get_attr_count(sk_CMS_SignerInfo_value(signers, 0)) > 0)
		return refuse(why, VMK_UNSUPPORTED, "signed attributes");
	return VMK_OK;
}

/* The level that a certificate names; LEVEL_COUNT unless it names exactly one. */
static enum acceptance_level named_level(const X509 *x)
{
	static const char *const policies[] = {
#define X(symbol, name, arc) [symbol] = LEVEL_POLICY_ARC "." #arc,
		ACCEPTANCE_LEVELS(X)
#undef X
	};
	CERTIFICATEPOLICIES *all = X509_get_ext_d2i(x, NID_certificate_policies, NULL, NULL);
	enum acceptance_level level = LEVEL_COUNT;
	unsigned found = 0;

	for (int i = 0; all && i < sk_POLICYINFO_num(all); i++) {
		char text[128];

		OBJ_obj2txt(text, sizeof(text), sk_POLICYINFO_value(all, i)->policyid, 1);
		for (unsigned j = 0; j < LEVEL_COUNT; j++)
			if (strcmp(text, policies[j]) == 0) {
				level = (enum acceptance_level)j;
				found++;
			}
	}
	CERTIFICATEPOLICIES_free(all);
	return found == 1 ? level : LEVEL_COUNT;
}

/* From the signer to the root. */
static enum vmk_status note_path(struct check *c, STACK_OF(X509) * path, const char **why)
{
	c->path->count = (unsigned)sk_X509_num(path);
	c->path->limit = LEVEL_COUNT;
	if (c->path->count > SIGNATURE_PATH_MAX)
		return refuse(why, VMK_UNKNOWN_SIGNER, "the signer's chain is too long");
	for (unsigned i = 0; i < c->path->count; i++) {
		X509 *x = sk_X509_value(path, (int)i);
		enum acceptance_level level = named_level(x);

		if (!crypto_key_digest(x, c->path->keys[i]))
			return refuse(why, VMK_BAD_FORMAT, "a certificate's key does not parse");
		if (i + 1 == c->path->count)
			return VMK_OK;
		if (level == LEVEL_COUNT)
			return refuse(why, VMK_UNKNOWN_SIGNER,
				"a certificate of the signer's chain does not name one acceptance "
				"level");
		if (level < c->path->limit)
			c->path->limit = level;
	}
	return refuse(why, VMK_UNKNOWN_SIGNER, "the signer's chain is empty");
}

/* The dates are left unchecked, as in the kernel: at boot no clock is trustworthy. */
static enum vmk_status check_chain(struct check *c, const char **why)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	enum vmk_status status = VMK_UNKNOWN_SIGNER;
	bool ok = context &&
		  X509_STORE_CTX_init(context, c->store, sk_X509_value(c->chain, 0), c->chain);

	if (ok) {
		X509_STORE_CTX_set_flags(
			context, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_X509_STRICT);
		ok = X509_verify_cert(context) == 1;
	}
	if (ok)
		status = note_path(c, X509_STORE_CTX_get0_chain(context), why);
	else
		refuse(why, status, "the signer's chain does not end at a root");
	X509_STORE_CTX_free(context);
	return status;
}

static bool is_code_signer(X509 *x)
{
	return X509_check_ca(x) == 0 && (X509_get_extension_flags(x) & EXFLAG_XKUSAGE) &&
	       X509_get_extended_key_usage(x) == XKU_CODE_SIGN &&
	       (X509_get_extension_flags(x) & EXFLAG_KUSAGE) &&
	       (X509_get_key_usage(x) & KU_DIGITAL_SIGNATURE);
}

static enum vmk_status run(struct check *c, const char **why)
{
	unsigned flags = CMS_BINARY | CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY;
	enum vmk_status status = check_form(c, why);

	if (status != VMK_OK)
		return status;
	status = check_chain(c, why);
	if (status != VMK_OK)
		return status;
	if (!is_code_signer(sk_X509_value(c->chain, 0)))
		return refuse(why, VMK_UNKNOWN_SIGNER, "the certificate is not for code signing");
	if (!c->content || CMS_verify(c->cms, c->chain, NULL, c->content, NULL, flags) != 1)
		return refuse(why, VMK_BAD_SIGNATURE, "the signature does not match");
	return VMK_OK;
}

enum vmk_status signature_verify(const struct signature_data *data, const uint8_t *cms,
	size_t cms_n, const struct signature_cert *certs, unsigned count, const uint8_t *roots,
	size_t roots_n, struct signature_path *path, const char **why)
{
	struct check c = {.path = path};
	enum vmk_status status;

	*path = (struct signature_path){0};
	if (count == 0 || cms_n == 0)
		return refuse(why, VMK_UNSIGNED, "there is no signature");
	status = load(&c, cms, cms_n, certs, count, roots, roots_n, why);
	c.content = BIO_new_mem_buf(data->bytes, (int)data->size);
	if (status == VMK_OK)
		status = run(&c, why);
	if (status == VMK_OK) {
		X509 *signer = sk_X509_value(c.chain, 0);

		X509_NAME_get_text_by_NID(X509_get_subject_name(signer), NID_commonName,
			path->signer, SIGNATURE_SIGNER_MAX);
		crypto_organization(signer, path->provider, SIGNATURE_PROVIDER_MAX);
	} else {
		*path = (struct signature_path){0};
	}
	BIO_free(c.content);
	CMS_ContentInfo_free(c.cms);
	sk_X509_pop_free(c.chain, X509_free);
	X509_STORE_free(c.store);
	return status;
}
