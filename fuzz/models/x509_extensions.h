/* Extensions of certificates that a test or a fuzz target makes. For want of memory it ends. */
#ifndef FUZZ_MODELS_X509_EXTENSIONS_H
#define FUZZ_MODELS_X509_EXTENSIONS_H

#include <openssl/x509v3.h>
#include <stdlib.h>

/* Takes `extension`, which may be NULL: then it could not be made. */
static inline void x509_take_extension(X509 *certificate, X509_EXTENSION *extension)
{
	if (!extension || X509_add_ext(certificate, extension, -1) != 1)
		abort();
	X509_EXTENSION_free(extension);
}

/* `value` as in OpenSSL's configuration files (x509v3_config(5)). */
static inline void x509_add_extension(X509 *certificate, int nid, const char *value)
{
	x509_take_extension(certificate, X509V3_EXT_conf_nid(NULL, NULL, nid, value));
}

/* A critical one that nobody but TPM people knows. */
static inline void x509_add_unknown_critical(X509 *certificate)
{
	ASN1_OBJECT *oid = OBJ_txt2obj("2.23.133.2.99", 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();

	if (!oid || ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2) != 1)
		abort();
	x509_take_extension(certificate, X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value));
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(oid);
}

#endif
