#include "signing/crypto.h"
#include "signing/token.h"
#include "trust/hash.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_FILE_MAX (64u << 10)

bool crypto_report(const char *what)
{
	unsigned long error = ERR_get_error();
	const char *reason = error ? ERR_reason_error_string(error) : NULL;

	fprintf(stderr, "vmksign: %s: %s\n", what, reason ? reason : "failed");
	ERR_clear_error();
	return false;
}

EVP_PKEY *crypto_read_key(const char *path)
{
	struct bytes file;
	EVP_PKEY *key;
	BIO *bio;

	if (token_is(path))
		return token_read_key(path);
	if (!file_read(path, KEY_FILE_MAX, &file))
		return NULL;
	bio = BIO_new_mem_buf(file.data, (int)file.size);
	key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	if (!key)
		crypto_report(path);
	BIO_free(bio);
	OPENSSL_cleanse(file.data, file.size);
	bytes_free(&file);
	return key;
}

X509 *crypto_read_certificate(const char *path)
{
	struct bytes file;
	X509 *certificate;
	BIO *bio;

	if (!file_read(path, KEY_FILE_MAX, &file))
		return NULL;
	bio = BIO_new_mem_buf(file.data, (int)file.size);
	if (bio && file.size > 0 && file.data[0] == 0x30)
		certificate = d2i_X509_bio(bio, NULL);
	else
		certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	if (!certificate)
		crypto_report(path);
	BIO_free(bio);
	bytes_free(&file);
	return certificate;
}

/* What OpenSSL has encoded, whose memory need not be the one that free() knows. */
static bool take(uint8_t *encoded, int size, struct bytes *der)
{
	if (size > 0)
		der->data = malloc((size_t)size);
	if (der->data) {
		memcpy(der->data, encoded, (size_t)size);
		der->size = (size_t)size;
	}
	OPENSSL_free(encoded);
	return der->data != NULL;
}

bool crypto_certificate_der(X509 *certificate, struct bytes *der)
{
	uint8_t *encoded = NULL;
	int size;

	*der = (struct bytes){0};
	size = i2d_X509(certificate, &encoded);
	return take(encoded, size, der) || crypto_report("certificate");
}

bool crypto_key_digest(X509 *x, uint8_t digest[32])
{
	uint8_t *der = NULL;
	int bytes = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);

	if (bytes > 0)
		hash_sha256(der, (size_t)bytes, digest);
	OPENSSL_free(der);
	return bytes > 0;
}

bool crypto_add_root(const char *path, struct bytes *roots)
{
	X509 *certificate = crypto_read_certificate(path);
	struct bytes der = {0};
	uint8_t *more = NULL;

	if (certificate && crypto_certificate_der(certificate, &der))
		more = realloc(roots->data, roots->size + der.size);
	if (more) {
		memcpy(more + roots->size, der.data, der.size);
		roots->data = more;
		roots->size += der.size;
	}
	X509_free(certificate);
	bytes_free(&der);
	return more != NULL;
}

const EVP_MD *crypto_digest(EVP_PKEY *key)
{
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_bits(key) > 256
		       ? EVP_sha384()
		       : EVP_sha256();
}

bool crypto_cms_sign(
	EVP_PKEY *key, X509 *certificate, const void *data, size_t size, struct bytes *der)
{
	unsigned flags = CMS_BINARY | CMS_DETACHED | CMS_NOATTR | CMS_NOCERTS | CMS_PARTIAL;
	CMS_ContentInfo *cms = NULL;
	BIO *content = NULL;
	uint8_t *encoded = NULL;
	int length = -1;

	*der = (struct bytes){0};
	content = BIO_new_mem_buf(data, (int)size);
	cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
	if (content && cms && CMS_add1_signer(cms, certificate, key, crypto_digest(key), flags) &&
		CMS_final(cms, content, NULL, flags))
		length = i2d_CMS_ContentInfo(cms, &encoded);
	CMS_ContentInfo_free(cms);
	BIO_free(content);
	return take(encoded, length, der) || crypto_report("signing");
}

void crypto_organization(X509 *certificate, char *to, size_t size)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	const int at = X509_NAME_get_index_by_NID(subject, NID_organizationName, -1);
	const ASN1_STRING *value;
	const unsigned char *text;
	int length;

	to[0] = 0;
	if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_organizationName, at) >= 0)
		return;
	value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
	text = ASN1_STRING_get0_data(value);
	length = ASN1_STRING_length(value);
	if (length < 0 || (size_t)length >= size)
		return;
	for (int i = 0; i < length; i++) {
		if (text[i] < ' ' || text[i] > '~')
			return;
	}
	memcpy(to, text, (size_t)length);
	to[length] = 0;
}
