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

#include "trust/signature.h"
#include "trust/hash.h"

struct check {
	X509_STORE *store;
	STACK_OF(X509) * chain;
	CMS_ContentInfo *cms;
	BIO *content;
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

static X509 *parse_certificate(const uint8_t *der, size_t bytes)
{
	const uint8_t *at = der;
	X509 *x = d2i_X509(NULL, &at, (long)bytes);

	if (x && at == der + bytes)
		return x;
	X509_free(x);
	return NULL;
}

static enum vmk_status load(struct check *c, const uint8_t *cms, size_t cms_n,
	const struct signature_cert *certs, unsigned count, const uint8_t *root, size_t root_n,
	const char **why)
{
	const uint8_t *at = cms;
	X509 *x;

	c->store = X509_STORE_new();
	c->chain = sk_X509_new_null();
	x = parse_certificate(root, root_n);
	if (!x || !c->store || !c->chain || !X509_STORE_add_cert(c->store, x)) {
		X509_free(x);
		return refuse(why, VMK_BAD_FORMAT, "root certificate does not parse");
	}
	X509_free(x);
	for (unsigned i = 0; i < count; i++) {
		x = parse_certificate(certs[i].der, certs[i].bytes);
		if (!x || !sk_X509_push(c->chain, x)) {
			X509_free(x);
			return refuse(why, VMK_BAD_FORMAT, "certificate does not parse");
		}
	}
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

/* The dates are left unchecked, as in the kernel: at boot no clock is trustworthy. */
static bool chain_ends_at_root(struct check *c)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	bool ok = context &&
		  X509_STORE_CTX_init(context, c->store, sk_X509_value(c->chain, 0), c->chain);

	if (ok) {
		X509_STORE_CTX_set_flags(
			context, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_X509_STRICT);
		ok = X509_verify_cert(context) == 1;
	}
	X509_STORE_CTX_free(context);
	return ok;
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
	if (!chain_ends_at_root(c))
		return refuse(
			why, VMK_UNKNOWN_SIGNER, "the signer's chain does not end at the root");
	if (!is_code_signer(sk_X509_value(c->chain, 0)))
		return refuse(why, VMK_UNKNOWN_SIGNER, "the certificate is not for code signing");
	if (!c->content || CMS_verify(c->cms, c->chain, NULL, c->content, NULL, flags) != 1)
		return refuse(why, VMK_BAD_SIGNATURE, "the signature does not match");
	return VMK_OK;
}

enum vmk_status signature_verify(const uint8_t *data, size_t n, const uint8_t *cms, size_t cms_n,
	const struct signature_cert *certs, unsigned count, const uint8_t *root, size_t root_n,
	char signer[SIGNATURE_SIGNER_MAX], const char **why)
{
	struct check c = {0};
	enum vmk_status status;

	signer[0] = 0;
	if (count == 0 || cms_n == 0)
		return refuse(why, VMK_UNSIGNED, "there is no signature");
	status = load(&c, cms, cms_n, certs, count, root, root_n, why);
	c.content = BIO_new_mem_buf(data, (int)n);
	if (status == VMK_OK)
		status = run(&c, why);
	if (status == VMK_OK)
		X509_NAME_get_text_by_NID(X509_get_subject_name(sk_X509_value(c.chain, 0)),
			NID_commonName, signer, SIGNATURE_SIGNER_MAX);
	BIO_free(c.content);
	CMS_ContentInfo_free(c.cms);
	sk_X509_pop_free(c.chain, X509_free);
	X509_STORE_free(c.store);
	return status;
}
